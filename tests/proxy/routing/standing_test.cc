// SPDX-License-Identifier: Apache-2.0
// Who is good for a new session, and whom a known one passes over: operators, checks, ejection and
// slow start, in one state for both.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "cookies/contract.h"
#include "tests/proxy/routing/test_cluster.h"

namespace understudy::routing {
namespace {

using std::chrono_literals::operator""s;

constexpr OperatorOrder kDisable{.state = OperatorState::kDisabled};
constexpr OperatorOrder kDrainKeep{.state = OperatorState::kDraining};
constexpr OperatorOrder kDrainMove{.state = OperatorState::kDraining, .mode = DrainMode::kMove};

ClusterOptions with(const config::Balancing& balancing, bool is_checked = false) {
  ClusterOptions options;
  options.balancing = balancing;
  options.is_checked = is_checked;
  options.seed = 42;
  return options;
}

TestCluster in_view(std::string_view names, ClusterOptions options = {}) {
  TestCluster cluster(names, std::move(options));
  std::vector<ViewEntry> entries;
  for (std::size_t i = 0; i < names.size(); ++i) entries.push_back(entry_of(names.substr(i, 1)));
  static_cast<void>(cluster.learn(view_of(1, entries)));
  return cluster;
}

void order(TestCluster& cluster, std::string_view name, std::optional<OperatorOrder> what) {
  cluster->table().set_order(address_of(name), what, cluster.now());
}

bool check(TestCluster& cluster, std::string_view name, Checked checked) {
  return cluster->table().set_checked(address_of(name), checked, cluster.now());
}

std::map<std::string, int> shares(TestCluster& cluster, int choices = 300) {
  std::map<std::string, int> counts;
  for (int i = 0; i < choices; ++i) ++counts[cluster.first()];
  return counts;
}

Choice choice_of(TestCluster& cluster, const DecodedAffinity& cookie) {
  Attempt attempt = cluster->begin(cookie);
  return cluster->choose(attempt, cluster.now());
}

TEST(OperatorState, DrainingTakesNoNewSessionsAndKeepsItsOwn) {
  TestCluster cluster = in_view("abc");
  order(cluster, "a", kDrainKeep);
  EXPECT_EQ(shares(cluster).count("a"), 0U);
  EXPECT_EQ(cluster.first(TestCluster::cookie("a", "b")), "a");
  EXPECT_EQ(cluster.first(TestCluster::cookie("b", "a")), "b");
}

TEST(OperatorState, DrainingWithMoveSendsItsSessionsToTheirSecondaries) {
  TestCluster cluster = in_view("abc");
  order(cluster, "a", kDrainMove);
  EXPECT_EQ(cluster.first(TestCluster::cookie("a", "b")), "b");
  const Choice choice = choice_of(cluster, TestCluster::cookie("a", "c"));
  EXPECT_EQ(TestCluster::name_of(choice.member), "c");
  EXPECT_EQ(ChoiceText(choice).view(), "cookie-secondary:draining");
  EXPECT_EQ(choice.failover(), kFailoverDrain);
  EXPECT_EQ(cluster.first(TestCluster::cookie("a")), "a") << "it has nowhere to go";
  cluster.fail("b");
  EXPECT_EQ(cluster.first(TestCluster::cookie("a", "b")), "a") << "its secondary does not work";
  order(cluster, "c", kDrainMove);
  EXPECT_EQ(cluster.first(TestCluster::cookie("a", "c")), "a") << "from one to the other and back";
}

TEST(OperatorState, DisabledIsPassedOverByAll) {
  TestCluster cluster = in_view("abc");
  order(cluster, "a", kDisable);
  EXPECT_EQ(shares(cluster).count("a"), 0U);
  EXPECT_EQ(cluster.first(TestCluster::cookie("a", "b")), "b");
  EXPECT_NE(cluster.first(TestCluster::cookie("a")), "a");
  order(cluster, "a", OperatorOrder{});
  EXPECT_EQ(cluster.first(TestCluster::cookie("a", "b")), "a");
  EXPECT_EQ(shares(cluster)["a"], 100);
}

TEST(OperatorState, OutlivesViewsAndRestartsOfTheMember) {
  TestCluster cluster = in_view("abc");
  order(cluster, "a", kDisable);
  ViewEntry reborn = entry_of("a");
  reborn.mid = 77;
  static_cast<void>(cluster.learn("b", view_of(2, {entry_of("b"), entry_of("c"), reborn})));
  EXPECT_EQ(cluster->table().by_mid(77)->operator_state, OperatorState::kDisabled);
  EXPECT_EQ(shares(cluster).count("a"), 0U);
}

TEST(OperatorState, OfTheMemberItselfComesWithTheView) {
  TestCluster cluster = in_view("abc");
  ViewEntry leaving = entry_of("a");
  leaving.operator_state = OperatorState::kDraining;
  static_cast<void>(cluster.learn("b", view_of(2, {leaving, entry_of("b"), entry_of("c")})));
  EXPECT_EQ(shares(cluster).count("a"), 0U);
  EXPECT_EQ(cluster.first(TestCluster::cookie("a", "b")), "a");
  order(cluster, "a", OperatorOrder{});
  EXPECT_EQ(cluster.member("a")->operator_state, OperatorState::kDraining)
      << "an operator cannot make a member ready that says it leaves";
  order(cluster, "a", kDisable);
  EXPECT_EQ(cluster.member("a")->operator_state, OperatorState::kDisabled);
}

TEST(OperatorState, OfTheConfigurationHoldsUntilTheOperatorSaysOtherwise) {
  ClusterOptions options;
  Seed drained = seed_of("b");
  drained.order = kDisable;
  options.seeds = {seed_of("a"), drained};
  TestCluster cluster("", options);
  EXPECT_EQ(shares(cluster).count("b"), 0U);
  order(cluster, "b", OperatorOrder{});
  EXPECT_EQ(shares(cluster)["b"], 150);
  order(cluster, "b", std::nullopt);
  EXPECT_EQ(shares(cluster).count("b"), 0U);
}

TEST(OperatorState, AStandbyWaitsUntilNobodyElseIsThere) {
  ClusterOptions options;
  Seed standby = seed_of("c");
  standby.is_standby = true;
  options.seeds = {seed_of("a"), seed_of("b"), standby};
  TestCluster cluster("", options);
  EXPECT_EQ(shares(cluster).count("c"), 0U);
  cluster.fail("a");
  EXPECT_EQ(shares(cluster).count("c"), 0U);
  order(cluster, "b", kDisable);
  EXPECT_EQ(shares(cluster)["c"], 300);
}

TEST(Checks, AFailingMemberIsPassedOverByFreshAndStickyAlike) {
  TestCluster cluster = in_view("abc");
  EXPECT_TRUE(check(cluster, "a", Checked::kFailing));
  EXPECT_FALSE(check(cluster, "a", Checked::kFailing)) << "nothing has changed";
  EXPECT_EQ(shares(cluster).count("a"), 0U);
  const Choice choice = choice_of(cluster, TestCluster::cookie("a", "c"));
  EXPECT_EQ(TestCluster::name_of(choice.member), "c");
  EXPECT_EQ(ChoiceText(choice).view(), "cookie-secondary:unhealthy");
  EXPECT_EQ(choice.failover(), kFailoverCheck);
  EXPECT_NE(cluster.first(TestCluster::cookie("a")), "a");
}

TEST(Checks, ASuccessBringsAMemberBackAtOnce) {
  TestCluster cluster = in_view("ab");
  cluster.fail("a");
  check(cluster, "a", Checked::kFailing);
  check(cluster, "a", Checked::kWorking);
  EXPECT_EQ(cluster.first(TestCluster::cookie("a", "b")), "a") << "its skip time is forgotten";
}

TEST(Checks, ThatAllFailAreNotBelieved) {
  TestCluster cluster = in_view("ab");
  check(cluster, "a", Checked::kFailing);
  check(cluster, "b", Checked::kFailing);
  EXPECT_NE(cluster.first(), "-");
  EXPECT_EQ(cluster.pass().size(), 2U);
}

TEST(Checks, AMemberThatNobodyKnowsWaitsForItsFirst) {
  TestCluster cluster("ab", with({}, true));
  EXPECT_NE(cluster.first(), "-") << "with nobody else it is asked all the same";
  check(cluster, "b", Checked::kWorking);
  EXPECT_EQ(shares(cluster)["b"], 300);
  check(cluster, "a", Checked::kWorking);
  EXPECT_EQ(shares(cluster)["a"], 150);
}

// It stands beside others that have one (hcmethod=NONE).
TEST(Checks, AMemberWithoutACheckOfItsOwnWaitsForNone) {
  ClusterOptions options = with({}, true);
  options.seeds = {seed_of("b")};
  options.seeds.front().is_checked = false;
  TestCluster cluster("a", options);
  EXPECT_EQ(cluster.first(), "b");
  EXPECT_EQ(cluster.first(), "b");
  check(cluster, "a", Checked::kWorking);
  EXPECT_NE(cluster.first(), cluster.first());
}

TEST(Checks, AMemberThatBeatsWaitsForNone) {
  TestCluster cluster = in_view("ab", with({}, true));
  EXPECT_EQ(cluster->table().rings(cluster.now()).good.size(), 2U);
  static_cast<void>(cluster.learn(view_of(2, {entry_of("a"), entry_of("b"), entry_of("c")})));
  check(cluster, "c", Checked::kWorking);
  EXPECT_EQ(shares(cluster)["a"], 100) << "one that is checked takes nothing from them";
}

TEST(Checks, HoldForWhoeverComesToTheAddress) {
  TestCluster cluster = in_view("ab");
  check(cluster, "c", Checked::kFailing);
  static_cast<void>(cluster.learn(view_of(2, {entry_of("a"), entry_of("b"), entry_of("c")})));
  EXPECT_EQ(shares(cluster).count("c"), 0U);
}

constexpr config::Ejection kEjection{
    .failures = 3, .time = 30s, .longest = 100s, .percent_max = 10};

void bad_answers(TestCluster& cluster, std::string_view name, int count) {
  for (int i = 0; i < count; ++i) cluster->on_bad_answer(*cluster.member(name), cluster.now());
}

TEST(Ejection, ComesWithTheLastFailureInARowAndEndsByTime) {
  TestCluster cluster = in_view("abc", with({.ejection = kEjection}));
  bad_answers(cluster, "a", 2);
  cluster->on_success(*cluster.member("a"), cluster.now());
  bad_answers(cluster, "a", 2);
  EXPECT_EQ(shares(cluster)["a"], 100) << "not in a row";
  bad_answers(cluster, "a", 1);
  EXPECT_EQ(shares(cluster).count("a"), 0U);
  EXPECT_EQ(cluster.member("a")->counters.ejections, 1U);
  cluster.wait(30s);
  EXPECT_EQ(shares(cluster)["a"], 100);
}

TEST(Ejection, LastsLongerEachTimeUpToItsLimit) {
  TestCluster cluster = in_view("abc", with({.ejection = kEjection}));
  for (const Duration time : {30s, 60s, 90s, 100s, 100s}) {
    bad_answers(cluster, "a", 3);
    const Outlier& outlier = cluster.member("a")->outlier;
    EXPECT_EQ(outlier.until() - cluster.now(), time);
    cluster.wait(time);
  }
  cluster.wait(101s);
  bad_answers(cluster, "a", 3);
  EXPECT_EQ(cluster.member("a")->outlier.until() - cluster.now(), Duration(30s))
      << "it has been well for as long as it was away";
}

TEST(Ejection, TakesAShareOfTheMembersAtMost) {
  struct Row {
    unsigned percent;
    std::size_t ejected;  // of ten
  };
  for (const Row& row : {Row{0, 1}, Row{10, 1}, Row{19, 1}, Row{20, 2}, Row{50, 5}, Row{100, 9}}) {
    config::Ejection ejection = kEjection;
    ejection.percent_max = row.percent;
    TestCluster cluster = in_view("abcdefghij", with({.ejection = ejection}));
    for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}) {
      bad_answers(cluster, name, 3);
    }
    EXPECT_EQ(cluster->table().rings(cluster.now()).doubtful.size(), row.ejected) << row.percent;
    EXPECT_EQ(cluster->table().rings(cluster.now()).good.size(), 10 - row.ejected);
  }
}

TEST(Ejection, NeverTakesTheLastOne) {
  TestCluster alone = in_view("a", with({.ejection = kEjection}));
  bad_answers(alone, "a", 100);
  EXPECT_EQ(alone.first(), "a");
  EXPECT_EQ(alone.member("a")->counters.ejections, 0U);

  TestCluster other_fails = in_view("ab", with({.ejection = kEjection}));
  check(other_fails, "b", Checked::kFailing);
  bad_answers(other_fails, "a", 3);
  EXPECT_EQ(other_fails.first(), "a");
  EXPECT_EQ(other_fails.member("a")->counters.ejections, 0U);
}

TEST(Ejection, EndsWithACheckThatPassesAgain) {
  TestCluster cluster = in_view("abc", with({.ejection = kEjection}));
  bad_answers(cluster, "a", 3);
  check(cluster, "a", Checked::kFailing);
  check(cluster, "a", Checked::kWorking);
  EXPECT_FALSE(cluster.member("a")->outlier.is_ejected(cluster.now()));
  EXPECT_EQ(shares(cluster)["a"], 100);
  bad_answers(cluster, "a", 2);
  check(cluster, "a", Checked::kFailing);
  check(cluster, "a", Checked::kWorking);
  bad_answers(cluster, "a", 2);
  EXPECT_EQ(shares(cluster)["a"], 100) << "what was counted before is forgotten";
}

TEST(Ejection, OfAMemberThatAnswersLeavesItsSessionsWithoutSecondaryToIt) {
  TestCluster cluster = in_view("abc", with({.ejection = kEjection}));
  bad_answers(cluster, "a", 3);
  EXPECT_EQ(cluster.first(TestCluster::cookie("a")), "a");
  EXPECT_EQ(cluster.first(TestCluster::cookie("a", "b")), "b");
  const Choice choice = choice_of(cluster, TestCluster::cookie("a", "b"));
  EXPECT_EQ(ChoiceText(choice).view(), "cookie-secondary:ejected");
}

TEST(Ejection, OfAMemberThatDoesNotAnswerIsForAll) {
  TestCluster cluster = in_view("abc", with({.ejection = kEjection}));
  for (int i = 0; i < 3; ++i) cluster.fail("a", Failure::kTimeout);
  cluster.wait(11s);  // no longer skipped
  EXPECT_NE(cluster.first(TestCluster::cookie("a")), "a");
  EXPECT_EQ(cluster.first(TestCluster::cookie("a", "b")), "b");
}

TEST(Ejection, IsOffWithZero) {
  TestCluster cluster = in_view("abc");
  bad_answers(cluster, "a", 1000);
  EXPECT_EQ(shares(cluster)["a"], 100);
}

TEST(SlowStart, RampsAMemberThatComesLater) {
  TestCluster cluster = in_view("ab", with({.slow_start = 100s}));
  EXPECT_EQ(shares(cluster, 200)["a"], 100) << "nobody is slow at the start of the proxy";
  static_cast<void>(cluster.learn(view_of(2, {entry_of("a"), entry_of("b"), entry_of("c")})));
  struct Row {
    Duration wait;
    double weight;  // of c, where the others have 1
  };
  for (const Row& row : {Row{0s, 0.1}, Row{15s, 0.1}, Row{10s, 0.2}, Row{30s, 0.5}, Row{40s, 0.9},
                         Row{5s, 1.0}, Row{1000s, 1.0}}) {
    cluster.wait(row.wait);
    const double expected = 4200 * row.weight / (2 + row.weight);
    EXPECT_NEAR(shares(cluster, 4200)["c"], expected, 60) << row.weight;
  }
}

TEST(SlowStart, RampsWhoWasDeadDisabledFailingOrRefused) {
  for (const std::string how : {"dead", "disabled", "failing", "refused"}) {
    SCOPED_TRACE(how);
    TestCluster cluster = in_view("ab", with({.slow_start = 100s}));
    if (how == "dead") {
      static_cast<void>(
          cluster.learn("b", view_of(2, {entry_of("a", AliveState::kDead), entry_of("b")})));
      static_cast<void>(cluster.learn("b", view_of(3, {entry_of("a"), entry_of("b")})));
    } else if (how == "disabled") {
      order(cluster, "a", kDisable);
      order(cluster, "a", OperatorOrder{});
    } else if (how == "failing") {
      check(cluster, "a", Checked::kFailing);
      check(cluster, "a", Checked::kWorking);
    } else {
      cluster.fail("a", Failure::kRefused);
      cluster->on_success(*cluster.member("a"), cluster.now());
    }
    EXPECT_NEAR(shares(cluster, 1100)["a"], 100, 10);
    EXPECT_EQ(cluster.first(TestCluster::cookie("a", "b")), "a") << "known clients do not wait";
    cluster.wait(100s);
    EXPECT_EQ(shares(cluster, 1000)["a"], 500);
  }
}

TEST(SlowStart, HoldsForEachMethod) {
  for (const config::MethodName method :
       {config::MethodName::kLeastBusy, config::MethodName::kRandomTwo}) {
    TestCluster cluster = in_view("ab", with({.method = method, .slow_start = 100s}));
    check(cluster, "a", Checked::kFailing);
    check(cluster, "a", Checked::kWorking);
    const int share = shares(cluster, 1100)["a"];
    EXPECT_GT(share, 0);
    EXPECT_LT(share, 330) << static_cast<int>(method);
  }
}

TEST(Standing, WaitsForOrdersWhereEveryMemberIsTakenOut) {
  TestCluster cluster("ab");
  EXPECT_FALSE(cluster->table().waits_for_orders());
  cluster.member("a")->operator_state = OperatorState::kDisabled;
  EXPECT_FALSE(cluster->table().waits_for_orders());
  cluster.member("b")->operator_state = OperatorState::kDraining;
  EXPECT_TRUE(cluster->table().waits_for_orders());
}

TEST(Busy, IsCountedFromTheChoiceToTheEnd) {
  TestCluster cluster = in_view("ab", with({.method = config::MethodName::kLeastBusy}));
  Member& a = *cluster.member("a");
  cluster->occupy(a);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(cluster.first(), "b");
  cluster->vacate(a.serial);
  EXPECT_EQ(a.busy, 0U);
  cluster->vacate(4711);  // gone since
}

TEST(Busy, OfMembersThatWentAwayIsNobodysBusiness) {
  TestCluster cluster = in_view("abc", with({.method = config::MethodName::kLeastBusy}));
  cluster.first();
  Member& c = *cluster.member("c");
  cluster->occupy(c);
  const std::uint64_t serial = c.serial;
  ViewEntry reborn = entry_of("c");
  reborn.mid = 99;
  {
    const ViewOutcome outcome = cluster.learn(view_of(2, {entry_of("a"), entry_of("b"), reborn}));
    EXPECT_EQ(outcome.change.vanished.size(), 1U);
  }
  cluster->vacate(serial);
  cluster->occupy(*cluster.member("a"));
  EXPECT_NE(cluster.first(), "-");
}

}  // namespace
}  // namespace understudy::routing
