// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/server.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>

#include "proxy/config/config.h"
#include "proxy/config/load.h"
#include "tests/proxy/server/running.h"

namespace understudy {
namespace {

TEST_F(Running, ServesThroughItsWorkersAndCounts) {
  open(text());
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(get("/x").starts_with("HTTP/1.1 200")) << i;
  const ServerStatus now = status();
  EXPECT_EQ(now.workers.size(), 2U);
  EXPECT_EQ(now.counters.requests, 10U);
  EXPECT_EQ(now.counters.responses_by_class[2], 10U);
  EXPECT_EQ(now.counters.connections, 10U);
  ASSERT_EQ(now.clusters.size(), 1U);
  ASSERT_EQ(now.clusters[0].members.size(), 2U);
  EXPECT_EQ(
      now.clusters[0].members[0].counters.requests + now.clusters[0].members[1].counters.requests,
      10U);
}

TEST_F(Running, WritesTheAccessLogAndAgainAfterRotation) {
  const std::string log = directory_ + "/access.log";
  open(text("CustomLog " + log + " \"%m %U %s %{why}u\"\n"));
  get("/one");
  server_->reopen_logs();
  EXPECT_TRUE(until([&] { return file(log) == "GET /one 200 no-cookie\n"; })) << file(log);
  std::filesystem::rename(log, log + ".1");
  server_->reopen_logs();
  get("/two");
  stop();
  EXPECT_EQ(file(log), "GET /two 200 no-cookie\n");
}

TEST_F(Running, FinishesWhatWasBegunAndThenEnds) {
  open(text());
  a_->hold();
  b_->hold();
  ToyClient client(server_->addresses()[0]);
  client.say("GET /slow HTTP/1.1\r\nHost: shop.example\r\n\r\n");
  ASSERT_TRUE(until([&] {
    client.turn();
    return a_->waiting() + b_->waiting() > 0;
  }));
  server_->stop();
  loop_->run_once(50ms);
  a_->release();
  b_->release();
  EXPECT_TRUE(until([&] {
    client.turn();
    return client.has_ended();
  }));
  EXPECT_TRUE(client.heard().starts_with("HTTP/1.1 200")) << client.heard();
  loop_->run();
  running_ = false;
}

TEST_F(Running, EndsAtItsLimitThoughARequestHangs) {
  open(text("GracefulShutdownTimeout 1\n"));
  a_->hold();
  b_->hold();
  ToyClient client(server_->addresses()[0]);
  client.say("GET /hangs HTTP/1.1\r\nHost: shop.example\r\n\r\n");
  ASSERT_TRUE(until([&] {
    client.turn();
    return a_->waiting() + b_->waiting() > 0;
  }));
  const TimePoint begin = SystemClock().now();
  stop();
  EXPECT_LT(SystemClock().now() - begin, 10s);
}

TEST_F(Running, EndsAtOnceWhenToldTwice) {
  open(text("GracefulShutdownTimeout 3600\n"));
  a_->hold();
  b_->hold();
  ToyClient client(server_->addresses()[0]);
  client.say("GET /hangs HTTP/1.1\r\nHost: shop.example\r\n\r\n");
  ASSERT_TRUE(until([&] {
    client.turn();
    return a_->waiting() + b_->waiting() > 0;
  }));
  server_->stop();
  stop();
}

TEST_F(Running, ServesByTheNewConfigurationAfterAReload) {
  open("Workers 2\nListen 127.0.0.1:0\n" + location(a_->address()));
  EXPECT_NE(get("/").find("X-Member: a"), std::string::npos);
  reloaded_ = load("Workers 2\nListen 127.0.0.1:0\n" + location(b_->address()));
  ASSERT_TRUE(server_->reload());
  EXPECT_TRUE(until([&] { return get("/").find("X-Member: b") != std::string::npos; }));
}

TEST_F(Running, LetsOldExchangesFinishByTheOldConfiguration) {
  open("Workers 1\nListen 127.0.0.1:0\n" + location(a_->address()));
  a_->hold();
  ToyClient client(server_->addresses()[0]);
  client.say("GET /slow HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(until([&] {
    client.turn();
    return a_->waiting() > 0;
  }));
  reloaded_ = load("Workers 1\nListen 127.0.0.1:0\n" + location(b_->address()));
  ASSERT_TRUE(server_->reload());
  EXPECT_NE(get("/").find("X-Member: b"), std::string::npos);
  a_->release();
  EXPECT_TRUE(until([&] {
    client.turn();
    return client.has_ended();
  }));
  EXPECT_NE(client.heard().find("X-Member: a"), std::string::npos) << client.heard();
}

constexpr std::string_view kUpgrade =
    "GET /chat HTTP/1.1\r\nHost: shop.example\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";

TEST_F(Running, LeavesTunnelsRunningOverAReload) {
  const std::string log = directory_ + "/access.log";
  open("Workers 1\nListen 127.0.0.1:0\nCustomLog " + log + " \"%U %>s %b\"\n" +
       location(a_->address()));
  ToyClient client(server_->addresses()[0]);
  const auto hears = [&](std::string_view end) {
    return until([&] {
      client.turn();
      return client.heard().ends_with(end);
    });
  };
  client.say(std::string(kUpgrade) + "one");
  ASSERT_TRUE(hears("\r\n\r\none")) << client.heard();
  EXPECT_EQ(status().counters.tunnels_open, 1U);
  reloaded_ =
      load("Workers 1\nListen 127.0.0.1:0\nMaxWebSocketClients 0\n" + location(b_->address()));
  ASSERT_TRUE(server_->reload());
  // The new configuration holds for others, the old member for who has it.
  EXPECT_NE(get("/").find("X-Member: b"), std::string::npos);
  ToyClient late(server_->addresses()[0]);
  late.say(kUpgrade);
  EXPECT_TRUE(until([&] {
    late.turn();
    return late.heard().starts_with("HTTP/1.1 503 ");
  }));
  client.say(",two");
  EXPECT_TRUE(hears("one,two"));
  EXPECT_EQ(status().counters.tunnels_refused, 1U);
}

TEST_F(Running, LeavesTunnelsRunningUntilTheLimitOfAStop) {
  open("Workers 1\nListen 127.0.0.1:0\nGracefulShutdownTimeout 1\n" + location(a_->address()));
  ToyClient client(server_->addresses()[0]);
  client.say(kUpgrade);
  ASSERT_TRUE(until([&] {
    client.turn();
    return client.heard().ends_with("\r\n\r\n");
  }));
  server_->stop();
  client.say("still here");
  EXPECT_TRUE(until([&] {
    client.turn();
    return client.heard().ends_with("still here");
  }));
  loop_->run();
  running_ = false;
  EXPECT_TRUE(until([&] {
    client.turn();
    return client.has_ended();
  }));
}

TEST_F(Running, KeepsTheOldConfigurationWhereOnlyARestartCanChangeIt) {
  open(text());
  reloaded_ = load("Workers 1\nListen 127.0.0.1:0\n" + location(b_->address()));
  EXPECT_FALSE(server_->reload());
  reloaded_ = Error{.code = ErrorCode::kInvalid, .detail = "test.conf:1:1: error: no"};
  EXPECT_FALSE(server_->reload());
  EXPECT_TRUE(get("/").starts_with("HTTP/1.1 200"));
}

TEST_F(Running, SaysThatAPortIsTakenThoughTheOtherOneSharesIt) {
  const Fd other = *listen_tcp(Address::loopback(0), {.reuse_port = true});
  const std::string taken = local_address(other).to_string();
  auto opened = Server::open(
      *loop_, {.config = load("Workers 2\nListen " + taken + "\n" + location(a_->address()))});
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().detail.find(taken), std::string::npos) << opened.error().detail;
}

TEST_F(Running, TakesNoMoreConnectionsThanAllowed) {
  open("Workers 1\nListen 127.0.0.1:0\nMaxClientConnections 2\n" + location(a_->address()));
  const Address address = server_->addresses()[0];
  std::vector<std::unique_ptr<ToyClient>> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(std::make_unique<ToyClient>(address));
  EXPECT_TRUE(until([&] { return status().counters.connections == 2; }));
  loop_->run_once(20ms);
  EXPECT_EQ(status().counters.connections, 2U);
  clients.erase(clients.begin());
  EXPECT_TRUE(until([&] { return status().counters.connections == 3; }));
}

TEST_F(Running, ExplainsACookie) {
  open(text());
  std::optional<std::vector<CookieExplanation>> answer;
  server_->explain("1.forged", [&](auto clusters) { answer = std::move(clusters); });
  ASSERT_TRUE(until([&] { return answer.has_value(); }));
  ASSERT_EQ(answer->size(), 1U);
  EXPECT_NE(answer->front().decision, "");
}

}  // namespace
}  // namespace understudy
