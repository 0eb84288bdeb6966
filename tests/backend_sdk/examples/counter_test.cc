// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/examples/counter/counter.h"

#include <gtest/gtest.h>

#include "tests/backend_sdk/node/http_client.h"
#include "tests/backend_sdk/node/test_server.h"

namespace examples {
namespace {

using understudy::HttpClient;
using understudy::TestServer;

class Counter : public ::testing::Test {
 protected:
  TestServer server_{"a", "", 1, &add_counter_handlers};
  HttpClient client_{server_.port()};

  Counter() { client_.keep_cookies(); }
  std::string tail(const std::string& method, const std::string& target,
                   const std::vector<understudy::Header>& headers = {}) {
    const auto answer = client_.ask(method, target, headers);
    if (!answer) return "(no answer)";
    return answer->body.substr(answer->body.find(",\"count"));
  }
};

TEST_F(Counter, CountsGetAndPostAlike) {
  EXPECT_EQ(tail("GET", "/value"), ",\"count\":0,\"member\":\"a\",\"replayed\":false}\n");
  EXPECT_TRUE(client_.cookies().empty()) << "reading leaves no session behind";
  EXPECT_EQ(tail("GET", "/count"), ",\"count\":1,\"member\":\"a\",\"replayed\":false}\n");
  EXPECT_EQ(tail("POST", "/count"), ",\"count\":2,\"member\":\"a\",\"replayed\":false}\n");
  EXPECT_EQ(tail("GET", "/value"), ",\"count\":2,\"member\":\"a\",\"replayed\":false}\n");
}

TEST_F(Counter, ARepeatedRequestSaysSoAndCountsOnce) {
  tail("GET", "/count");
  const std::vector<understudy::Header> id = {{"Understudy-Request-Id", "0000000000000005"}};
  EXPECT_EQ(tail("POST", "/count", id), ",\"count\":2,\"member\":\"a\",\"replayed\":false}\n");
  EXPECT_EQ(tail("POST", "/count", id), ",\"count\":2,\"member\":\"a\",\"replayed\":true}\n");
  EXPECT_EQ(tail("GET", "/value"), ",\"count\":2,\"member\":\"a\",\"replayed\":false}\n");
}

TEST_F(Counter, TheSessionIsNamedAndEndsWithLogout) {
  const std::string first = client_.ask("GET", "/count")->body;
  const std::string second = client_.ask("GET", "/count")->body;
  EXPECT_EQ(first.substr(0, 35), second.substr(0, 35));
  EXPECT_EQ(client_.ask("GET", "/logout")->status, 405);
  EXPECT_EQ(client_.ask("POST", "/logout")->status, 200);
  EXPECT_TRUE(client_.cookies().empty());
  const std::string third = client_.ask("GET", "/count")->body;
  EXPECT_NE(first.substr(0, 35), third.substr(0, 35));
}

TEST_F(Counter, AtLoginTheSessionGoesOnUnderAnotherId) {
  const std::string first = client_.ask("GET", "/count")->body;
  EXPECT_EQ(client_.ask("GET", "/login")->status, 405);
  const std::vector<understudy::Header> id = {{"Understudy-Request-Id", "0000000000000006"}};
  EXPECT_EQ(tail("POST", "/login", id), ",\"count\":1,\"member\":\"a\",\"replayed\":false}\n");
  EXPECT_EQ(tail("POST", "/login", id), ",\"count\":1,\"member\":\"a\",\"replayed\":true}\n");
  const std::string second = client_.ask("GET", "/count")->body;
  EXPECT_NE(first.substr(0, 35), second.substr(0, 35));
  EXPECT_NE(second.find("\"count\":2"), std::string::npos);
}

TEST_F(Counter, GivesAsManyBytesAsAsked) {
  for (const std::size_t bytes : {0u, 1u, 1024u, 1u << 20}) {
    EXPECT_EQ(client_.ask("GET", "/size/" + std::to_string(bytes))->body.size(), bytes);
  }
  for (const std::string wrong : {"", "x", "-1", "1x", "67108865", "99999999999999999999"}) {
    EXPECT_EQ(client_.ask("GET", "/size/" + wrong)->status, 400) << wrong;
  }
}

TEST_F(Counter, EchoesBodiesUntouched) {
  const std::string body("a\0\r\n\xff z", 7);
  const auto answer = client_.ask("POST", "/echo", {{"Content-Type", "x/y"}}, body);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, body);
  EXPECT_EQ(answer->header("Content-Type"), "x/y");
}

TEST_F(Counter, WaitsWithoutKeepingOthersWaiting) {
  ASSERT_TRUE(client_.send("GET", "/slow/60000"));
  HttpClient other(server_.port());
  EXPECT_EQ(other.ask("GET", "/value")->status, 200);
  EXPECT_EQ(other.ask("GET", "/slow/10")->status, 200);
  EXPECT_EQ(other.ask("GET", "/slow/600001")->status, 400);
}

TEST_F(Counter, ShowsItsMetrics) {
  EXPECT_NE(client_.ask("GET", "/metrics")->body.find("understudy_lives_total 1\n"),
            std::string::npos);
}

}  // namespace
}  // namespace examples
