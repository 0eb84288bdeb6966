// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/member_table.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/routing/test_cluster.h"

namespace understudy::routing {
namespace {

MemberTable table_of(std::string_view seeds, MemberTable::Options options = {}) {
  std::vector<Seed> all;
  for (std::size_t i = 0; i < seeds.size(); ++i) all.push_back(seed_of(seeds.substr(i, 1)));
  return {all, options};
}

TEST(MemberTable, FindsMembersByEveryNameTheyHave) {
  MemberTable table = table_of("ab");
  static_cast<void>(table.apply(view_of(1, {entry_of("a"), entry_of("b")}), TimePoint()));
  Member* const a = table.by_address(address_of("a"));
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(table.by_mid(mid_of("a")), a);
  EXPECT_EQ(table.by_route("a"), a);
  EXPECT_EQ(table.by_serial(a->serial), a);
  EXPECT_EQ(table.by_mid(99), nullptr);
  EXPECT_EQ(table.by_route("z"), nullptr);
  EXPECT_EQ(table.by_address("127.0.0.1:1"), nullptr);
  EXPECT_EQ(table.by_serial(99), nullptr);
}

TEST(MemberTable, GivesASeedTheIdentityThatTheViewHasForItsAddress) {
  MemberTable table = table_of("a");
  Member* const seed = table.by_address(address_of("a"));
  seed->counters.requests = 7;
  const ViewChange change = table.apply(view_of(1, {entry_of("a"), entry_of("b")}), TimePoint());
  EXPECT_TRUE(change.is_empty());
  EXPECT_EQ(table.by_mid(mid_of("a")), seed);
  EXPECT_EQ(seed->counters.requests, 7U);
  EXPECT_EQ(seed->name, "a");
  EXPECT_EQ(table.members().size(), 2U);
}

TEST(MemberTable, KeepsObjectsSlotsAndCountersOverViews) {
  MemberTable table = table_of("a");
  static_cast<void>(table.apply(view_of(1, {entry_of("a"), entry_of("b")}), TimePoint()));
  Member* const b = table.by_mid(mid_of("b"));
  b->counters.requests = 3;
  const std::uint32_t slot = b->slot;
  static_cast<void>(table.apply(view_of(2, {entry_of("b"), entry_of("c")}), TimePoint()));
  EXPECT_EQ(table.by_mid(mid_of("b")), b);
  EXPECT_EQ(b->slot, slot);
  EXPECT_EQ(b->counters.requests, 3U);
}

TEST(MemberTable, HandsBackWhoVanished) {
  MemberTable table = table_of("a");
  static_cast<void>(table.apply(view_of(1, {entry_of("a"), entry_of("b")}), TimePoint()));
  const Member* const b = table.by_mid(mid_of("b"));
  const ViewChange change = table.apply(view_of(2, {entry_of("a")}), TimePoint());
  ASSERT_EQ(change.vanished.size(), 1U);
  EXPECT_EQ(change.vanished[0].get(), b);
  EXPECT_EQ(table.by_mid(mid_of("b")), nullptr);
}

TEST(MemberTable, NamesADeadMemberOnceAndKeepsIt) {
  MemberTable table = table_of("ab");
  static_cast<void>(table.apply(view_of(1, {entry_of("a"), entry_of("b")}), TimePoint()));
  const ClusterView dead = view_of(2, {entry_of("a"), entry_of("b", AliveState::kDead)});
  EXPECT_EQ(table.apply(dead, TimePoint()).dead, std::vector<Member*>{table.by_mid(mid_of("b"))});
  EXPECT_TRUE(table.apply(dead, TimePoint()).is_empty());
}

TEST(MemberTable, TakesARestartedMemberForANewOne) {
  MemberTable table = table_of("ab");
  static_cast<void>(table.apply(view_of(1, {entry_of("a"), entry_of("b")}), TimePoint()));
  Member* const before = table.by_address(address_of("b"));
  before->counters.requests = 9;
  ViewEntry reborn = entry_of("b");
  reborn.mid = 77;
  const ViewChange change = table.apply(view_of(2, {entry_of("a"), reborn}), TimePoint());
  ASSERT_EQ(change.vanished.size(), 1U);
  EXPECT_EQ(change.vanished[0].get(), before);
  const Member* const after = table.by_address(address_of("b"));
  EXPECT_EQ(after->mid, 77U);
  EXPECT_EQ(after->counters.requests, 0U);
  EXPECT_TRUE(after->is_seed);
  EXPECT_NE(after->slot, before->slot) << "pools of the old life must not serve the new one";
}

TEST(MemberTable, PrefersTheLivingAtAnAddressWhereADeadOneIsStillListed) {
  MemberTable table = table_of("a");
  ViewEntry reborn = entry_of("b");
  reborn.mid = 77;
  static_cast<void>(table.apply(
      view_of(1, {entry_of("a"), entry_of("b", AliveState::kDead), reborn}), TimePoint()));
  EXPECT_EQ(table.by_address(address_of("b"))->mid, 77U);
}

TEST(MemberTable, NeverLosesASeed) {
  MemberTable table = table_of("ab");
  static_cast<void>(table.apply(view_of(1, {entry_of("a"), entry_of("b")}), TimePoint()));
  static_cast<void>(table.apply(view_of(2, {entry_of("a")}), TimePoint()));
  const Member* const b = table.by_address(address_of("b"));
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->liveness, Liveness::kUnlisted);
  EXPECT_FALSE(b->mid) << "whoever answers there next is another life";
}

TEST(MemberTable, UsesSlotsAgainButNotAtOnce) {
  MemberTable table = table_of("a");
  std::uint32_t highest = 0;
  for (std::uint64_t version = 1; version < 1000; ++version) {
    ViewEntry changing = entry_of("b");
    changing.mid = static_cast<std::uint32_t>(1000 + version);
    static_cast<void>(table.apply(view_of(version, {entry_of("a"), changing}), TimePoint()));
    highest = std::max(highest, table.by_mid(changing.mid)->slot);
  }
  EXPECT_LE(highest, 4U);
}

TEST(MemberTable, HoldsNoMoreMembersThanItsLimit) {
  for (const std::size_t extra : {0U, 1U}) {
    MemberTable table = table_of("a", {.members_max = 10});
    std::vector<ViewEntry> entries{entry_of("a")};
    for (std::uint32_t i = 0; i < 9 + extra; ++i) {
      entries.push_back(
          {.mid = 100 + i, .name = "m", .address = "127.0.0.2:" + std::to_string(i + 1)});
    }
    static_cast<void>(table.apply(view_of(1, entries), TimePoint()));
    EXPECT_EQ(table.members().size(), 10U);
  }
}

TEST(MemberTable, AsksNobodyWhoseHostHasNoAddressYet) {
  MemberTable table = table_of("a");
  ViewEntry named = entry_of("b");
  named.address = "member-b.example:7002";
  static_cast<void>(table.apply(view_of(1, {entry_of("a"), named}), TimePoint()));
  EXPECT_EQ(table.rings(TimePoint()).good.size(), 1U);
  table.set_addresses(named.address, std::vector{*Address::parse("127.0.0.9:7002")});
  EXPECT_EQ(table.rings(TimePoint()).good.size(), 2U);
}

TEST(MemberTable, LearnsAMidAnewAndForOneMemberOnly) {
  MemberTable table = table_of("ab");
  Member& a = *table.by_address(address_of("a"));
  Member& b = *table.by_address(address_of("b"));
  table.learn_mid(a, 5);
  table.learn_mid(a, 6);
  table.learn_mid(b, 5);
  table.learn_mid(b, 6);
  EXPECT_EQ(table.by_mid(6), &a) << "the process there was started again";
  EXPECT_EQ(a.mid, 6U);
  EXPECT_EQ(table.by_mid(5), &b);
  EXPECT_EQ(b.mid, 5U) << "6 is another's";
}

TEST(MemberTable, SortsItsRingsOnlyWhenSomethingChanged) {
  MemberTable table = table_of("ab");
  ManualClock clock;
  static_cast<void>(table.rings(clock.now()));
  const std::uint64_t version = table.rings_version();
  for (int i = 0; i < 10; ++i) table.on_success(*table.by_address(address_of("a")), clock.now());
  static_cast<void>(table.rings(clock.now()));
  EXPECT_EQ(table.rings_version(), version);
  table.on_failure(*table.by_address(address_of("a")), Failure::kReset, clock.now());
  EXPECT_EQ(table.rings(clock.now()).doubtful.size(), 1U);
  EXPECT_NE(table.rings_version(), version);
}

}  // namespace
}  // namespace understudy::routing
