// SPDX-License-Identifier: Apache-2.0
// WebSocket over HTTP/2 (RFC 8441): an extended CONNECT becomes an HTTP/1.1 upgrade, 101 becomes
// 200, and DATA travels both ways under both sides' flow control.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/pattern.h"
#include "proxy/http/websocket.h"
#include "tests/cookies/test_keys.h"
#include "tests/proxy/downstream/http2_site.h"

namespace understudy::test {
namespace {

Fields connect(const Fields& more = {}, std::string_view protocol = "websocket") {
  Fields fields = {{":method", "CONNECT"}, {":protocol", std::string(protocol)},
                   {":scheme", "https"},   {":authority", "a"},
                   {":path", "/chat"},     {"sec-websocket-version", "13"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

// A conversation's beginning, as the member sees and answers it.
class Chat {
 public:
  Chat() : Chat(TestProxy::Options{}) {}
  explicit Chat(const TestProxy::Options& options, const Http2Site::Entries& settings = {})
      : site(options, settings) {}

  bool ask(uint32_t stream = 1, const Fields& more = {}) {
    site.send(headers(stream, connect(more), 0));
    return site.run_until(
        [&] { return site.member().received().find("\r\n\r\n") != std::string::npos; });
  }
  static std::string key_of(const std::string& request) {
    constexpr std::string_view kName = "sec-websocket-key: ";
    const std::size_t at = request.find(kName);
    return at == std::string::npos ? "" : request.substr(at + kName.size(), 24);
  }
  static std::string accept(const std::string& request) {
    const auto value = http::websocket_accept(key_of(request));
    return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Accept: " +
           std::string(value.data(), value.size()) + "\r\n";
  }
  void open(uint32_t stream = 1) {
    ASSERT_TRUE(ask(stream));
    Peer& peer = member();
    peer.send(accept(peer.take()) + "\r\n");
    ASSERT_TRUE(site.run_until([&] { return site.response(stream).status == "200"; }));
  }
  Peer& member() { return site.member().connection(); }

  Http2Site site;
};

TEST(WebSocketHandshake, HasTheAcceptOfTheRfcsExample) {
  const auto accept = http::websocket_accept("dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(std::string_view(accept.data(), accept.size()), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  std::array<uint8_t, http::kWebSocketNonceBytes> nonce;
  for (std::size_t i = 0; i < nonce.size(); ++i) nonce[i] = static_cast<uint8_t>(i + 1);
  const auto key = http::websocket_key(nonce);
  EXPECT_EQ(std::string_view(key.data(), key.size()), "AQIDBAUGBwgJCgsMDQ4PEA==");
}

TEST(Http2Tunnel, IsOffered) {
  Http2Site site;
  ASSERT_TRUE(site.run_until([&] { return !site.client.server_settings().empty(); }));
  EXPECT_EQ(site.client.server_settings().at(8), 1u);
}

TEST(Http2Tunnel, BecomesAnUpgradeAndThenCarriesBytes) {
  Chat chat;
  ASSERT_TRUE(chat.ask(1, {{"sec-websocket-protocol", "chat"}}));
  const std::string request = chat.member().take();
  EXPECT_TRUE(request.starts_with("GET /chat HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("upgrade: websocket\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("Connection: upgrade\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("sec-websocket-protocol: chat\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("sec-websocket-version: 13\r\n"), std::string::npos) << request;
  EXPECT_EQ(request.find(":protocol"), std::string::npos);
  EXPECT_EQ(request.find("ransfer-"), std::string::npos);
  EXPECT_EQ(Chat::key_of(request).size(), 24u);
  EXPECT_NE(Chat::key_of(request), std::string(24, '0'));
  chat.member().send(Chat::accept(request) + "Sec-WebSocket-Protocol: chat\r\n\r\nhello");
  auto& response = chat.site.response(1);
  ASSERT_TRUE(chat.site.run_until([&] { return response.body == "hello"; }));
  EXPECT_EQ(response.status, "200");
  EXPECT_EQ(response.field("sec-websocket-protocol"), "chat");
  for (const char* name : {"sec-websocket-accept", "upgrade", "connection", "content-length"}) {
    EXPECT_EQ(response.field(name), "(none)") << name;
  }
  EXPECT_FALSE(response.ended);
  chat.site.send(data(1, "ping"));
  ASSERT_TRUE(chat.site.run_until([&] { return chat.member().received() == "ping"; }));
}

// The lines that any other answer would get: the cookie that binds its client, and what the
// operator makes of it.
TEST(Http2Tunnel, IsAnAnswerLikeOthers) {
  TestProxy::Options options;
  options.dialect = Dialect::kInsert;
  options.keyring = ring();
  options.session_cookie = "STICK";
  options.adjust = [](config::VirtualHost&, config::Location& location) {
    location.edits.response.push_back({.action = http::FieldEdit::Action::kEdit,
                                       .name = "Set-Cookie",
                                       .id = http::FieldId::kSetCookie,
                                       .value = {{.text = "; Partitioned"}},
                                       .pattern = *Pattern::compile("$")});
    location.edits.response.push_back({.name = "X-Served", .value = {{.text = "by a proxy"}}});
  };
  Chat chat(options);
  chat.open();
  const auto& response = chat.site.response(1);
  const std::string cookie = response.field("set-cookie");
  EXPECT_TRUE(cookie.starts_with("STICK=")) << cookie;
  EXPECT_TRUE(cookie.ends_with("; Partitioned")) << cookie;
  EXPECT_EQ(response.field("x-served"), "by a proxy");
}

TEST(Http2Tunnel, BytesThatCameEarlyWaitForTheAnswer) {
  Chat chat;
  chat.site.send(headers(1, connect(), 0) + data(1, "early,"));
  ASSERT_TRUE(chat.site.run_until([&] { return chat.site.member().accepted() == 1; }));
  chat.site.send(data(1, "later"));
  chat.site.run_a_little();
  const std::string request = chat.member().take();
  EXPECT_TRUE(request.ends_with("\r\n\r\n")) << request;
  chat.member().send(Chat::accept(request) + "\r\n");
  ASSERT_TRUE(chat.site.run_until([&] { return chat.member().received() == "early,later"; }));
}

TEST(Http2Tunnel, EachSideEndsByItself) {
  for (const bool client_first : {true, false}) {
    SCOPED_TRACE(client_first);
    Chat chat;
    chat.open();
    auto& response = chat.site.response(1);
    if (client_first) {
      chat.site.send(data(1, "bye", kEndStream));
      ASSERT_TRUE(chat.site.run_until([&] { return chat.member().is_closed(); }));
      EXPECT_EQ(chat.member().received(), "bye");
      chat.member().send("one more");
      ASSERT_TRUE(chat.site.run_until([&] { return response.body == "one more"; }));
      EXPECT_FALSE(response.ended);
      chat.member().shutdown_write();
      ASSERT_TRUE(chat.site.run_until_ended(1));
    } else {
      chat.member().send("bye");
      chat.member().shutdown_write();
      ASSERT_TRUE(chat.site.run_until_ended(1));
      EXPECT_EQ(response.body, "bye");
      chat.site.send(data(1, "one more"));
      ASSERT_TRUE(chat.site.run_until([&] { return chat.member().received() == "one more"; }));
      chat.site.send(data(1, "", kEndStream));
      ASSERT_TRUE(chat.site.run_until([&] { return chat.member().is_closed(); }));
    }
    EXPECT_EQ(response.reset, -1);
    ASSERT_TRUE(chat.site.run_until([&] { return chat.site.proxy.log().lines.size() == 1; }));
    EXPECT_EQ(chat.site.proxy.log().lines[0].status, 200u);
    EXPECT_FALSE(chat.site.proxy.log().lines[0].aborted);
    EXPECT_EQ(chat.site.proxy.worker().counters.tunnels_open, 0u);
    // The connection goes on.
    chat.site.member().answer = [](std::string_view) { return ok("next"); };
    chat.site.send(headers(3, get("/")));
    ASSERT_TRUE(chat.site.run_until_ended(3));
  }
}

TEST(Http2Tunnel, AResetOfEitherSideReachesTheOther) {
  Chat chat;
  chat.open();
  chat.site.send(reset(1));
  ASSERT_TRUE(chat.site.run_until([&] { return chat.member().is_closed(); }));
  chat.open(3);
  chat.member().reset();
  ASSERT_TRUE(chat.site.run_until_reset(3));
  EXPECT_EQ(chat.site.response(3).reset, 8);
  EXPECT_EQ(chat.site.proxy.worker().tunnels, 0u);
}

TEST(Http2Tunnel, AWrongOrMissingAcceptIs502) {
  for (const char* line : {"", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
                           "Sec-WebSocket-Accept: \r\n"}) {
    SCOPED_TRACE(line);
    Chat chat;
    ASSERT_TRUE(chat.ask());
    chat.member().send("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
                       std::string(line) + "\r\n");
    ASSERT_TRUE(chat.site.run_until_ended(1));
    EXPECT_EQ(chat.site.response(1).status, "502");
    ASSERT_TRUE(chat.site.run_until([&] { return chat.member().is_closed(); }));
  }
}

TEST(Http2Tunnel, A2xxThatDoesNotSwitchIsNoTunnel) {
  Chat chat;
  ASSERT_TRUE(chat.ask());
  chat.member().send(ok("a page"));
  ASSERT_TRUE(chat.site.run_until_ended(1));
  EXPECT_EQ(chat.site.response(1).status, "502");
  // What declines with another status says so itself.
  Chat other;
  ASSERT_TRUE(other.ask());
  other.member().send("HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nwhy");
  ASSERT_TRUE(other.site.run_until_ended(1));
  EXPECT_EQ(other.site.response(1).status, "403");
  EXPECT_EQ(other.site.response(1).body, "why");
}

TEST(Http2Tunnel, OddRequestsAreRefused) {
  struct Row {
    const char* what;
    Fields fields;
    const char* status;  // empty: the stream is reset
  };
  const Row rows[] = {
      {"another protocol", connect({}, "connect-udp"), "501"},
      {"plain CONNECT", {{":method", "CONNECT"}, {":authority", "a:443"}}, "405"},
      {"a length", connect({{"content-length", "5"}}), "400"},
      {"Upgrade of its own", connect({{"upgrade", "websocket"}}), ""},
      {":protocol with GET",
       {{":method", "GET"},
        {":protocol", "websocket"},
        {":scheme", "https"},
        {":authority", "a"},
        {":path", "/"}},
       ""},
      {"TRACE",
       {{":method", "TRACE"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}},
       "405"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    Http2Site site;
    site.send(headers(1, row.fields, 0));
    if (*row.status == '\0') {
      ASSERT_TRUE(site.run_until_reset(1));
    } else {
      ASSERT_TRUE(site.run_until_ended(1));
      EXPECT_EQ(site.response(1).status, row.status);
    }
    site.run_a_little();
    EXPECT_EQ(site.member().accepted(), 0u);
  }
}

TEST(Http2Tunnel, AKeyOfTheClientIsNotPassedOn) {
  Chat chat;
  ASSERT_TRUE(chat.ask(1, {{"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="}}));
  const std::string request = chat.member().take();
  EXPECT_EQ(request.find("dGhlIHNhbXBsZSBub25jZQ=="), std::string::npos);
  EXPECT_EQ(count_of(request, "sec-websocket-key"), 1u);
}

TEST(Http2Tunnel, TheMembersPaceHoldsTheClientsWindowShut) {
  Chat chat;
  chat.open();
  chat.member().reads_by_itself = false;
  std::size_t sent = 0;
  const std::string piece(16384, 'x');
  // A client that keeps to its window: what was opened, and what there is at first.
  const auto room = [&] { return 65535 + chat.site.client.stream_window_bytes(1) - sent; };
  std::size_t idle = 0;
  ASSERT_TRUE(chat.site.run_until([&] {
    const std::size_t bytes = std::min(room(), piece.size());
    if (bytes != 0) chat.site.send_all(data(1, std::string_view(piece).substr(0, bytes)));
    sent += bytes;
    idle = bytes == 0 ? idle + 1 : 0;
    return idle > 50;
  }));
  EXPECT_EQ(chat.site.response(1).reset, -1);
  std::size_t got = 0;
  ASSERT_TRUE(chat.site.run_until([&] {
    chat.member().pump();
    got += chat.member().take().size();
    return got == sent;
  }));
  EXPECT_GT(room(), 0u);
}

TEST(Http2Tunnel, TheClientsWindowHoldsTheMemberUp) {
  Chat chat;
  chat.site.client.opens_windows = false;
  chat.open();
  const std::string bytes(1'000'000, 'y');
  std::size_t sent = 0;
  auto& response = chat.site.response(1);
  ASSERT_TRUE(chat.site.run_until([&] {
    sent += chat.member().send_some(std::string_view(bytes).substr(sent));
    return response.body.size() == 65535;
  }));
  chat.site.run_a_little();
  EXPECT_EQ(response.body.size(), 65535u);
  chat.site.send(window_update(0, 2'000'000) + window_update(1, 2'000'000));
  ASSERT_TRUE(chat.site.run_until([&] {
    sent += chat.member().send_some(std::string_view(bytes).substr(sent));
    return response.body.size() == bytes.size();
  }));
}

TEST(Http2Tunnel, OneInWhichNothingMovesHoldsNoBlockAndEndsInTime) {
  TestProxy::Options options;
  options.tunnel_idle_timeout = std::chrono::milliseconds(60);
  Chat chat(options);
  chat.open();
  chat.site.send(data(1, "x"));
  ASSERT_TRUE(chat.site.run_until([&] { return chat.member().received() == "x"; }));
  EXPECT_EQ(chat.site.proxy.blocks().in_use(), 0u);
  ASSERT_TRUE(chat.site.run_until_reset(1));
  EXPECT_EQ(chat.site.proxy.log().lines.back().failure, "WebSocketIdleTimeout");
  EXPECT_EQ(chat.site.client.goaway_error(), -1);
}

TEST(Http2Tunnel, TheLimitCountsThem) {
  TestProxy::Options options;
  options.tunnels_max = 1;
  Chat chat(options);
  chat.open();
  chat.site.send(headers(3, connect(), 0));
  ASSERT_TRUE(chat.site.run_until_ended(3));
  EXPECT_EQ(chat.site.response(3).status, "503");
  chat.site.send(data(1, "still"));
  ASSERT_TRUE(chat.site.run_until([&] { return chat.member().received() == "still"; }));
}

TEST(Http2Tunnel, AGracefulStopLeavesItRunning) {
  Chat chat;
  chat.open();
  chat.site.proxy.worker().stopping = true;
  chat.site.proxy.connection().stop();
  ASSERT_TRUE(chat.site.run_until_sent_away());
  EXPECT_EQ(chat.site.client.goaway_error(), 0);
  chat.site.send(data(1, "still"));
  ASSERT_TRUE(chat.site.run_until([&] { return chat.member().received() == "still"; }));
}

}  // namespace
}  // namespace understudy::test
