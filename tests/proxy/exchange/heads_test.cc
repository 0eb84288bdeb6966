// SPDX-License-Identifier: Apache-2.0
// What a location changes in heads on their way, over HTTP/1.1 and HTTP/2 alike: paths, redirects,
// header fields, and the proxy's own answers.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/proxy/downstream/http2_site.h"

namespace understudy::test {
namespace {

using Action = http::FieldEdit::Action;

struct Answer {
  std::string status;
  std::string head;  // lines "name: value", names in lower case
  std::string body;
  std::string seen;  // by the member; empty: it was not asked
};

std::string lower_names(std::string_view head) {
  std::string out(head);
  bool in_name = true;
  for (char& c : out) {
    if (c == ':') in_name = false;
    if (c == '\n') in_name = true;
    if (in_name && c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return out;
}

Answer over_http1(const TestProxy::Options& options, std::string_view target,
                  const std::string& response, const std::string& lines) {
  TestProxy proxy(options);
  Answer answer;
  proxy.member().answer = [&](std::string_view request) {
    answer.seen = request;
    return response;
  };
  Peer& client = proxy.connect();
  client.send("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n");
  EXPECT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  const std::string text = client.take();
  const std::size_t end = text.find("\r\n\r\n");
  const std::size_t first = text.find("\r\n") + 2;
  answer.status = text.substr(9, 3);
  answer.head = lower_names(text.substr(first, end + 2 - first));
  answer.body = text.substr(end + 4);
  return answer;
}

Answer over_http2(const TestProxy::Options& options, std::string_view target,
                  const std::string& response, const std::string& lines) {
  Http2Site site(options);
  Answer answer;
  site.member().answer = [&](std::string_view request) {
    answer.seen = request;
    return response;
  };
  Fields more;
  for (std::size_t at = 0; at < lines.size(); at = lines.find('\n', at) + 1) {
    const std::string line = lines.substr(at, lines.find('\r', at) - at);
    more.emplace_back(lower_names(line.substr(0, line.find(':'))), line.substr(line.find(':') + 2));
  }
  site.send(headers(1, get(target, more)));
  EXPECT_TRUE(site.run_until_ended(1));
  answer.status = site.response(1).status;
  for (const auto& [name, value] : site.response(1).fields) {
    answer.head.append(name).append(": ").append(value).append("\r\n");
  }
  answer.body = site.response(1).body;
  return answer;
}

class Heads : public testing::TestWithParam<bool> {
 protected:
  Answer ask(std::string_view target, const std::string& response = ok("x"),
             const std::string& lines = "") {
    return GetParam() ? over_http2(options, target, response, lines)
                      : over_http1(options, target, response, lines);
  }
  // The target that the member was asked for.
  std::string asked(std::string_view target) {
    const std::string seen = ask(target).seen;
    const std::size_t begin = seen.find(' ') + 1;
    return seen.substr(begin, seen.find(' ', begin) - begin);
  }
  void adjust(const std::function<void(config::Location&)>& change) {
    options.adjust = [change](config::VirtualHost&, config::Location& location) {
      change(location);
    };
  }

  TestProxy::Options options;
};

INSTANTIATE_TEST_SUITE_P(Protocols, Heads, testing::Bool(), [](const auto& info) {
  return info.param ? std::string("Http2") : std::string("Http1");
});

http::FieldEdit edit(Action action, std::string name, std::string value = {}) {
  http::FieldEdit out{.action = action, .name = std::move(name)};
  out.id = http::field_id(out.name);
  out.value = {{.text = std::move(value)}};
  return out;
}

bool has(const std::string& head, std::string_view line) {
  return head.find(std::string(line) + "\r\n") != std::string::npos;
}

TEST_P(Heads, WhatIsTrimmedIsComparedAsItWasMatchedAndTheRestGoesAsItCame) {
  adjust([](config::Location& location) {
    location.paths = {.trim = "/weblogic", .default_file = "welcome.html", .prepend = "/app"};
  });
  const struct {
    std::string_view target, forwarded;
  } kCases[] = {
      {"/weblogic/x?q=/weblogic", "/app/x?q=/weblogic"},
      {"/%77eblogic/%78", "/app/%78"},
      {"/a/../weblogic/x", "/app/x"},
      {"//weblogic//x", "/app//x"},
      {"/weblogic", "/app/welcome.html"},
      {"/weblogic/?a=b", "/app/welcome.html?a=b"},
      {"/other", "/app/other"},
      {"/", "/app/welcome.html"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.target);
    EXPECT_EQ(asked(test.target), test.forwarded);
  }
}

TEST_P(Heads, MembersGetThePathAsItWasSent) {
  for (const std::string_view target :
       {"/a%2Bb%26c%3Dd?q=%2F", "/@scope%2fname", "/img/https://x/y", "/%41%7e", "/a;b=c/d"}) {
    SCOPED_TRACE(target);
    EXPECT_EQ(asked(target), target);
  }
  EXPECT_EQ(asked("/a/../b%2Bc"), "/b%2Bc");
  EXPECT_EQ(ask("/a%2f..%2fb").status, "404");
  adjust([](config::Location& location) { location.paths.as_sent = false; });
  EXPECT_EQ(asked("/%41%2Bb//c"), "/A+b/c");
}

TEST_P(Heads, ClientsSeeWhatBecameOfTheirSessionOnlyWithSessionFlags) {
  const std::string response =
      "HTTP/1.1 200 OK\r\nUnderstudy-Session: solo\r\nContent-Length: 0\r\n\r\n";
  EXPECT_FALSE(has(ask("/", response).head, "understudy-session: solo"));
  adjust([](config::Location& location) { location.forwarding.session_flags = true; });
  EXPECT_TRUE(has(ask("/", response).head, "understudy-session: solo"));
}

// RFC 9110 7.6.2.
TEST(MaxForwards, AnOptionsThatMayPassNoProxyIsAnsweredHere) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  client.send("OPTIONS /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_TRUE(client.received().starts_with("HTTP/1.1 200 ")) << client.received();
  EXPECT_NE(client.received().find("\r\nAllow: "), std::string::npos);
  EXPECT_EQ(proxy.member().accepted(), 0u);
}

TEST_P(Heads, WhatIsExcludedOrNotProxiedIs404AndNobodyIsAsked) {
  adjust([](config::Location& location) { location.excluded = {"*.gif", "/private/*"}; });
  for (const char* target : {"/a.gif", "/%61.gi%66", "/private/x", "/private;a=b/x"}) {
    SCOPED_TRACE(target);
    const Answer answer = ask(target);
    EXPECT_EQ(answer.status, "404");
    EXPECT_EQ(answer.seen, "");
  }
  EXPECT_EQ(ask("/a.jpg").status, "200");
  adjust([](config::Location& location) { location.is_proxied = false; });
  EXPECT_EQ(ask("/").status, "404");
}

TEST_P(Heads, RedirectsLeadBackThroughTheProxy) {
  adjust([](config::Location& location) {
    location.reverse = {{.client_path = "/shop", .authority = "app:7001", .path = "/app"},
                        {.client_path = "", .authority = "", .path = "/root", .is_bare = true}};
  });
  const struct {
    std::string_view from, to;
  } kCases[] = {
      {"http://app:7001/app/x?y#z", "http://a/shop/x?y#z"},
      {"HTTP://APP:7001/app", "http://a/shop"},
      {"http://a/app/x", "http://a/shop/x"},
      {"http://a:80/app/x", "http://a/shop/x"},
      {"https://a/app/x", "http://a/shop/x"},
      {"/app/x", "/app/x"},
      {"/root", "/"},
      {"/root/x", "/x"},
      {"/apple", "/apple"},
      {"/other", "/other"},
      {"http://app:7002/app/x", "http://app:7002/app/x"},
      {"http://elsewhere/app/x", "http://elsewhere/app/x"},
      {"//elsewhere/app", "//elsewhere/app"},
      {"app/x", "app/x"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.from);
    const Answer answer =
        ask("/", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + std::string(test.from) +
                     "\r\n\r\n");
    EXPECT_TRUE(has(answer.head, "location: " + std::string(test.to))) << answer.head;
    EXPECT_EQ(count_of(answer.head, "location: "), 1u);
  }
}

TEST_P(Heads, RequestEditsReachTheMember) {
  options.adjust = [](config::VirtualHost& host, config::Location& location) {
    host.edits.request = {edit(Action::kSet, "X-Forwarded-Proto", "https"),
                          edit(Action::kUnset, "Proxy"), edit(Action::kSet, "X-Order", "host")};
    location.edits.request = {edit(Action::kAppend, "X-Order", "location"),
                              edit(Action::kAdd, "X-Given", "two")};
  };
  const std::string seen =
      lower_names(ask("/", ok("x"), "Proxy: http://evil\r\nX-Given: one\r\n").seen);
  EXPECT_TRUE(has(seen, "x-forwarded-proto: https")) << seen;
  EXPECT_EQ(count_of(seen, "x-forwarded-proto"), 1u);
  EXPECT_EQ(seen.find("proxy: "), std::string::npos);
  EXPECT_TRUE(has(seen, "x-order: host, location"));
  EXPECT_TRUE(has(seen, "x-given: one"));
  EXPECT_TRUE(has(seen, "x-given: two"));
  EXPECT_EQ(message_bytes(seen), seen.size());
}

TEST_P(Heads, ResponseEditsReachTheClientAndOnlyAlwaysOnesOurOwnPages) {
  options.adjust = [](config::VirtualHost& host, config::Location& location) {
    auto always = edit(Action::kSet, "Strict-Transport-Security", "max-age=9");
    always.always = true;
    host.edits.response = {always, edit(Action::kUnset, "Server")};
    location.edits.response = {edit(Action::kSet, "X-Ours", "v")};
    location.excluded = {"/no"};
  };
  const Answer answer =
      ask("/", ok("hello", "Server: old/1.0\r\nX-Ours: theirs\r\nSet-Cookie: a=b\r\n"));
  EXPECT_TRUE(has(answer.head, "strict-transport-security: max-age=9")) << answer.head;
  EXPECT_TRUE(has(answer.head, "x-ours: v"));
  EXPECT_EQ(count_of(answer.head, "x-ours"), 1u);
  EXPECT_EQ(answer.head.find("server: "), std::string::npos);
  EXPECT_TRUE(has(answer.head, "set-cookie: a=b"));
  EXPECT_EQ(answer.body, "hello");

  const Answer page = ask("/no");
  EXPECT_EQ(page.status, "404");
  EXPECT_TRUE(has(page.head, "strict-transport-security: max-age=9")) << page.head;
  EXPECT_EQ(page.head.find("x-ours"), std::string::npos);
}

std::shared_ptr<const http::TrustedHops> trusting(std::string_view network) {
  http::TrustedHops hops;
  hops.internal = {*AddressRange::parse(network)};
  return std::make_shared<const http::TrustedHops>(std::move(hops));
}

// Clients of TestProxy come from 192.0.2.7.
TEST_P(Heads, OnlyATrustedPeersWordAboutTheClientIsBelieved) {
  const std::string lines =
      "X-Forwarded-For: evil, 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Request-Id: theirs\r\n";
  options.dialect = Dialect::kWeblogic;
  std::string network = "10.0.0.0/8";
  options.adjust = [&network](config::VirtualHost& host, config::Location& location) {
    host.trusted_hops = trusting(network);
    location.forwarding.request_id_header = "X-Request-Id";
  };
  const std::string doubted = lower_names(ask("/", ok("x"), lines).seen);
  EXPECT_TRUE(has(doubted, "x-forwarded-for: 192.0.2.7")) << doubted;
  EXPECT_TRUE(has(doubted, "x-forwarded-proto: http"));
  EXPECT_TRUE(has(doubted, "wl-proxy-client-ip: 192.0.2.7"));
  EXPECT_TRUE(has(doubted, "wl-proxy-ssl: false"));
  EXPECT_EQ(doubted.find("theirs"), std::string::npos);
  EXPECT_EQ(count_of(doubted, "x-request-id: "), 1u);

  network = "192.0.2.7";
  const std::string believed = lower_names(ask("/", ok("x"), lines).seen);
  EXPECT_TRUE(has(believed, "x-forwarded-for: 203.0.113.9, 192.0.2.7")) << believed;
  EXPECT_TRUE(has(believed, "x-forwarded-proto: https"));
  EXPECT_TRUE(has(believed, "wl-proxy-client-ip: 203.0.113.9"));
  EXPECT_TRUE(has(believed, "proxy-client-ip: 203.0.113.9"));
  EXPECT_TRUE(has(believed, "wl-proxy-ssl: true"));
  EXPECT_TRUE(has(believed, "x-request-id: theirs"));
  EXPECT_EQ(count_of(believed, "x-request-id: "), 1u);
}

TEST_P(Heads, ThePlugInsLinesPassThroughFromATrustedPeerOnly) {
  const std::string lines =
      "WL-Proxy-SSL: true\r\nWL-Proxy-Client-IP: 203.0.113.9\r\nWL-Proxy-Client-Cert: Y2VydA==\r\n";
  options.dialect = Dialect::kWeblogic;
  std::string network = "192.0.2.7";
  bool passes = true;
  options.adjust = [&](config::VirtualHost& host, config::Location& location) {
    host.trusted_hops = trusting(network);
    location.forwarding.passes_tls = location.forwarding.passes_client = passes;
  };
  const std::string passed = lower_names(ask("/", ok("x"), lines).seen);
  EXPECT_TRUE(has(passed, "wl-proxy-ssl: true")) << passed;
  EXPECT_TRUE(has(passed, "wl-proxy-client-ip: 203.0.113.9"));
  EXPECT_TRUE(has(passed, "wl-proxy-client-cert: Y2VydA=="));
  EXPECT_EQ(count_of(passed, "wl-proxy-ssl"), 1u);

  for (const bool by_network : {true, false}) {
    network = by_network ? "10.0.0.0/8" : "192.0.2.7";
    passes = by_network;
    const std::string stripped = lower_names(ask("/", ok("x"), lines).seen);
    EXPECT_TRUE(has(stripped, "wl-proxy-ssl: false")) << stripped;
    EXPECT_TRUE(has(stripped, "wl-proxy-client-ip: 192.0.2.7"));
    EXPECT_EQ(stripped.find("cert"), std::string::npos);
  }
}

TEST_P(Heads, AnEditThatHasNoRoomIsAnErrorAndNoHalfHead) {
  adjust([](config::Location& location) {
    for (std::size_t bytes = 0; bytes <= kAddedLinesBytesMax; bytes += 8000) {
      location.edits.request.push_back(edit(Action::kAdd, "X", std::string(8000, 'v')));
    }
  });
  const Answer request = ask("/");
  EXPECT_EQ(request.status, "431");
  EXPECT_EQ(request.seen, "");
  adjust([](config::Location& location) {
    for (std::size_t bytes = 0; bytes <= kAddedLinesBytesMax; bytes += 8000) {
      location.edits.response.push_back(edit(Action::kAdd, "X", std::string(8000, 'v')));
    }
  });
  EXPECT_EQ(ask("/").status, "502");
}

TEST_P(Heads, TheOperatorsPageStandsForOurs) {
  const auto page = [](config::ErrorPage page) {
    return std::make_shared<const config::ErrorPage>(std::move(page));
  };
  options.adjust = [&page](config::VirtualHost& host, config::Location& location) {
    location.excluded = {"/text", "/url"};
    host.errors.by_status[404] = page({.content_type = "text/plain", .body = "not here"});
    host.errors.no_member = page({.url = "http://sorry.example/"});
  };
  const Answer text = ask("/text");
  EXPECT_EQ(text.status, "404");
  EXPECT_EQ(text.body, "not here");
  EXPECT_TRUE(has(text.head, "content-type: text/plain")) << text.head;

  // A member's 503 with nobody else to ask is what the plug-in's ErrorPage is for.
  const std::string unavailable =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\n\r\nbad";
  const Answer sent_away = ask("/", unavailable);
  EXPECT_EQ(sent_away.status, "302");
  EXPECT_TRUE(has(sent_away.head, "location: http://sorry.example/")) << sent_away.head;

  options.adjust = {};
  EXPECT_EQ(ask("/", unavailable).body, "bad");
}

TEST(AccessLogRecord, TellsWhoAskedAndWhatWentBack) {
  TestProxy::Options options;
  options.adjust = [](config::VirtualHost& host, config::Location& location) {
    host.trusted_hops = trusting("192.0.2.7");
    location.forwarding.request_id_header = "X-Request-Id";
    location.excluded = {"/no"};
    location.edits.response = {edit(Action::kSet, "X-Set", "by us")};
  };
  TestProxy proxy(options);
  proxy.log().wanted = {"Server", "X-Set", "Retry-After"};
  proxy.member().answer = [](std::string_view) { return ok("hello", "server: s/1\r\n"); };
  Peer& client = proxy.connect();
  client.send(
      "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nX-Request-Id: r-1\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  const std::string first = client.take();
  client.send("GET /no HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return client.is_closed(); }));

  ASSERT_EQ(proxy.log().lines.size(), 2u);
  const auto& line = proxy.log().lines[0];
  EXPECT_EQ(line.remote_host, "203.0.113.9");
  EXPECT_EQ(line.kept_request_id, "r-1");
  EXPECT_NE(line.response_fields.find("Server: s/1\r\n"), std::string::npos);
  EXPECT_NE(line.response_fields.find("X-Set: by us\r\n"), std::string::npos);
  EXPECT_EQ(line.head_bytes + line.bytes, first.size());
  EXPECT_EQ(line.earlier_requests, 0u);
  EXPECT_TRUE(line.keeps_alive);

  const std::string second = client.take();
  const auto& page = proxy.log().lines[1];
  EXPECT_EQ(page.remote_host, "192.0.2.7");
  EXPECT_EQ(page.kept_request_id, "");
  EXPECT_EQ(page.response_fields.find("Server"), std::string::npos);
  EXPECT_EQ(page.head_bytes + page.bytes, second.size());
  EXPECT_EQ(page.earlier_requests, 1u);
  EXPECT_FALSE(page.keeps_alive);
}

}  // namespace
}  // namespace understudy::test
