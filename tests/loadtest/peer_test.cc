// SPDX-License-Identifier: Apache-2.0
#include "loadtest/peer.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "loadtest/compare.h"
#include "loadtest/installation.h"

namespace understudy::loadtest {
namespace {

TEST(Expand, NamesBecomeTheirValues) {
  const std::map<std::string, std::string> names = {{"LISTEN", "127.0.0.1:1"}, {"A_B", "x"}};
  EXPECT_EQ(*expand("bind $LISTEN; $A_B$A_B $$host", names), "bind 127.0.0.1:1; xx $host");
  EXPECT_EQ(*expand("", names), "");
}

TEST(Expand, AnUnknownNameIsAnError) {
  for (const char* text : {"$NOBODY", "a $", "$lower"}) {
    SCOPED_TRACE(text);
    const auto expanded = expand(text, {{"LISTEN", "x"}});
    ASSERT_FALSE(expanded);
    EXPECT_NE(expanded.error().detail.find("there is no $"), std::string::npos);
  }
}

class Peers : public ::testing::Test {
 protected:
  ~Peers() override { std::filesystem::remove_all(directory_); }
  Result<std::unique_ptr<Peer>> start(const std::string& text) {
    write_file(directory_ + "/peer.conf.in", text);
    return Peer::start({.name = "peer",
                        .file = directory_ + "/peer.conf.in",
                        .directory = directory_ + "/run",
                        .names = {}});
  }
  const std::string directory_ = make_directory(::testing::TempDir());
};

TEST_F(Peers, AProgramThatIsNotThereIsSaid) {
  const auto peer = start("# /nowhere/proxy -c $CONFIG\n");
  ASSERT_FALSE(peer);
  EXPECT_EQ(peer.error().code, ErrorCode::kUnavailable);
}

TEST_F(Peers, AFileWithoutACommandIsRefused) {
  const auto peer = start("listen 80\n");
  ASSERT_FALSE(peer);
  EXPECT_EQ(peer.error().code, ErrorCode::kInvalid);
}

TEST_F(Peers, ItsCpuTimeIncludesItsChildren) {
  const auto peer = start(
      "# /bin/sh $CONFIG\nsh -c 'i=0; while [ $$i -lt 200000 ]; do i=$$((i+1)); done'\ntrue\n");
  ASSERT_TRUE(peer) << peer.error().detail;
  Duration used{};
  while (used < Duration(std::chrono::milliseconds(20))) used = (*peer)->cpu_time();
  EXPECT_GE((*peer)->cpu_time(), used);
}

TEST(CompareTable, RatiosAreTakenWithinARound) {
  // Both proxies were three times as slow in the second round; the ratio is the same.
  const std::vector<ComparedPeer> results = {
      {.name = "haproxy",
       .rounds = {{.cpu_us = 20, .requests = 10}, {.cpu_us = 60, .requests = 10}}},
      {.name = "understudy",
       .rounds = {{.cpu_us = 10, .requests = 10}, {.cpu_us = 30, .requests = 10, .failed = 1}}}};
  const std::string table = to_table(results);
  EXPECT_NE(table.find("| understudy | 30.0 | – | 0.50 |"), std::string::npos) << table;
  EXPECT_NE(table.find("| 20 | 1 |"), std::string::npos) << table;
}

}  // namespace
}  // namespace understudy::loadtest
