// SPDX-License-Identifier: Apache-2.0
#include "loadtest/peer_site.h"

#include <gtest/gtest.h>

#include "tests/loadtest/support/peer_sites.h"

namespace understudy::loadtest {
namespace {

using std::chrono::milliseconds;

TEST_F(PeerSites, WhatIsNotInstalledIsNamed) {
  const PeerSite site(ports_, options());
  EXPECT_TRUE(site.check());
  write_template("needs", "/bin/sh dash\n/no/such/thing thingd\n/nor/this thatd\n");
  const auto there = site.check();
  ASSERT_FALSE(there);
  EXPECT_EQ(there.error().detail, "not installed: thingd, thatd");
}

TEST_F(PeerSites, ANameThatNobodyKnowsIsAnError) {
  write_template("front/conf", "listen $LISTEN\nspeak $TONGUE\n");
  const auto opened = PeerSite(ports_, options()).open(milliseconds(1));
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().detail.find("front/conf"), std::string::npos) << opened.error().detail;
  EXPECT_NE(opened.error().detail.find("TONGUE"), std::string::npos) << opened.error().detail;
}

TEST_F(PeerSites, OneThatDoesNotAnswerIsToldWithItsLog) {
  PeerSite site(ports_, options());
  const auto opened = site.open(milliseconds(100));
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().detail.find("does not answer in time"), std::string::npos);
  EXPECT_NE(opened.error().detail.find("log of front"), std::string::npos);
  EXPECT_TRUE(site.is_running("a"));
  EXPECT_FALSE(site.has("store"));
}

TEST_F(PeerSites, ALineForEachOrForEachOtherIsWrittenSoOften) {
  write_template("member/conf", "$NAME\nother $OTHER_NAME $OTHER_ID\nend");
  write_template("front/conf", "all\n$EACH_NAME $EACH_ID\n");
  PeerSite site(ports_, options());
  EXPECT_FALSE(site.open(milliseconds(1)));
  EXPECT_EQ(filled_in("b", "conf"), "b\nother a 1\nother c 3\nend");
  EXPECT_EQ(filled_in("front", "conf"), "all\na 1\nb 2\nc 3\n");
}

TEST_F(PeerSites, WhoeverComesLaterIsDeclaredButNotStarted) {
  write_template("front/conf", "$EACH_NAME\n");
  write_template("store/start", "exec /bin/sleep 60\n");
  PeerSite site(ports_, options(5));
  EXPECT_FALSE(site.open(milliseconds(1)));
  EXPECT_EQ(filled_in("front", "conf"), "a\nb\nc\nd\ne\n");
  EXPECT_EQ(site.members(true), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(site.members(false), (std::vector<std::string>{"d", "e"}));
  EXPECT_FALSE(site.is_running("d"));
  EXPECT_TRUE(site.is_running("store"));
  site.start("d");
  EXPECT_TRUE(site.is_running("d"));
}

}  // namespace
}  // namespace understudy::loadtest
