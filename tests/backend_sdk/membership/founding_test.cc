// SPDX-License-Identifier: Apache-2.0
// Who founds a group and who must not (PROTOCOL 3.3): one that only foreign processes answer stays
// outside and says why; those that start together find each other within two beats.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "tests/backend_sdk/membership/virtual_cluster.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kBeat = VirtualCluster::kBeat;

std::shared_ptr<const Keyring> keys_of(const std::string& ids) {
  std::vector<std::array<uint8_t, 32>> bytes;
  bytes.reserve(ids.size());
  std::vector<Keyring::NamedKey> named;
  for (const char id : ids) {
    bytes.emplace_back().fill(static_cast<uint8_t>(id));
    named.push_back({id, bytes.back()});
  }
  return Keyring::from_keys(named).keyring;
}

// a, b and c are a cluster of the key 1.
class WrongKey : public testing::Test {
 protected:
  WrongKey() {
    for (const char* name : {"a", "b", "c"}) give(name, "1");
    cluster.start_all("abc");
  }
  void give(const std::string& name, const std::string& ids) {
    cluster.network.set_keys(cluster.address(name), keys_of(ids));
  }
  bool is_told(const std::string& name, const std::string& text) {
    return cluster.at(name).obstacle().find(text) != std::string::npos;
  }
  VirtualCluster cluster{3};
};

TEST_F(WrongKey, StartsNoGroupSaysWhyAndHarmsNobody) {
  give("d", "2");
  cluster.start("d");
  cluster.network.run_for(seconds(60));
  EXPECT_FALSE(cluster.at("d").is_admitted());
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_TRUE(is_told("d", cluster.address(name).to_string() + " refuses our cluster key"))
        << cluster.at("d").obstacle();
  }
  EXPECT_TRUE(is_told("d", "FoundAlone"));
  EXPECT_TRUE(cluster.agree("abc")) << cluster.describe();
  EXPECT_EQ(cluster.expulsions(), 0);

  give("d", "1");
  EXPECT_TRUE(cluster.run_until_agreed("abcd", 2 * kBeat)) << cluster.describe();
  EXPECT_EQ(cluster.at("d").obstacle(), "");
}

TEST_F(WrongKey, NeitherWhereTheOthersAreSilentOrGone) {
  cluster.network.power_off(cluster.address("a"));
  cluster.kill("b");
  give("d", "2");
  cluster.start("d");
  cluster.network.run_for(40 * kBeat);
  EXPECT_FALSE(cluster.at("d").is_admitted());
  EXPECT_TRUE(is_told("d", cluster.address("c").to_string() + " refuses"));
  EXPECT_FALSE(is_told("d", cluster.address("b").to_string()));
  cluster.kill("c");
  EXPECT_TRUE(cluster.run_until_agreed("d", 2 * kBeat)) << "no process answers any more";
}

TEST_F(WrongKey, StartsAGroupWhereTheOperatorWantsIt) {
  give("d", "2");
  cluster.found_alone = true;
  cluster.start("d");
  cluster.network.run_for(2 * kBeat - milliseconds(1));
  EXPECT_FALSE(cluster.at("d").is_admitted());
  EXPECT_TRUE(cluster.run_until_agreed("d", milliseconds(20)));
  cluster.network.run_for(seconds(20));
  EXPECT_TRUE(cluster.agree("d"));
  EXPECT_TRUE(cluster.agree("abc")) << "neither knows of the other";
}

TEST_F(WrongKey, AnOldOneThatTheOthersStillAcceptIsNone) {
  for (const char* name : {"a", "b", "c"}) give(name, "21");
  give("d", "12");
  cluster.start("d");
  EXPECT_TRUE(cluster.run_until_agreed("abcd", 2 * kBeat));
}

TEST_F(WrongKey, AnExpelledMemberWaitsForTheRightOne) {
  cluster.pause("c");
  cluster.network.run_for(seconds(3));
  for (const char* name : {"a", "b"}) give(name, "2");
  cluster.resume("c");
  // Its own links stand; they break, and it learns by other ways that it is out.
  cluster.network.break_links(cluster.address("c"), cluster.address("a"));
  cluster.network.break_links(cluster.address("c"), cluster.address("b"));
  cluster.network.run_for(seconds(10));
  give("c", "2");
  EXPECT_TRUE(cluster.run_until_agreed("abc", seconds(10))) << cluster.describe();
}

// An operator who typed one port wrong still has a cluster.
TEST(Founding, OneForeignProcessAmongTheSeedsHindersNoTwoMembers) {
  VirtualCluster cluster(3);
  for (const char* name : {"a", "b"}) cluster.network.set_keys(cluster.address(name), keys_of("1"));
  cluster.network.set_keys(cluster.address("c"), keys_of("2"));
  for (const char* name : {"c", "a", "b"}) cluster.start(name);
  EXPECT_TRUE(cluster.run_until_agreed("ab", 2 * kBeat)) << cluster.describe();
  cluster.network.run_for(seconds(20));
  EXPECT_FALSE(cluster.at("c").is_admitted());
  cluster.start("d", "bc");
  EXPECT_TRUE(cluster.run_until_agreed("abd", 2 * kBeat));
}

TEST(Founding, OneThatTheGroupRefusesSaysWhatItWasToldAndStartsNone) {
  VirtualCluster cluster(3);
  cluster.start_all("ab");
  cluster.found_alone = true;
  cluster.start_as("z", "a", "ab");
  cluster.network.run_for(seconds(20));
  EXPECT_FALSE(cluster.at("z").is_admitted());
  EXPECT_NE(cluster.at("z").obstacle().find("does not let it in: "), std::string::npos)
      << cluster.at("z").obstacle();
  cluster.kill("a");
  cluster.kill("b");
  EXPECT_TRUE(cluster.network.run_until([&] { return cluster.at("z").is_admitted(); }, 5 * kBeat));
}

// ---- two that start together

struct Start {
  const char* first;
  const char* second;
  const char* seeds;  // of both; a third one may be named that does not run
};

class TwoThatStart : public testing::TestWithParam<Start> {};

INSTANTIATE_TEST_SUITE_P(Orders, TwoThatStart,
                         testing::Values(Start{"a", "b", "ab"}, Start{"b", "a", "ab"},
                                         Start{"a", "b", "abc"}, Start{"b", "a", "abc"},
                                         Start{"b", "c", "abc"}, Start{"c", "b", "abc"}));

// From the start of the later one. Every offset of whole steps up to four beats, each with random
// delays and a random part of a step.
TEST_P(TwoThatStart, AreOneGroupWithinTwoBeatsWhateverTheirOffset) {
  const Start start = GetParam();
  const std::string both = std::string(start.first) + start.second;
  const Duration step = kBeat / 100;
  Duration slowest{};
  for (uint64_t i = 0; i <= 400; ++i) {
    VirtualCluster cluster(i + 1);
    cluster.start(start.first, start.seeds);
    const Duration part(cluster.network.random().below(static_cast<uint64_t>(step.count())));
    const Duration offset = static_cast<int64_t>(i) * step + (i == 0 ? Duration{} : part);
    cluster.network.run_for(offset);
    cluster.start(start.second, start.seeds);
    const TimePoint began = cluster.network.now();
    ASSERT_TRUE(cluster.run_until_agreed(both, 2 * kBeat))
        << "offset " << std::chrono::duration_cast<std::chrono::microseconds>(offset).count()
        << " us" << cluster.describe();
    slowest = std::max(slowest, cluster.network.now() - began);
    EXPECT_EQ(cluster.expulsions(), 0);
  }
  std::cout << both << " of " << start.seeds << ": slowest "
            << std::chrono::duration_cast<milliseconds>(slowest).count() << " ms of "
            << std::chrono::duration_cast<milliseconds>(2 * kBeat).count() << "\n";
}

}  // namespace
}  // namespace understudy
