// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/view_keeper.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "tests/proxy/routing/test_cluster.h"

namespace understudy::routing {
namespace {

using std::chrono_literals::operator""ms;

ClusterView view_at(std::uint64_t version) {
  return view_of(version, {entry_of("a"), entry_of("b")});
}

// Of another group, with mids of its own.
ClusterView of_group(std::uint64_t group, std::uint64_t version, std::string_view names) {
  ClusterView view = view_of(version, {});
  for (std::size_t i = 0; i < names.size(); ++i) {
    view.entries.push_back(entry_of(names.substr(i, 1)));
    view.entries.back().mid += static_cast<std::uint32_t>(1000 * group);
  }
  view.group = group;
  return view;
}

// All members restarted: the same names and addresses, another group, versions from the beginning.
ClusterView after_restart(std::uint64_t version) {
  return of_group(9, version, "ab");
}

TEST(ViewKeeper, BelievesASignedListAndThenOnlyAHigherVersion) {
  TestCluster cluster("ab");
  EXPECT_EQ(cluster.learn(view_at(5)).verdict, ViewVerdict::kNew);
  EXPECT_EQ(cluster.learn(view_at(5)).verdict, ViewVerdict::kHeld);
  ClusterView other = view_at(4);
  other.entries.pop_back();
  EXPECT_EQ(cluster.learn(other).verdict, ViewVerdict::kOlder);
  other.version = 5;
  EXPECT_EQ(cluster.learn(other).verdict, ViewVerdict::kOlder);
  other.version = 6;
  EXPECT_EQ(cluster.learn(other).verdict, ViewVerdict::kNew);
}

TEST(ViewKeeper, RefusesAListThatIsNotSignedByTheCluster) {
  TestCluster cluster("ab");
  const Member& a = *cluster.member("a");
  const std::string foreign_key = TestCluster::header(view_at(9), 8);
  EXPECT_EQ(cluster->on_view(a, foreign_key, cluster.now()).verdict, ViewVerdict::kRefused);
  std::string altered = TestCluster::header(view_at(9));
  altered[altered.size() / 2] ^= 1;
  EXPECT_EQ(cluster->on_view(a, altered, cluster.now()).verdict, ViewVerdict::kRefused);
  ClusterView other_cluster = view_at(9);
  other_cluster.cluster = "other";
  EXPECT_EQ(cluster->on_view(a, TestCluster::header(other_cluster), cluster.now()).verdict,
            ViewVerdict::kRefused);
  EXPECT_EQ(cluster->on_view(a, "", cluster.now()).verdict, ViewVerdict::kRefused);
  EXPECT_EQ(cluster->table().members().size(), 2U);
}

TEST(ViewKeeper, BelievesNothingWhereTheListIsStatic) {
  TestCluster cluster("ab", {.is_dynamic = false});
  EXPECT_EQ(cluster.learn(view_at(1)).verdict, ViewVerdict::kStatic);
  EXPECT_EQ(cluster->views().ask_due(cluster.now()), TimePoint::max());
}

TEST(ViewKeeper, WantsTheListBehindAnUnknownHash) {
  TestCluster cluster("ab");
  const std::string hash_alone = TestCluster::header(view_at(1)).substr(0, kHex64Bytes);
  EXPECT_EQ(cluster->on_view(*cluster.member("a"), hash_alone, cluster.now()).verdict,
            ViewVerdict::kNoList);
}

TEST(ViewKeeper, ShowsMembersTheHashItHolds) {
  TestCluster cluster("ab");
  EXPECT_EQ(cluster->views().hash(), format_hex64(0));
  static_cast<void>(cluster.learn(view_at(1)));
  EXPECT_EQ(cluster->views().hash(), format_hex64(view_hash(view_at(1)).value()));
}

TEST(ViewKeeper, ComparesVersionsOnlyWithinAGroup) {
  struct Case {
    const char* what;
    std::uint64_t group, version;
    std::vector<std::uint64_t> absorbed;
    ViewRelation expected;
  };
  ClusterView held = of_group(3, 500, "abc");
  held.absorbed = {1, 2};
  const Case cases[] = {
      {"ours, a higher version", 3, 501, {1, 2}, ViewRelation::kNewer},
      {"ours, the same version", 3, 500, {1, 2}, ViewRelation::kOlder},
      {"ours, a lower version", 3, 499, {}, ViewRelation::kOlder},
      {"ours of before a merge, with a higher version", 3, 501, {}, ViewRelation::kNewer},
      {"absorbed by ours", 2, 900, {}, ViewRelation::kOlder},
      {"absorbed by ours, and says the opposite", 2, 900, {3}, ViewRelation::kOlder},
      {"has absorbed ours", 7, 1, {3}, ViewRelation::kNewer},
      {"has absorbed ours and others", 7, 1, {2, 3, 6}, ViewRelation::kNewer},
      {"has absorbed what ours has absorbed", 7, 900, {1, 2}, ViewRelation::kRival},
      {"has never met ours, of a higher term", 7, std::uint64_t{9} << 32, {}, ViewRelation::kRival},
      {"has never met ours", 7, 1, {}, ViewRelation::kRival},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    ClusterView next = of_group(c.group, c.version, "a");
    next.absorbed = c.absorbed;
    EXPECT_EQ(relate(next, held), c.expected);
  }
}

// Issue 9, row 11: a foreign one-member group of a higher term.
TEST(ViewKeeper, DoesNotBelieveALoneMemberAgainstThoseThatWereNotHeard) {
  TestCluster cluster("abc");
  static_cast<void>(cluster.learn("a", of_group(1, 5, "abc")));
  const ClusterView alone = of_group(2, std::uint64_t{9} << 32, "c");
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(cluster.learn("c", alone).verdict, ViewVerdict::kRival);
    cluster.wait(1000ms);
  }
  EXPECT_EQ(cluster.learn("a", of_group(1, 6, "ab")).verdict, ViewVerdict::kNew);
}

TEST(ViewKeeper, BelievesALoneMemberWhenNobodyElseIsLeft) {
  TestCluster cluster("abc");
  static_cast<void>(cluster.learn("a", of_group(1, 5, "abc")));
  const ClusterView alone = of_group(2, 1, "c");
  cluster.fail("a", Failure::kUnreachable);
  EXPECT_EQ(cluster.learn("c", alone).verdict, ViewVerdict::kRival);
  cluster.fail("b", Failure::kUnavailable);
  EXPECT_EQ(cluster.learn("c", alone).verdict, ViewVerdict::kRival) << "a 503 is an answer";
  cluster.fail("b", Failure::kReset);
  EXPECT_EQ(cluster.learn("c", alone).verdict, ViewVerdict::kNew);
}

TEST(ViewKeeper, FollowsTheGroupThatHasAbsorbedItsOwnAtOnceAndNotBack) {
  TestCluster cluster("abcd");
  static_cast<void>(cluster.learn("a", of_group(1, 500, "abc")));
  ClusterView merged = of_group(2, 3, "abcd");
  merged.absorbed = {1};
  EXPECT_EQ(cluster.learn("d", merged).verdict, ViewVerdict::kNew);
  EXPECT_EQ(cluster.learn("a", of_group(1, 501, "abc")).verdict, ViewVerdict::kOlder);
  cluster.wait(100000ms);
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_EQ(cluster.learn(name, of_group(1, 501, "abc")).verdict, ViewVerdict::kOlder);
  }
}

TEST(ViewKeeper, BelievesARestartedClusterWhenMostOfItHasBeenHeard) {
  TestCluster cluster("abc");
  static_cast<void>(cluster.learn("a", of_group(1, 500, "abc")));
  const ClusterView restarted = of_group(2, 1, "abc");
  EXPECT_EQ(cluster.learn("a", restarted).verdict, ViewVerdict::kRival);
  EXPECT_EQ(cluster.learn("a", restarted).verdict, ViewVerdict::kRival) << "one member, one voice";
  EXPECT_EQ(cluster.learn("b", restarted).verdict, ViewVerdict::kNew);
  EXPECT_EQ(cluster.learn("c", of_group(1, 501, "abc")).verdict, ViewVerdict::kRival);
}

TEST(ViewKeeper, BelievesARestartedClusterAtOnceAfterATotalOutage) {
  TestCluster cluster("ab");
  static_cast<void>(cluster.learn(view_at(500)));
  cluster.fail("a");
  cluster.fail("b");
  EXPECT_EQ(cluster.learn(after_restart(1)).verdict, ViewVerdict::kNew);
}

TEST(ViewKeeper, AMemberOfOneIsBelievedAfterItsRestart) {
  TestCluster cluster("a");
  static_cast<void>(cluster.learn(of_group(1, 500, "a")));
  EXPECT_EQ(cluster.learn(of_group(2, 1, "a")).verdict, ViewVerdict::kNew);
}

TEST(ViewKeeper, AMemberThatComesBackToTheViewInForceSpeaksForNoOtherAnyMore) {
  TestCluster cluster("abc");
  const ClusterView held = of_group(1, 5, "abc");
  static_cast<void>(cluster.learn("a", held));
  EXPECT_EQ(cluster.learn("a", of_group(2, 1, "abc")).verdict, ViewVerdict::kRival);
  EXPECT_EQ(cluster.learn("a", held).verdict, ViewVerdict::kHeld);
  EXPECT_EQ(cluster.learn("b", of_group(2, 1, "abc")).verdict, ViewVerdict::kRival);
  EXPECT_EQ(cluster.learn("c", of_group(3, 1, "abc")).verdict, ViewVerdict::kRival)
      << "each group is counted for itself";
}

TEST(ViewKeeper, AViewThatDoesNotListItsSenderIsNoWordForThatGroup) {
  TestCluster cluster("ab");
  static_cast<void>(cluster.learn(of_group(1, 5, "ab")));
  cluster.fail("b");
  EXPECT_EQ(cluster.learn("a", of_group(2, 1, "b")).verdict, ViewVerdict::kOlder);
  ClusterView dead = of_group(2, 1, "ab");
  dead.entries[0].alive = AliveState::kDead;
  EXPECT_EQ(cluster.learn("a", dead).verdict, ViewVerdict::kOlder);
}

TEST(ViewKeeper, DoesNotTurnToAndFroBetweenTwoGroups) {
  TestCluster cluster("abcd");
  static_cast<void>(cluster.learn("a", of_group(1, 5, "abcd")));
  const ClusterView one = of_group(1, 6, "ab");
  const ClusterView other = of_group(2, 1, "cd");
  static_cast<void>(cluster.learn("a", one));
  int turns = 0;
  // One of those in force fails at every moment: the other group is always larger by one.
  for (int i = 0; i < 100; ++i) {
    const bool is_one = cluster->views().view()->group == 1;
    cluster.fail(is_one ? "a" : "c");
    for (const char* name : is_one ? std::array{"c", "d"} : std::array{"a", "b"}) {
      turns += cluster.learn(name, is_one ? other : one).verdict == ViewVerdict::kNew ? 1 : 0;
      cluster->on_success(*cluster.member(name), cluster.now());
    }
    cluster.wait(100ms);
  }
  EXPECT_GE(turns, 2);
  EXPECT_LE(turns, 6) << "10 s are 50 beats";
}

TEST(ViewKeeper, AsksThoseThatWereNotHeardWhetherTheyHoldToTheView) {
  TestCluster cluster("abc");
  static_cast<void>(cluster.learn("a", of_group(1, 5, "abc")));
  EXPECT_EQ(cluster->whom_to_hear(cluster.now()), nullptr) << "nothing to ask";
  EXPECT_EQ(cluster.learn("a", of_group(2, 1, "abc")).verdict, ViewVerdict::kRival);
  Member* const first = cluster->whom_to_hear(cluster.now());
  ASSERT_NE(first, nullptr);
  EXPECT_NE(first, cluster.member("a"));
  EXPECT_EQ(cluster->whom_to_hear(cluster.now()), nullptr) << "one question in a beat";
  cluster.wait(200ms);
  Member* const second = cluster->whom_to_hear(cluster.now());
  ASSERT_NE(second, nullptr);
  EXPECT_NE(second, cluster.member("a"));
  EXPECT_NE(second, first);
}

TEST(ViewKeeper, TakesOverWhatAnotherWorkerBelieved) {
  TestCluster here("ab");
  TestCluster there("ab");
  static_cast<void>(there.learn(view_at(7)));
  EXPECT_EQ(here->on_shared_view(there->views().shared(), here.now()).verdict, ViewVerdict::kNew);
  EXPECT_EQ(here->on_shared_view(there->views().shared(), here.now()).verdict, ViewVerdict::kHeld);
  static_cast<void>(here.learn(view_of(8, {entry_of("a")})));
  EXPECT_EQ(here->on_shared_view(there->views().shared(), here.now()).verdict, ViewVerdict::kOlder);
}

TEST(ViewKeeper, TakesOverARivalThatReplacedTheViewInForceHere) {
  TestCluster here("ab");
  TestCluster there("ab");
  static_cast<void>(here.learn(view_at(500)));
  static_cast<void>(there.learn(view_at(500)));
  there.fail("a");
  there.fail("b");
  static_cast<void>(there.learn(after_restart(1)));
  EXPECT_EQ(here->on_shared_view(there->views().shared(), here.now()).verdict, ViewVerdict::kNew);
}

TEST(ViewKeeper, DoesNotTakeOverARivalThatReplacedAnOlderView) {
  TestCluster here("ab");
  TestCluster there("ab");
  static_cast<void>(here.learn(view_at(501)));
  static_cast<void>(there.learn(view_at(500)));
  there.fail("a");
  there.fail("b");
  static_cast<void>(there.learn(after_restart(1)));
  EXPECT_EQ(here->on_shared_view(there->views().shared(), here.now()).verdict, ViewVerdict::kOlder);
}

TEST(ViewKeeper, TakesOverAMergeWhateverItReplaced) {
  TestCluster here("ab");
  TestCluster there("ab");
  static_cast<void>(here.learn(of_group(1, 900, "ab")));
  ClusterView merged = of_group(2, 1, "ab");
  merged.absorbed = {1};
  static_cast<void>(there.learn(merged));
  EXPECT_EQ(here->on_shared_view(there->views().shared(), here.now()).verdict, ViewVerdict::kNew);
}

TEST(ViewKeeper, AsksForAViewAfterTwoBeatsWithoutOne) {
  TestCluster cluster("ab");
  static_cast<void>(cluster.learn(view_at(1)));
  const TimePoint since = cluster.now();
  const Member& a = *cluster.member("a");
  EXPECT_EQ(cluster->views().ask_due(since), since + 400ms);
  cluster.wait(399ms);
  EXPECT_EQ(cluster->whom_to_ask(a, since, cluster.now()), nullptr);
  cluster.wait(1ms);
  EXPECT_EQ(cluster->whom_to_ask(a, since, cluster.now()), cluster.member("b"));
  EXPECT_EQ(cluster->whom_to_ask(a, since, cluster.now()), nullptr) << "one question in a beat";
  cluster.wait(200ms);
  EXPECT_EQ(cluster->whom_to_ask(a, since, cluster.now()), cluster.member("b"));
}

TEST(ViewKeeper, AsksForNothingWhileOthersConfirmTheView) {
  TestCluster cluster("ab");
  static_cast<void>(cluster.learn(view_at(1)));
  const TimePoint since = cluster.now();
  for (int i = 0; i < 10; ++i) {
    cluster.wait(200ms);
    static_cast<void>(cluster.learn("b", view_at(1)));
    EXPECT_EQ(cluster->whom_to_ask(*cluster.member("a"), since, cluster.now()), nullptr);
  }
}

TEST(ViewKeeper, BelievesWeblogicListsOnlyWhereConfigured) {
  const ViewKeeper::WeblogicView view{"AAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                      "11!127.0.0.1!7001!-1|12!127.0.0.1!7005!-1"};
  TestCluster careful("ab");
  EXPECT_EQ(careful->on_weblogic_view(view, careful.now()).verdict, ViewVerdict::kStatic);
  TestCluster cluster("ab", {.believes_weblogic_lists = true});
  EXPECT_EQ(cluster->on_weblogic_view(view, cluster.now()).verdict, ViewVerdict::kNew);
  EXPECT_EQ(cluster->views().weblogic_hash(), view.hash);
  EXPECT_EQ(cluster->on_weblogic_view(view, cluster.now()).verdict, ViewVerdict::kHeld);
  EXPECT_EQ(cluster->on_weblogic_view({view.hash, ""}, cluster.now()).verdict, ViewVerdict::kHeld);
  EXPECT_EQ(cluster->on_weblogic_view({"a b", "x"}, cluster.now()).verdict, ViewVerdict::kRefused);
  EXPECT_EQ(cluster->table().by_mid(12)->address_text, "127.0.0.1:7005");
}

}  // namespace
}  // namespace understudy::routing
