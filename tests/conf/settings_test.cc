// SPDX-License-Identifier: Apache-2.0
#include "conf/settings.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/conf/reading.h"

namespace understudy::conf {
namespace {

using std::chrono::milliseconds;

std::unique_ptr<Configuration> load(Program program, const std::string& text) {
  const Reading reading(text);
  auto loaded = Configuration::load("main.conf", program, reading.files, reading.options());
  EXPECT_FALSE(loaded->diagnostics().has_errors()) << loaded->diagnostics().text();
  return loaded;
}

constexpr const char* kBackend = R"(
MemberName a
Listen 127.0.0.1:7001
ClusterListen [::1]:7101
ClusterMembers a:1,b:2 c:3
HeartbeatInterval fast
AckTimeout 300
MaxSessionBytes 1M
NoWitness REFUSE
ClusterInsecure on
)";

TEST(Settings, ReadsEachKind) {
  const auto configuration = load(Program::kBackend, kBackend);
  const Settings settings = configuration->settings();
  EXPECT_EQ(settings.text("MemberName"), "a");
  EXPECT_EQ(settings.address("ClusterListen"), (HostPort{.host = "::1", .port = 7101}));
  EXPECT_EQ(settings.addresses("ClusterMembers").size(), 3u);
  EXPECT_EQ(settings.duration("HeartbeatInterval"), milliseconds(200));
  EXPECT_EQ(settings.duration("AckTimeout"), milliseconds(300));
  EXPECT_EQ(settings.bytes("MaxSessionBytes"), 1'048'576u);
  EXPECT_EQ(settings.text("NoWitness"), "refuse");
  EXPECT_TRUE(settings.flag("ClusterInsecure"));
}

TEST(Settings, DefaultsComeFromTheTable) {
  const auto configuration = load(Program::kBackend, kBackend);
  const Settings settings = configuration->settings();
  EXPECT_EQ(settings.duration("SessionTimeout"), std::chrono::minutes(30));
  EXPECT_EQ(settings.integer("ExclusiveQueue"), 32);
  EXPECT_EQ(settings.text("ClusterName"), "understudy");
  EXPECT_EQ(settings.text("Machine"), "");
  EXPECT_FALSE(settings.is_set("SessionTimeout"));
  EXPECT_EQ(settings.directive("SessionTimeout"), nullptr);
  EXPECT_EQ(settings.directive("AckTimeout")->name.at.line, 7u);
}

TEST(Settings, TheInnerSectionWins) {
  const auto configuration = load(Program::kProxy,
                                  "Listen 80\nIOTimeoutSecs 20\nWLCookieName OUTER\n"
                                  "<Location />\nIOTimeoutSecs 1m\n</Location>\n");
  const Settings global = configuration->settings();
  const Settings inner(Program::kProxy, global.all_here("Location").front()->children, &global);
  EXPECT_EQ(global.duration("IOTimeoutSecs"), std::chrono::seconds(20));
  EXPECT_EQ(inner.duration("IOTimeoutSecs"), std::chrono::seconds(60));
  EXPECT_EQ(inner.text("SessionCookie"), "OUTER");
  EXPECT_EQ(inner.bytes("MaxPostSize"), kUnlimitedBytes);
  EXPECT_EQ(global.integer("Workers"), 0);
  EXPECT_TRUE(inner.all_here("Location").empty());
}

TEST(Settings, WhatIsInForceReadsTheSameHoweverItWasWritten) {
  const auto one = load(Program::kProxy, "Listen 80\nTimeout 60\nKeepAlive TRUE\n");
  const auto other = load(Program::kProxy, "# x\nkeepalive on\n\nListen 80\nTimeout 1m\n");
  EXPECT_EQ(one->settings().effective_text(kGlobal), other->settings().effective_text(kGlobal));
  const auto different = load(Program::kProxy, "Listen 80\nTimeout 61\n");
  EXPECT_NE(one->settings().effective_text(kGlobal), different->settings().effective_text(kGlobal));
}

TEST(Settings, EveryDefaultCanBeRead) {
  const auto configuration = load(Program::kBackend, kBackend);
  const auto proxy = load(Program::kProxy, "Listen 80\n");
  EXPECT_NE(configuration->settings().effective_text(kGlobal).find("AckDeadline 2s\n"),
            std::string::npos);
  EXPECT_NE(proxy->settings().effective_text(kEverywhere).find("KeepAliveSecs 20s\n"),
            std::string::npos);
}

TEST(SettingsDeathTest, AWrongNameOrTypeIsABug) {
  const auto configuration = load(Program::kBackend, kBackend);
  const Settings settings = configuration->settings();
  EXPECT_DEATH(settings.flag("NoSuchDirective"), "not in the table");
  EXPECT_DEATH(settings.flag("AckTimeout"), "not of this type");
}

TEST(Configuration, PathsAreRelativeToTheFileTheyStandIn) {
  Reading reading("MemberName a\nListen a:1\nClusterListen a:2\nInclude etc/keys.conf\n");
  reading.with("etc/keys.conf", "ClusterKeyFile cluster.key\n");
  const auto loaded =
      Configuration::load("main.conf", Program::kBackend, reading.files, reading.options());
  const Settings settings = loaded->settings();
  EXPECT_EQ(loaded->resolved_path(settings.directive("ClusterKeyFile")->arguments[0]),
            "etc/cluster.key");
}

}  // namespace
}  // namespace understudy::conf
