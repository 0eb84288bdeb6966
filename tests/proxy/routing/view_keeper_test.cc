// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/view_keeper.h"

#include <gtest/gtest.h>

#include "tests/proxy/routing/test_cluster.h"

namespace understudy::routing {
namespace {

using std::chrono_literals::operator""ms;

ClusterView view_at(std::uint64_t version) {
  return view_of(version, {entry_of("a"), entry_of("b")});
}

// All members restarted: the same names and addresses, other mids, versions from the beginning.
ClusterView after_restart(std::uint64_t version) {
  ClusterView view = view_at(version);
  for (ViewEntry& entry : view.entries) entry.mid += 1000;
  return view;
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

TEST(ViewKeeper, BelievesARestartedClusterOnceNobodyConfirmsTheOldView) {
  TestCluster cluster("ab");
  static_cast<void>(cluster.learn(view_at(500)));
  EXPECT_EQ(cluster.learn(after_restart(1)).verdict, ViewVerdict::kRival);
  cluster.wait(399ms);
  EXPECT_EQ(cluster.learn(after_restart(1)).verdict, ViewVerdict::kRival);
  cluster.wait(1ms);
  EXPECT_EQ(cluster.learn(after_restart(1)).verdict, ViewVerdict::kNew);
  EXPECT_EQ(cluster.learn(view_at(500)).verdict, ViewVerdict::kNew) << "a higher version";
}

TEST(ViewKeeper, DoesNotBelieveARestartedMemberAgainstThoseWhoConfirmTheView) {
  TestCluster cluster("abc");
  const ClusterView held = view_of(500, {entry_of("a"), entry_of("b"), entry_of("c")});
  static_cast<void>(cluster.learn(held));
  ClusterView alone = view_of(1, {entry_of("a")});
  alone.entries[0].mid = 1001;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(cluster.learn("a", alone).verdict, ViewVerdict::kRival);
    EXPECT_EQ(cluster.learn("b", held).verdict, ViewVerdict::kHeld);
    cluster.wait(100ms);
  }
}

TEST(ViewKeeper, BelievesARestartedClusterAtOnceAfterATotalOutage) {
  TestCluster cluster("ab");
  static_cast<void>(cluster.learn(view_at(500)));
  cluster.fail("a");
  cluster.fail("b");
  EXPECT_EQ(cluster.learn(after_restart(1)).verdict, ViewVerdict::kNew);
}

TEST(ViewKeeper, IsNotTakenBackByAReplayedOldView) {
  TestCluster cluster("ab");
  static_cast<void>(cluster.learn(after_restart(1)));
  static_cast<void>(cluster.learn(view_at(500)));
  cluster.wait(10000ms);
  EXPECT_EQ(cluster.learn(after_restart(1)).verdict, ViewVerdict::kOlder)
      << "its mids have been seen before";
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
