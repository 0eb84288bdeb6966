// SPDX-License-Identifier: Apache-2.0
// What the Server does about members: health checks and the orders of operators, shared by all
// workers and kept over reloads.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "proxy/server/health_checks.h"
#include "tests/proxy/server/running.h"

namespace understudy {
namespace {

class Members : public Running {
 protected:
  std::string plain(const std::string& more, const std::string& of_a = "") const {
    return "Workers 2\nListen 127.0.0.1:0\n<Location \"/\">\nBalancerMember " + a_->address() +
           " route=a " + of_a + "\nBalancerMember " + b_->address() +
           " route=b\nSessionCookieFormat route\nConnectTimeoutSecs 100ms\nConnectRetrySecs "
           "20ms\n" +
           more + "</Location>\n";
  }
  MemberStatus member(const std::string& route) {
    const ServerStatus now = status();
    for (const MemberStatus& member : now.clusters.at(0).members) {
      if (member.route == route) return member;
    }
    ADD_FAILURE() << "no member " << route;
    return {};
  }
  // Each worker's verdict, not only the first one's.
  bool all_say(const std::string& route, routing::Checked checked) {
    const ServerStatus now = status();
    for (const WorkerStatus& worker : now.workers) {
      for (const MemberStatus& member : worker.clusters.at(0).members) {
        if (member.route == route && member.checked != checked) return false;
      }
    }
    return true;
  }
  Result<std::vector<MemberChange>> order(const OperatorCommand& command) {
    std::optional<Result<std::vector<MemberChange>>> answer;
    server_->command(command, [&](auto result) { answer = std::move(result); });
    EXPECT_TRUE(until([&] { return answer.has_value(); }));
    return *std::move(answer);
  }
  std::map<std::string, int> shares(int requests = 8) {
    std::map<std::string, int> counts;
    for (int i = 0; i < requests; ++i) {
      const std::string answer = get("/");
      ++counts[answer.substr(answer.rfind('\n') + 1)];
    }
    return counts;
  }
  std::string sticky(const std::string& route) {
    ToyClient client(server_->addresses()[0]);
    client.say("GET / HTTP/1.1\r\nHost: shop.example\r\nCookie: JSESSIONID=x." + route +
               "\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(until([&] {
      client.turn();
      return client.has_ended();
    }));
    return client.heard().substr(client.heard().rfind('\n') + 1);
  }
};

constexpr const char* kFastCheck =
    "HealthCheck http path=/alive interval=50ms timeout=50ms fall=3 rise=2\n";
constexpr routing::OperatorOrder kDisable{.state = OperatorState::kDisabled};
constexpr routing::OperatorOrder kDrain{.state = OperatorState::kDraining};

TEST_F(Members, ThatFailTheirCheckAreLeftAloneByAllWorkersUntilTheyPassIt) {
  open(plain(kFastCheck));
  EXPECT_TRUE(until([&] { return all_say("a", routing::Checked::kWorking); }));
  a_->answer_with("500 Oops");
  EXPECT_TRUE(until([&] { return all_say("a", routing::Checked::kFailing); }));
  EXPECT_TRUE(until([&] { return all_say("b", routing::Checked::kWorking); }));
  EXPECT_EQ(shares(), (std::map<std::string, int>{{"b", 8}}));
  EXPECT_EQ(sticky("a"), "b");
  a_->answer_with("302 Elsewhere");
  EXPECT_TRUE(until([&] { return all_say("a", routing::Checked::kWorking); }));
  EXPECT_EQ(sticky("a"), "a");
}

TEST_F(Members, ThatDoNotAnswerTheirCheckInTimeFailIt) {
  a_->hold();
  open(plain(kFastCheck));
  EXPECT_TRUE(until([&] { return all_say("a", routing::Checked::kFailing); }));
  a_->release();
  EXPECT_TRUE(until([&] { return all_say("a", routing::Checked::kWorking); }));
}

TEST_F(Members, AreCheckedForWhatTheyAnswer) {
  open(plain("HealthCheck http interval=20ms body=b status=200\n"));
  EXPECT_TRUE(until([&] { return all_say("a", routing::Checked::kFailing); }));
  EXPECT_TRUE(until([&] { return all_say("b", routing::Checked::kWorking); }));
}

TEST_F(Members, MayHaveACheckOfTheirOwn) {
  a_->answer_with("500 Oops");
  b_->answer_with("500 Oops");
  open(plain("HealthCheck tcp interval=20ms\n", "hcmethod=GET hcuri=/x hcinterval=20ms"));
  EXPECT_TRUE(until([&] { return all_say("a", routing::Checked::kFailing); }));
  EXPECT_TRUE(until([&] { return all_say("b", routing::Checked::kWorking); }));
}

TEST_F(Members, ThatSpeakAjpAreAskedByCPing) {
  a_->pong();
  const auto member = [](const ToyBackend& backend, const std::string& route) {
    return "BalancerMember ajp://" + backend.address() + " route=" + route +
           " hcmethod=CPING hcinterval=20ms\n";
  };
  open("Workers 2\nListen 127.0.0.1:0\n<Proxy balancer://tomcats>\n" + member(*a_, "a") +
       member(*b_, "b") + "</Proxy>\nProxyPass / balancer://tomcats/\n");
  EXPECT_TRUE(until([&] { return all_say("a", routing::Checked::kWorking); }));
  EXPECT_TRUE(until([&] { return all_say("b", routing::Checked::kFailing); }));
  EXPECT_GT(a_->pings(), 0);
}

TEST_F(Members, AreCheckedByTheExpressionThatTheyName) {
  a_->answer_with("404 Gone");
  const auto member = [](const ToyBackend& backend, const std::string& route) {
    return "BalancerMember http://" + backend.address() + " route=" + route +
           " hcmethod=GET hctemplate=t\n";
  };
  open(
      "Workers 2\nListen 127.0.0.1:0\nProxyHCExpr e {%{REQUEST_STATUS} =~ /^[24]/ && hc('body') "
      "=~ /a/}\nProxyHCTemplate t hcexpr=e hcinterval=20ms\n<Proxy balancer://p>\n" +
      member(*a_, "a") + member(*b_, "b") + "</Proxy>\nProxyPass / balancer://p/\n");
  EXPECT_TRUE(until([&] { return all_say("a", routing::Checked::kWorking); }));
  EXPECT_TRUE(until([&] { return all_say("b", routing::Checked::kFailing); }));
}

TEST_F(Members, KeepTheirVerdictOverAReload) {
  open(plain(kFastCheck));
  a_->answer_with("500 Oops");
  EXPECT_TRUE(until([&] { return all_say("a", routing::Checked::kFailing); }));
  a_->hold();  // nothing new is heard
  reloaded_ = load(plain(std::string(kFastCheck) + "MaxSkipTime 77\n"));
  const auto reloaded = server_->reload();
  ASSERT_TRUE(reloaded) << reloaded.error().detail;
  EXPECT_TRUE(all_say("a", routing::Checked::kFailing));
  a_->release();
}

TEST(HealthChecks, AskOnceHoweverManyClustersWantToKnow) {
  auto loop = *EventLoop::open();
  SeededRandom random(1);
  HealthChecks checks(*loop, random, [](const auto&) {});
  config::HealthCheck tcp{.kind = config::HealthCheck::Kind::kTcp};
  config::HealthCheck http{.kind = config::HealthCheck::Kind::kHttp};
  const config::HealthCheck off;
  checks.watch({{.cluster = 0, .address_text = "127.0.0.1:1", .check = tcp},
                {.cluster = 1, .address_text = "127.0.0.1:1", .check = tcp},
                {.cluster = 2, .address_text = "127.0.0.1:1", .check = http},
                {.cluster = 3, .address_text = "127.0.0.1:1", .check = off}});
  EXPECT_EQ(checks.size(), 2U);
  checks.watch({{.cluster = 1, .address_text = "127.0.0.1:1", .check = tcp}});
  EXPECT_EQ(checks.size(), 1U);
}

TEST_F(Members, ThatAreDrainedKeepTheirSessionsAndGetNoOthers) {
  open(plain(""));
  ASSERT_TRUE(order({.member = "a", .order = kDrain}));
  EXPECT_EQ(shares(), (std::map<std::string, int>{{"b", 8}}));
  EXPECT_EQ(sticky("a"), "a");
  ASSERT_TRUE(order({.member = "a", .order = kDisable}));
  EXPECT_EQ(sticky("a"), "b");
  ASSERT_TRUE(order({.member = "a"}));
  EXPECT_EQ(sticky("a"), "a");
  EXPECT_GT(shares()["a"], 0);
}

TEST_F(Members, KeepAnOperatorsOrderOverAReload) {
  open(plain(""));
  ASSERT_TRUE(order({.member = a_->address(), .order = kDisable}));
  reloaded_ = load(plain("MaxSkipTime 77\n"));
  const auto reloaded = server_->reload();
  ASSERT_TRUE(reloaded) << reloaded.error().detail;
  EXPECT_EQ(member("a").operator_state, OperatorState::kDisabled);
  EXPECT_EQ(shares(), (std::map<std::string, int>{{"b", 8}}));
}

TEST_F(Members, AreDisabledWhenTheirTimeToDrainIsOver) {
  open(plain(""));
  ASSERT_TRUE(order({.member = "a", .order = kDrain, .deadline = Duration(1h)}));
  EXPECT_NEAR(std::chrono::duration<double>(member("a").deadline.value_or(0s)).count(), 3600, 60);
  ASSERT_TRUE(order({.member = "a", .order = kDrain, .deadline = Duration(20ms)}));
  EXPECT_TRUE(until([&] { return member("a").operator_state == OperatorState::kDisabled; }));
  EXPECT_FALSE(member("a").deadline);
}

TEST_F(Members, ThatTheConfigurationHoldsBackCanBeEnabled) {
  open(plain("", "status=+D"));
  EXPECT_EQ(member("a").operator_state, OperatorState::kDisabled);
  EXPECT_EQ(shares(), (std::map<std::string, int>{{"b", 8}}));
  ASSERT_TRUE(order({.member = "a"}));
  EXPECT_EQ(member("a").operator_state, OperatorState::kReady);
}

TEST_F(Members, ThatNobodyKnowsAreNamedInTheRefusal) {
  open(plain(""));
  const auto answer = order({.member = "z", .order = kDisable});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kNoMember);
  EXPECT_EQ(answer.error().detail, "there is no member 'z'; there are a, b");
  const auto elsewhere = order({.member = "a", .cluster = "other", .order = kDisable});
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().detail, "there is no member 'a' in cluster 'other'");
}

}  // namespace
}  // namespace understudy
