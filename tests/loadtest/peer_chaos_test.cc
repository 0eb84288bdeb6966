// SPDX-License-Identifier: Apache-2.0
#include "loadtest/peer_chaos.h"

#include <gtest/gtest.h>

#include "tests/loadtest/support/peer_sites.h"
#include "tests/loadtest/support/test_server.h"

namespace understudy::loadtest {
namespace {

using std::chrono::milliseconds;

class PeerChaosTest : public PeerSites {
 protected:
  PeerChaosTest() {
    write_template("member/listen", "$LISTEN");
    EXPECT_FALSE(site_.open(milliseconds(1))) << "nobody answers";
  }
  // Whoever asks this member whether it is there is answered by the test.
  std::unique_ptr<TestServer> answer_for(const std::string& member) {
    TestServer::Options options;
    options.address = *Address::parse(filled_in(member, "listen"));
    options.pages = {{"/health", "ok"}};
    return std::make_unique<TestServer>(*loop_, options);
  }
  std::unique_ptr<PeerChaos> begin(const std::string& plan) {
    auto chaos = std::make_unique<PeerChaos>(
        site_, *loop_, *parse_plan(plan),
        [this](const std::string& event) { events_.push_back(event.substr(0, event.find(','))); });
    chaos->start();
    return chaos;
  }

  std::vector<std::string> events_;
  PeerSite site_{ports_, options(5)};
};

TEST_F(PeerChaosTest, MembersAreRestartedOneAfterTheOther) {
  const auto chaos = begin("0s kill b; 0s start b; 0s rolling-restart");
  ASSERT_TRUE(turn_until([&] { return events_.size() == 4; }));
  EXPECT_EQ(events_,
            (std::vector<std::string>{"kill b", "start b", "rolling-restart", "restart a"}));
  EXPECT_FALSE(chaos->is_over()) << "a does not answer yet";
  const auto a = answer_for("a");
  ASSERT_TRUE(turn_until([&] { return events_.size() == 6; }));
  EXPECT_EQ(events_[4], "a answers again");
  EXPECT_EQ(events_[5], "restart b");
  const auto b = answer_for("b");
  const auto c = answer_for("c");
  ASSERT_TRUE(turn_until([&] { return chaos->is_over(); }));
  EXPECT_EQ(events_.back(), "c answers again");
  EXPECT_EQ(site_.members(false), (std::vector<std::string>{"d", "e"})) << "they never came";
}

TEST_F(PeerChaosTest, TheNextMemberIsStartedWhenTheOneBeforeAnswers) {
  const auto chaos = begin("0s scale-out 2");
  ASSERT_TRUE(turn_until([&] { return site_.is_running("d"); }));
  // It is asked, and is not there.
  for (int turns = 0; turns < 10; ++turns) loop_->run_once(milliseconds(30));
  EXPECT_FALSE(site_.is_running("e"));
  EXPECT_EQ(events_, (std::vector<std::string>{"scale-out 2"}));
  const auto d = answer_for("d");
  ASSERT_TRUE(turn_until([&] { return site_.is_running("e"); }));
  EXPECT_EQ(events_.back(), "d answers");
  EXPECT_FALSE(chaos->is_over());
  const auto e = answer_for("e");
  ASSERT_TRUE(turn_until([&] { return chaos->is_over(); }));
  EXPECT_EQ(events_.back(), "e answers");
}

}  // namespace
}  // namespace understudy::loadtest
