// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/round_robin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "proxy/routing/member.h"

namespace understudy::routing {
namespace {

class Turns {
 public:
  explicit Turns(const std::vector<std::uint16_t>& weights) {
    for (const std::uint16_t weight : weights) {
      auto member = std::make_unique<Member>();
      member->serial = members_.size() + 1;
      member->name = std::string(1, static_cast<char>('a' + members_.size()));
      member->share = weight;
      present_.push_back(member.get());
      members_.push_back(std::move(member));
    }
    method_.set_members(present_);
  }
  std::string next(std::size_t count) {
    std::string names;
    for (std::size_t i = 0; i < count; ++i) names += method_.next()->name;
    return names;
  }
  std::map<const Member*, std::size_t> count(std::size_t choices) {
    std::map<const Member*, std::size_t> counts;
    for (std::size_t i = 0; i < choices; ++i) ++counts[method_.next()];
    return counts;
  }
  const Member* operator[](std::size_t index) const { return members_[index].get(); }
  void only(const std::vector<std::size_t>& indexes) {
    present_.clear();
    for (const std::size_t index : indexes) present_.push_back(members_[index].get());
    method_.set_members(present_);
  }
  RoundRobin method_;

 private:
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<Member*> present_;
};

TEST(RoundRobin, GivesEachItsTurnInOrder) {
  EXPECT_EQ(Turns({1, 1, 1}).next(7), "abcabca");
}

TEST(RoundRobin, HasNobodyWithoutMembers) {
  Turns turns({});
  EXPECT_EQ(turns.method_.next(), nullptr);
}

TEST(RoundRobin, GoesOnBehindTheLastOneWhenMembersChange) {
  Turns turns({1, 1, 1, 1});
  EXPECT_EQ(turns.next(2), "ab");
  turns.only({0, 2, 3});
  EXPECT_EQ(turns.next(3), "cda");
  turns.only({0, 1, 2, 3});
  EXPECT_EQ(turns.next(4), "bcda");
}

TEST(RoundRobin, GivesTurnsByWeightSpreadOverTheRound) {
  EXPECT_EQ(Turns({2, 1, 1}).next(8), "abacabac");
  EXPECT_EQ(Turns({200, 100, 100}).next(8), "abacabac");
}

TEST(RoundRobin, BringsNoBurstsOfTheHeavyOnes) {
  struct Row {
    std::vector<std::uint16_t> weights;
    std::size_t in_a_row;  // the least that is possible
  };
  for (const Row& row : {Row{{5, 1, 1}, 3}, Row{{3, 3, 1, 1}, 1}, Row{{10, 1}, 10},
                         Row{{100, 50, 25, 25}, 1}, Row{{4, 1, 1, 1, 1}, 1}}) {
    Turns turns(row.weights);
    const std::string names = turns.next(1000);
    std::size_t longest = 0;
    for (std::size_t i = 0, run = 0; i < names.size(); ++i) {
      run = i > 0 && names[i] == names[i - 1] ? run + 1 : 1;
      longest = std::max(longest, run);
    }
    EXPECT_EQ(longest, row.in_a_row) << row.weights[0] << ": " << names.substr(0, 40);
  }
}

TEST(RoundRobin, FollowsAnyWeightsExactlyWhileTheRoundIsShortEnough) {
  Turns turns({1, 7, 92, 900});
  const auto counts = turns.count(3000);
  EXPECT_EQ(counts.at(turns[0]), 3U);
  EXPECT_EQ(counts.at(turns[1]), 21U);
  EXPECT_EQ(counts.at(turns[2]), 276U);
  EXPECT_EQ(counts.at(turns[3]), 2700U);
}

TEST(RoundRobin, GivesEveryoneATurnWhereTheRoundIsCutShort) {
  std::vector<std::uint16_t> weights(2000, 1000);
  weights[0] = 1;
  weights[1999] = 999;
  Turns turns(weights);
  const auto counts = turns.count(2 * kRoundLengthMax);
  EXPECT_EQ(counts.size(), 2000U);
  EXPECT_LT(counts.at(turns[0]), counts.at(turns[1]));
}

TEST(RoundRobin, TakesAWeightOfZeroForOne) {
  EXPECT_EQ(Turns({0, 1}).next(4), "abab");
}

}  // namespace
}  // namespace understudy::routing
