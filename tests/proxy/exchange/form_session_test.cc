// SPDX-License-Identifier: Apache-2.0
// Where a request names its session: cookie before path before form, and what a form's body costs.
#include <gtest/gtest.h>

#include <string>

#include "cookies/form_field.h"
#include "tests/proxy/downstream/http2_site.h"
#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

// Dialect route; member i has the route "m<i>".
TestProxy::Options options() {
  TestProxy::Options options{.members = 3};
  options.session_form_field = "jsessionid";
  return options;
}

std::string form(const std::string& body, const std::string& target = "/",
                 const std::string& lines = {}) {
  return "POST " + target +
         " HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n" + lines +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class FormSession : public testing::Test {
 protected:
  void open(const TestProxy::Options& options) {
    proxy = std::make_unique<TestProxy>(options);
    for (std::size_t i = 0; i < options.members; ++i) {
      proxy->member(i).answer = [this, i](std::string_view request) {
        arrived = request;
        served = i;
        return ok("hello");
      };
    }
    client = &proxy->connect();
  }
  std::string response() {
    EXPECT_TRUE(proxy->run_until([&] { return message_bytes(client->received()) != 0; }));
    return client->take();
  }
  std::string why() { return proxy->log().lines.back().why; }

  std::unique_ptr<TestProxy> proxy;
  Peer* client = nullptr;
  std::string arrived;
  std::size_t served = 99;
};

TEST_F(FormSession, ComesAfterTheCookieAndThePath) {
  open(options());
  const std::string cookie = "Cookie: JSESSIONID=s.m0\r\n";
  const struct {
    std::string request;
    std::size_t member;
  } rows[] = {
      {form("a=1&jsessionid=s.m2"), 2},
      {form("jsessionid=s.m2", "/;jsessionid=s.m1"), 1},
      {form("jsessionid=s.m2", "/;jsessionid=s.m1", cookie), 0},
      {form("jsessionid=s.m2", "/", cookie), 0},
      {form("x=1", "/a;JSESSIONID=s%2Em1;y=2"), 1},
      {"GET /%3Bjsessionid%3Ds.m2 HTTP/1.1\r\nHost: a\r\n\r\n", 2},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.request);
    for (int again = 0; again < 3; ++again) {
      client->send(row.request);
      response();
      EXPECT_EQ(served, row.member);
      EXPECT_EQ(why(), "cookie-route");
    }
  }
}

TEST_F(FormSession, IsFoundWhenTheBodyComesByteByByte) {
  open(options());
  const std::string body = "name=value&jsessionid=s.m2&last=1";
  const std::string request = form(body);
  for (const char byte : request) {
    client->send({&byte, 1});
    proxy->run_a_little();
  }
  response();
  EXPECT_EQ(served, 2u);
  EXPECT_TRUE(arrived.ends_with("\r\n\r\n" + body)) << "the body arrives as it was";
}

TEST_F(FormSession, IsFoundInAChunkedBody) {
  open(options());
  const std::string chunks = "6\r\na=1&js\r\n10;x=y\r\nessionid=s.m1&b2\r\n0\r\n\r\n";
  client->send(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded; "
      "charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n" +
      chunks);
  response();
  EXPECT_EQ(served, 1u);
  EXPECT_NE(arrived.find("essionid=s.m1"), std::string::npos);
}

TEST_F(FormSession, AsksNobodyBeforeItIsThere) {
  open(options());
  const std::string request = form("jsessionid=s.m2");
  client->send(request.substr(0, request.size() - 1));
  proxy->run_a_little();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(proxy->member(i).accepted(), 0u);
  client->send(request.substr(request.size() - 1));
  response();
  EXPECT_EQ(served, 2u);
}

TEST_F(FormSession, IsLookedForInBodiesUpTo64KAndNoLonger) {
  open(options());
  for (const std::size_t bytes : {kFormBytesMax, kFormBytesMax + 1}) {
    SCOPED_TRACE(bytes);
    const std::string field = "&jsessionid=s.m2";
    const std::string body = std::string(bytes - field.size(), 'x') + field;
    std::string request = form(body);
    while (!request.empty()) {
      request.erase(0, client->send_some(request));
      proxy->run_a_little();
    }
    response();
    EXPECT_TRUE(arrived.ends_with(body));
    EXPECT_EQ(why(), bytes == kFormBytesMax ? "cookie-route" : "no-cookie");
  }
  EXPECT_EQ(proxy->worker().replay_bytes, 0u) << "all room is given back";
}

TEST_F(FormSession, IsNotLookedForWhereThatIsNotWanted) {
  const std::string named = "jsessionid=s.m2";
  const struct {
    const char* name;
    std::string field;
    std::string request;
  } rows[] = {
      {"off", "", form(named)},
      {"another method", "jsessionid", "PUT" + form(named).substr(4)},
      {"another type", "jsessionid",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: "
       "15\r\n\r\n" +
           named},
      {"no type", "jsessionid", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 15\r\n\r\n" + named},
      {"another field", "sid", form(named)},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    auto chosen = options();
    chosen.session_form_field = row.field;
    open(chosen);
    client->send(row.request);
    response();
    EXPECT_EQ(why(), "no-cookie");
    client = nullptr;
  }
}

TEST_F(FormSession, CostsAffinityAndNotTheRequestWhenMemoryIsUsedUp) {
  auto poor = options();
  poor.replay_memory_bytes_max = kFormBytesMax - 1;
  open(poor);
  client->send(form("jsessionid=s.m2"));
  EXPECT_TRUE(response().starts_with("HTTP/1.1 200"));
  EXPECT_EQ(why(), "no-cookie");
}

TEST_F(FormSession, TellsAClientThatWaitsToContinue) {
  open(options());
  const std::string body = "jsessionid=s.m2";
  const std::string request = form(body, "/", "Expect: 100-continue\r\n");
  client->send(request.substr(0, request.size() - body.size()));
  ASSERT_TRUE(proxy->run_until([&] { return !client->received().empty(); }));
  EXPECT_EQ(client->take(), "HTTP/1.1 100 Continue\r\n\r\n");
  client->send(body);
  EXPECT_TRUE(response().starts_with("HTTP/1.1 200"));
  EXPECT_EQ(served, 2u);
  EXPECT_EQ(arrived.find("Expect"), std::string::npos) << "it has been answered";
}

TEST_F(FormSession, IsSentAgainWhenItsMemberIsGone) {
  open(options());
  proxy->member(2).kill();
  client->send(form("jsessionid=s.m2"));
  EXPECT_TRUE(response().starts_with("HTTP/1.1 200"));
  EXPECT_NE(served, 2u);
  EXPECT_TRUE(arrived.ends_with("\r\n\r\njsessionid=s.m2"));
}

TEST_F(FormSession, ThatBreaksOffIsRefused) {
  open(options());
  const std::string request = form("jsessionid=s.m2");
  client->send(request.substr(0, request.size() - 3));
  proxy->run_a_little();
  client->shutdown_write();
  ASSERT_TRUE(proxy->run_until([&] { return proxy->open_connections() == 0; }));
  EXPECT_EQ(proxy->worker().replay_bytes, 0u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(proxy->member(i).accepted(), 0u);
}

TEST_F(FormSession, WithBrokenChunksIsRefused) {
  open(options());
  client->send(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      "Transfer-Encoding: chunked\r\n\r\n5\r\njsess\r\nzz\r\n");
  EXPECT_TRUE(response().starts_with("HTTP/1.1 400"));
}

TEST(FormSessionOverHttp2, IsFoundToo) {
  for (const bool has_length : {true, false}) {
    SCOPED_TRACE(has_length);
    Http2Site site(options());
    std::size_t served = 99;
    std::string arrived;
    for (std::size_t i = 0; i < 3; ++i) {
      site.proxy.member(i).answer = [&, i](std::string_view text) {
        served = i;
        arrived = text;
        return ok("hello");
      };
    }
    const std::string body = "a=1&jsessionid=s.m2&b=2";
    Fields more{{"content-type", "application/x-www-form-urlencoded"}};
    if (has_length) more.push_back({"content-length", std::to_string(body.size())});
    site.send(headers(1, post("/", more), 0));
    site.send(data(1, body.substr(0, 9)));
    site.run_a_little();
    EXPECT_EQ(site.proxy.member(2).accepted(), 0u);
    site.send(data(1, body.substr(9), kEndStream));
    ASSERT_TRUE(site.run_until_ended(1));
    EXPECT_EQ(served, 2u);
    EXPECT_NE(arrived.find("&b=2"), std::string::npos) << arrived;
  }
}

TEST(FormSessionOverHttp2, LetsABodyPassThatDoesNotFitIntoTheWindow) {
  Http2Site site(options());
  std::string arrived;
  for (std::size_t i = 0; i < 3; ++i) {
    site.proxy.member(i).answer = [&](std::string_view text) {
      arrived = text;
      return ok("hello");
    };
  }
  std::string bytes =
      headers(1, post("/", {{"content-type", "application/x-www-form-urlencoded"}}), 0);
  site.send(bytes);
  for (int i = 0; i < 8; ++i) {
    site.send_all(data(1, std::string(8191, 'x')));
    site.run_a_little();
  }
  site.send_all(data(1, "&jsessionid=s.m2", kEndStream));
  ASSERT_TRUE(site.run_until_ended(1));
  EXPECT_EQ(site.response(1).status, "200");
  EXPECT_EQ(count_of(arrived, "x"), 8u * 8191u + 1u) << "nothing is lost (Content-Type has one)";
}

}  // namespace
}  // namespace understudy::test
