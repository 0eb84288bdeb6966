// SPDX-License-Identifier: Apache-2.0
#include "loadtest/peer_site.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace understudy::loadtest {
namespace {

class PeerSites : public ::testing::Test {
 protected:
  PeerSites() {
    for (const char* kind : {"member", "front"}) {
      std::filesystem::create_directories(templates_ + "/" + kind);
      write_file(templates_ + "/" + kind + "/start", "exec /bin/sleep 60\n");
    }
    write_file(templates_ + "/needs", "/bin/sh dash\n");
  }
  ~PeerSites() override { std::filesystem::remove_all(templates_); }

  const std::unique_ptr<EventLoop> loop_ = std::move(*EventLoop::open());
  Installation ports_{*loop_, "/nowhere", make_directory(::testing::TempDir())};
  const std::string templates_ = make_directory(::testing::TempDir());
  PeerSite site_{ports_, templates_, ports_.directory() + "/site"};
};

TEST_F(PeerSites, WhatIsNotInstalledIsNamed) {
  EXPECT_TRUE(site_.check());
  write_file(templates_ + "/needs", "/bin/sh dash\n/no/such/thing thingd\n/nor/this thatd\n");
  const auto there = site_.check();
  ASSERT_FALSE(there);
  EXPECT_EQ(there.error().detail, "not installed: thingd, thatd");
}

TEST_F(PeerSites, ANameThatNobodyKnowsIsAnError) {
  write_file(templates_ + "/front/conf", "listen $LISTEN\nspeak $TONGUE\n");
  const auto opened = site_.open(std::chrono::milliseconds(1));
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().detail.find("front/conf"), std::string::npos) << opened.error().detail;
  EXPECT_NE(opened.error().detail.find("TONGUE"), std::string::npos) << opened.error().detail;
}

TEST_F(PeerSites, OneThatDoesNotAnswerIsToldWithItsLog) {
  const auto opened = site_.open(std::chrono::milliseconds(100));
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().detail.find("does not answer in time"), std::string::npos);
  EXPECT_NE(opened.error().detail.find("log of front"), std::string::npos);
  EXPECT_TRUE(site_.is_running("a"));
  EXPECT_FALSE(site_.has("store"));
}

TEST_F(PeerSites, MembersAreRestartedOneAfterTheOther) {
  EXPECT_FALSE(site_.open(std::chrono::milliseconds(1)));
  std::vector<std::string> events;
  PeerChaos chaos(site_, *loop_, *parse_plan("0s kill b; 0s start b; 0s restart a"),
                  [&](const std::string& event) { events.push_back(event); });
  chaos.start();
  const SystemClock clock;
  const TimePoint end = clock.now() + std::chrono::milliseconds(300);
  while (clock.now() < end) loop_->run_once(std::chrono::milliseconds(10));
  EXPECT_EQ(events, (std::vector<std::string>{"kill b", "start b", "restart a"}));
  EXPECT_FALSE(chaos.is_over()) << "a does not answer yet";
  EXPECT_TRUE(site_.is_running("a"));
  EXPECT_TRUE(site_.is_running("b"));
}

}  // namespace
}  // namespace understudy::loadtest
