// SPDX-License-Identifier: Apache-2.0
#include "understudy/options.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

#include "backend_sdk/replication/lease.h"
#include "backend_sdk/replication/payloads.h"
#include "conf/directive_table.h"
#include "cookies/view_header.h"
#include "understudy/node.h"

namespace understudy {
namespace {

class OptionsFile : public ::testing::Test {
 protected:
  OptionsFile() {
    directory_ = std::filesystem::path(::testing::TempDir()) /
                 ("options." + std::to_string(::getpid()) + "." +
                  ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(directory_);
  }
  ~OptionsFile() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& text) const {
    const std::string path = directory_ / "a.conf";
    std::ofstream(path) << text;
    return path;
  }

  std::filesystem::path directory_;
};

constexpr const char* kLeast =
    "MemberName a\nListen 127.0.0.1:7001\nClusterListen 127.0.0.1:7101\n"
    "ClusterKeyFile cluster.key\n";

TEST_F(OptionsFile, EveryDirectiveArrives) {
  const auto options = Options::load(write(R"(
    MemberName              a
    Machine                 rack1
    MemberWeight            50
    Listen                  127.0.0.1:7001
    ClusterName             east
    ClusterListen           127.0.0.1:7101
    ClusterMembers          127.0.0.1:7101,127.0.0.1:7102 [::1]:7103
    MaxMembers              12
    FoundAlone              On
    ClusterMessagingMode    unicast
    ClusterKeyFile          keys/cluster.key
    HeartbeatInterval       fast
    ReplicationGroup        red
    PreferredSecondaryGroup blue
    SoloPolicy              deny
    NoWitness               refuse
    AckTimeout              100
    AckDeadline             1s
    ChannelWindowBytes      1M
    ChannelWindowFrames     64
    MaxReplicaBytes         2G
    SessionCookie           SID
    SessionCookiePath       /shop
    SessionCookieDomain     example.com
    SessionCookieSecure     On
    SessionCookieHttpOnly   Off
    SessionCookieSameSite   None
    SessionTimeout          10m
    MaxSessions             5000
    SoftSessionBytes        8K
    MaxSessionBytes         64K
    StoredResponseMax       4K
    ExclusiveQueue          8
    ExclusiveWait           2s
    DrainTimeout            7s
    ErrorLog                logs/error.log
    LogLevel                warn
  )"));
  ASSERT_TRUE(options) << options.failure().text;
  EXPECT_EQ(options->member_name, "a");
  EXPECT_EQ(options->machine, "rack1");
  EXPECT_EQ(options->weight, 50u);
  EXPECT_EQ(options->listen, "127.0.0.1:7001");
  EXPECT_TRUE(options->found_alone);
  EXPECT_EQ(options->cluster_name, "east");
  EXPECT_EQ(options->cluster_listen, "127.0.0.1:7101");
  EXPECT_EQ(options->cluster_members,
            (std::vector<std::string>{"127.0.0.1:7101", "127.0.0.1:7102", "[::1]:7103"}));
  EXPECT_EQ(options->members_max, 12u);
  EXPECT_EQ(options->cluster_key_file, directory_ / "keys/cluster.key");
  EXPECT_EQ(options->heartbeat_interval, std::chrono::milliseconds(200));
  EXPECT_EQ(options->replication_group, "red");
  EXPECT_EQ(options->preferred_secondary_group, "blue");
  EXPECT_EQ(options->solo, Options::Solo::kDeny);
  EXPECT_EQ(options->no_witness, Options::NoWitness::kRefuse);
  EXPECT_EQ(options->ack_timeout, std::chrono::milliseconds(100));
  EXPECT_EQ(options->ack_deadline, std::chrono::seconds(1));
  EXPECT_EQ(options->channel_window_bytes, 1u << 20);
  EXPECT_EQ(options->channel_window_frames, 64u);
  EXPECT_EQ(options->replica_bytes_max, 2ull << 30);
  EXPECT_EQ(options->session_cookie, "SID");
  EXPECT_EQ(options->session_cookie_path, "/shop");
  EXPECT_EQ(options->session_cookie_domain, "example.com");
  EXPECT_EQ(options->session_cookie_secure, Options::CookieSecure::kOn);
  EXPECT_FALSE(options->session_cookie_http_only);
  EXPECT_EQ(options->session_cookie_same_site, Options::CookieSameSite::kNone);
  EXPECT_EQ(options->session_timeout, std::chrono::minutes(10));
  EXPECT_EQ(options->sessions_max, 5000u);
  EXPECT_EQ(options->session_bytes_soft, 8u << 10);
  EXPECT_EQ(options->session_bytes_max, 64u << 10);
  EXPECT_EQ(options->stored_response_max, 4u << 10);
  EXPECT_EQ(options->exclusive_queue, 8u);
  EXPECT_EQ(options->exclusive_wait, std::chrono::seconds(2));
  EXPECT_EQ(options->drain_timeout, std::chrono::seconds(7));
  EXPECT_EQ(options->error_log, directory_ / "logs/error.log");
  EXPECT_EQ(options->log_level, "warn");
  EXPECT_TRUE(options->validate().empty());
}

// A default stands in the table of directives and, for who fills Options by hand, in options.h.
TEST_F(OptionsFile, DefaultsOfTheFileAreDefaultsOfTheStruct) {
  const auto loaded = Options::load(write(kLeast));
  ASSERT_TRUE(loaded) << loaded.failure().text;
  const Options plain;
  EXPECT_EQ(loaded->weight, plain.weight);
  EXPECT_EQ(loaded->cluster_name, plain.cluster_name);
  EXPECT_EQ(loaded->cluster_insecure, plain.cluster_insecure);
  EXPECT_EQ(loaded->heartbeat_interval, plain.heartbeat_interval);
  EXPECT_EQ(loaded->members_max, plain.members_max);
  EXPECT_EQ(loaded->solo, plain.solo);
  EXPECT_EQ(loaded->no_witness, plain.no_witness);
  EXPECT_EQ(loaded->ack_timeout, plain.ack_timeout);
  EXPECT_EQ(loaded->ack_deadline, plain.ack_deadline);
  EXPECT_EQ(loaded->channel_window_bytes, plain.channel_window_bytes);
  EXPECT_EQ(loaded->channel_window_frames, plain.channel_window_frames);
  EXPECT_EQ(loaded->replica_bytes_max, plain.replica_bytes_max);
  EXPECT_EQ(loaded->session_cookie, plain.session_cookie);
  EXPECT_EQ(loaded->session_cookie_path, plain.session_cookie_path);
  EXPECT_EQ(loaded->session_cookie_domain, plain.session_cookie_domain);
  EXPECT_EQ(loaded->session_cookie_secure, plain.session_cookie_secure);
  EXPECT_EQ(loaded->session_cookie_http_only, plain.session_cookie_http_only);
  EXPECT_EQ(loaded->session_cookie_same_site, plain.session_cookie_same_site);
  EXPECT_EQ(loaded->session_timeout, plain.session_timeout);
  EXPECT_EQ(loaded->sessions_max, plain.sessions_max);
  EXPECT_EQ(loaded->session_bytes_soft, plain.session_bytes_soft);
  EXPECT_EQ(loaded->session_bytes_max, plain.session_bytes_max);
  EXPECT_EQ(loaded->stored_response_max, plain.stored_response_max);
  EXPECT_EQ(loaded->exclusive_queue, plain.exclusive_queue);
  EXPECT_EQ(loaded->exclusive_wait, plain.exclusive_wait);
  EXPECT_EQ(loaded->drain_timeout, plain.drain_timeout);
  EXPECT_EQ(loaded->log_level, plain.log_level);
  EXPECT_FALSE(loaded->machine.empty()) << "the host's name";
}

TEST_F(OptionsFile, EachMistakeIsNamedWithItsPlace) {
  const struct {
    const char* added;
    const char* expected;
  } kCases[] = {
      {"HeartbeatIntervall 1s\n", "HeartbeatInterval"},
      {"HeartbeatInterval 1ms\n", "a.conf:5:19"},
      {"SessionCookie\n", "SessionCookie"},
      {"SessionCookiePath shop\n", "a cookie's path begins with /"},
      {"SessionCookieSameSite None\nSessionCookieSecure Off\n", "browsers refuse a cookie"},
      {"SessionCookieSameSite Loose\n", "Lax, Strict, None, Unset"},
      {"MemberWeight 0\n", "MemberWeight"},
      {"MemberWeight 101\n", "MemberWeight"},
      {"ClusterMembers 127.0.0.1\n", "a.conf:5"},
      {"SoloPolicy perhaps\n", "allow"},
      {"SoftSessionBytes 2M\nMaxSessionBytes 1M\n", "SoftSessionBytes is above MaxSessionBytes"},
      {"AckTimeout 3s\nAckDeadline 1s\n", "AckTimeout is above AckDeadline"},
      {"StoredResponseMax 64K\nMaxSessionBytes 32K\nSoftSessionBytes 1K\n", "StoredResponseMax"},
      {"ClusterInsecure On\nClusterMembers 192.0.2.1:7101\n",
       "a.conf:6:16: error: ClusterInsecure"},
      {"HeartbeatInterval 50s\n", "a.conf:5:19: error: HeartbeatInterval"},
      {"MaxReplicaBytes 3M\n", "a.conf:5:17: error: MaxSessionBytes is above MaxReplicaBytes"},
      {"MaxSessionBytes 2M\nMaxReplicaBytes 1M\n", "a.conf:5:17: error: MaxSessionBytes is"},
      {"SessionTimeout 1h\nAckDeadline 100ms\n", "a.conf:6:13: error: AckTimeout is above"},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.added);
    const auto options = Options::load(write(std::string(kLeast) + one.added));
    ASSERT_FALSE(options);
    EXPECT_EQ(options.failure().code, FailureCode::kConfiguration);
    EXPECT_NE(options.failure().text.find(one.expected), std::string::npos)
        << options.failure().text;
  }
}

TEST_F(OptionsFile, WhatIsMissingIsNamed) {
  const auto options = Options::load(write("MemberName a\n"));
  ASSERT_FALSE(options);
  EXPECT_NE(options.failure().text.find("Listen"), std::string::npos) << options.failure().text;
  const auto without_key =
      Options::load(write("MemberName a\nListen 127.0.0.1:7001\nClusterListen 127.0.0.1:7101\n"));
  ASSERT_FALSE(without_key);
  EXPECT_NE(without_key.failure().text.find("ClusterKeyFile is missing"), std::string::npos);
  EXPECT_FALSE(Options::load(directory_ / "nothing.conf"));
}

Options by_hand() {
  Options options;
  options.member_name = "a";
  options.listen = "127.0.0.1:7001";
  options.cluster_listen = "127.0.0.1:0";
  options.cluster_insecure = true;
  return options;
}

TEST(Options, FilledByHandAreCheckedLikeAFile) {
  EXPECT_EQ(by_hand().validate(), std::vector<std::string>());
  const struct {
    const char* what;
    void (*change)(Options&);
  } kCases[] = {
      {"MemberName", [](Options& o) { o.member_name.clear(); }},
      {"MemberName", [](Options& o) { o.member_name = "a\nListen 0.0.0.0:1"; }},
      {"MemberName", [](Options& o) { o.member_name = "${HOME}"; }},
      {"MemberWeight", [](Options& o) { o.weight = 0; }},
      {"HeartbeatInterval",
       [](Options& o) { o.heartbeat_interval = std::chrono::milliseconds(19); }},
      {"MaxSessionBytes", [](Options& o) { o.session_bytes_max = (4u << 20) + 1; }},
      {"StoredResponseMax", [](Options& o) { o.stored_response_max = (256u << 10) + 1; }},
      {"ExclusiveQueue", [](Options& o) { o.exclusive_queue = 1025; }},
      {"ClusterListen", [](Options& o) { o.cluster_listen = "0.0.0.0:7101"; }},
      {"ClusterKeyFile", [](Options& o) { o.cluster_insecure = false; }},
      {"LogLevel", [](Options& o) { o.log_level = "loud"; }},
      {"SessionCookiePath", [](Options& o) { o.session_cookie_path.clear(); }},
      {"SessionCookieDomain", [](Options& o) { o.session_cookie_domain = "a;b"; }},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.what);
    Options options = by_hand();
    one.change(options);
    const std::vector<std::string> problems = options.validate();
    ASSERT_FALSE(problems.empty());
    EXPECT_NE(problems.front().find(one.what), std::string::npos) << problems.front();
  }
}

// A number that the table of directives allows is one that a member works with: at its bounds it
// is taken, beyond them it is refused at its place. All numeric directives are here.
struct Bounds {
  const char* directive;
  const char* below;  // null: nothing can be
  const char* least;
  const char* most;
  const char* above;
  const char* also = "";  // what else makes the bound possible
};
constexpr Bounds kBounds[] = {
    {"MemberWeight", "0", "1", "100", "101"},
    {"MaxMembers", "0", "1", "2000", "2001"},
    {"HeartbeatInterval", "19ms", "20ms", "40s", "40001ms"},
    {"AckTimeout", "9ms", "10ms", "10s", "10001ms", "AckDeadline 60s\n"},
    {"AckDeadline", "19ms", "20ms", "60s", "60001ms", "AckTimeout 10ms\n"},
    {"ChannelWindowBytes", "65535", "64K", "64M", "67108865"},
    {"ChannelWindowFrames", "15", "16", "65536", "65537"},
    {"MaxReplicaBytes", "1048575", "1M", "1024G", "1099511627777",
     "MaxSessionBytes 1M\nSoftSessionBytes 1M\n"},
    {"SessionTimeout", "999ms", "1s", "30d", "2592000001ms"},
    {"MaxSessions", "0", "1", "100000000", "100000001"},
    {"MaxServedBytes", "1048575", "1M", "1000G", "1073741824001"},
    {"RequestsRemembered", "0", "1", "256", "257"},
    {"RequestMemory", "89999ms", "90s", "1h", "3600001ms"},
    {"SoftSessionBytes", "1023", "1K", "4M", "4194305"},
    {"MaxSessionBytes", "1023", "1K", "4M", "4194305",
     "SoftSessionBytes 1K\nStoredResponseMax 0\n"},
    {"StoredResponseMax", nullptr, "0", "256K", "262145"},
    {"ExclusiveQueue", "0", "1", "1024", "1025"},
    {"ExclusiveWait", "9ms", "10ms", "5m", "300001ms"},
    {"DrainTimeout", nullptr, "0s", "1h", "3600001ms"},
    {"SlowHandler", nullptr, "0s", "1h", "3600001ms"},
    {"RelayConnections", "0", "1", "65536", "65537"},
    {"RelayBufferBytes", "4095", "4K", "16M", "16777217"},
    {"RelayConnectTimeout", "9ms", "10ms", "1m", "60001ms"},
    {"RelayTimeout", "99ms", "100ms", "1h", "3600001ms"},
};

TEST_F(OptionsFile, EveryNumberIsTakenAtItsBoundsAndRefusedBeyondThemAtItsPlace) {
  for (const Bounds& bounds : kBounds) {
    const std::string before = std::string(kLeast) + bounds.also + bounds.directive + " ";
    for (const char* good : {bounds.least, bounds.most}) {
      SCOPED_TRACE(std::string(bounds.directive) + " " + good);
      const auto options = Options::load(write(before + good + "\n"));
      ASSERT_TRUE(options) << options.failure().text;
      EXPECT_EQ(options->validate(), std::vector<std::string>());
    }
    for (const char* bad : {bounds.below, bounds.above}) {
      if (bad == nullptr) continue;
      SCOPED_TRACE(std::string(bounds.directive) + " " + bad);
      const auto options = Options::load(write(before + bad + "\n"));
      ASSERT_FALSE(options);
      const auto line = std::count(before.begin(), before.end(), '\n') + 1;
      const std::string place = "a.conf:" + std::to_string(line) + ":" +
                                std::to_string(std::string(bounds.directive).size() + 2) +
                                ": error: " + bounds.directive;
      EXPECT_NE(options.failure().text.find(place), std::string::npos) << options.failure().text;
      EXPECT_NE(options.failure().text.find(bad == bounds.above ? "at most " : "at least "),
                std::string::npos)
          << options.failure().text;
    }
  }
}

TEST(Options, TheTableOfBoundsHasEveryNumericDirective) {
  std::set<std::string> numeric, tested;
  for (const Bounds& bounds : kBounds) tested.insert(bounds.directive);
  for (const conf::DirectiveSpec& spec : conf::backend_rows()) {
    const bool is_number = spec.argument == conf::Argument::kInteger ||
                           spec.argument == conf::Argument::kSize ||
                           spec.argument == conf::Argument::kDuration;
    if (is_number) numeric.insert(std::string(spec.name));
  }
  EXPECT_EQ(tested, numeric);
}

// What is carried in frames bounds what may be configured: an OPEN's lease, a beat's interval.
TEST(Options, TheLongestBeatMakesALeaseThatASecondaryGrants) {
  Options options = by_hand();
  options.heartbeat_interval = std::chrono::duration_cast<std::chrono::milliseconds>(kLeaseMax) / 3;
  EXPECT_EQ(options.validate(), std::vector<std::string>());
  EXPECT_LE(lease_of(options.heartbeat_interval), kLeaseMax);
  EXPECT_LE(options.heartbeat_interval.count(), UINT16_MAX);
  options.heartbeat_interval += std::chrono::milliseconds(1);
  ASSERT_FALSE(options.validate().empty());
  EXPECT_NE(options.validate().front().find("HeartbeatInterval"), std::string::npos);
}

TEST(Options, AMemberOpensWithTheLongestBeatAndNotWithALongerOne) {
  Options options = by_hand();
  options.heartbeat_interval = std::chrono::seconds(40);
  EXPECT_TRUE(Node::open(options));
  options.heartbeat_interval = std::chrono::seconds(50);
  const auto refused = Node::open(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.failure().code, FailureCode::kConfiguration);
}

TEST(Options, NamesHaveAsManyBytesAsAViewHasRoomFor) {
  const std::pair<const char*, std::string Options::*> kNames[] = {
      {"MemberName", &Options::member_name},
      {"Machine", &Options::machine},
      {"ClusterName", &Options::cluster_name},
      {"ReplicationGroup", &Options::replication_group},
      {"PreferredSecondaryGroup", &Options::preferred_secondary_group}};
  for (const auto& [directive, name] : kNames) {
    SCOPED_TRACE(directive);
    Options options = by_hand();
    options.*name = std::string(kViewNameBytesMax, 'x');
    EXPECT_EQ(options.validate(), std::vector<std::string>());
    EXPECT_TRUE(Node::open(options));
    options.*name += 'x';
    ASSERT_EQ(options.validate().size(), 1U);
    EXPECT_EQ(options.validate().front(),
              std::string(directive) + " has 65 bytes; give it one of at most 64 bytes");
  }
  Options options = by_hand();
  options.cluster_name.clear();
  ASSERT_FALSE(options.validate().empty());
}

TEST(Options, LimitsHoldAtTheirEdge) {
  Options options = by_hand();
  options.weight = 100;
  options.heartbeat_interval = std::chrono::milliseconds(20);
  options.session_bytes_max = 4u << 20;
  options.stored_response_max = 256u << 10;
  options.exclusive_queue = 1024;
  EXPECT_EQ(options.validate(), std::vector<std::string>());
}

}  // namespace
}  // namespace understudy
