// SPDX-License-Identifier: Apache-2.0
// What holds for each method, and what only for some.
#include "proxy/routing/methods.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "proxy/routing/member.h"

namespace understudy::routing {
namespace {

// Workers that have counted nothing yet; each gets one client, or two.
TEST(Methods, DoNotAllBeginWithTheSameMember) {
  for (const config::MethodName method :
       {config::MethodName::kRoundRobin, config::MethodName::kLeastBusy}) {
    for (const std::size_t workers : {1U, 4U, 32U}) {
      for (const std::size_t clients : {1U, 2U, 5U}) {
        std::vector<std::unique_ptr<Member>> members;
        std::vector<Member*> present;
        for (std::uint32_t i = 0; i < 4; ++i) {
          members.push_back(std::make_unique<Member>());
          members.back()->slot = i;
          members.back()->serial = i + 1;
          present.push_back(members.back().get());
        }
        std::map<const Member*, std::size_t> counts;
        for (std::size_t worker = 0; worker < workers; ++worker) {
          auto turns = make_method(method, 1, worker);
          turns->set_members(present);
          for (std::size_t i = 0; i < clients; ++i) ++counts[turns->next()];
        }
        const std::size_t all = workers * clients;
        for (const auto& [member, count] : counts) {
          EXPECT_LE(count, (all + 3) / 4 + workers / 4) << workers << " workers, " << clients;
        }
      }
    }
  }
}

constexpr config::MethodName kAll[] = {config::MethodName::kRoundRobin,
                                       config::MethodName::kLeastBusy,
                                       config::MethodName::kRandomTwo};

class Crowd {
 public:
  Crowd(config::MethodName method, const std::vector<std::uint32_t>& shares)
      : method_(make_method(method, 42)) {
    for (const std::uint32_t share : shares) {
      auto member = std::make_unique<Member>();
      member->slot = static_cast<std::uint32_t>(members_.size());
      member->serial = members_.size() + 1;
      member->share = share;
      present_.push_back(member.get());
      members_.push_back(std::move(member));
    }
    method_->set_members(present_);
  }
  // One that is asked, and is done at once.
  std::size_t next() { return method_->next()->slot; }
  // One that stays busy.
  std::size_t take() {
    Member* const member = method_->next();
    ++member->busy;
    method_->on_busy(*member);
    return member->slot;
  }
  void give_back(std::size_t index) {
    --members_[index]->busy;
    method_->on_busy(*members_[index]);
  }
  std::vector<std::size_t> count(std::size_t choices) {
    std::vector<std::size_t> counts(members_.size());
    for (std::size_t i = 0; i < choices; ++i) ++counts[next()];
    return counts;
  }
  void only(const std::vector<std::size_t>& indexes) {
    present_.clear();
    for (const std::size_t index : indexes) present_.push_back(members_[index].get());
    method_->set_members(present_);
  }
  Member& operator[](std::size_t index) { return *members_[index]; }
  BalancingMethod& method() { return *method_; }

 private:
  std::unique_ptr<BalancingMethod> method_;
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<Member*> present_;
};

TEST(Methods, HaveNobodyWithoutMembers) {
  for (const config::MethodName method : kAll)
    EXPECT_EQ(Crowd(method, {}).method().next(), nullptr);
}

TEST(Methods, GiveEachItsShareWhileNobodyIsBusy) {
  for (const config::MethodName method : kAll) {
    SCOPED_TRACE(static_cast<int>(method));
    Crowd crowd(method, {100, 200, 700});
    const auto counts = crowd.count(10000);
    EXPECT_NEAR(static_cast<double>(counts[0]), 1000, 150);
    EXPECT_NEAR(static_cast<double>(counts[1]), 2000, 200);
    EXPECT_NEAR(static_cast<double>(counts[2]), 7000, 350);
  }
}

TEST(Methods, ChooseOnlyAmongThosePresent) {
  for (const config::MethodName method : kAll) {
    Crowd crowd(method, {1, 1, 1, 1});
    crowd.count(5);
    crowd.only({1, 3});
    const auto counts = crowd.count(1000);
    EXPECT_EQ(counts[0] + counts[2], 0U);
    EXPECT_GT(counts[1], 300U);
    EXPECT_GT(counts[3], 300U);
  }
}

TEST(LeastBusy, TakesTheOneWithTheFewestUnderWay) {
  Crowd crowd(config::MethodName::kLeastBusy, {1, 1, 1});
  for (int i = 0; i < 9; ++i) crowd.take();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(crowd[i].busy, 3U);
  crowd.give_back(1);
  crowd.give_back(1);
  EXPECT_EQ(crowd.take(), 1U);
  EXPECT_EQ(crowd.take(), 1U);
  EXPECT_EQ(crowd[1].busy, 3U);
}

TEST(LeastBusy, DividesByTheShare) {
  Crowd crowd(config::MethodName::kLeastBusy, {100, 300});
  for (int i = 0; i < 400; ++i) crowd.take();
  EXPECT_EQ(crowd[0].busy, 100U);
  EXPECT_EQ(crowd[1].busy, 300U);
}

TEST(LeastBusy, GivesASlowMemberNoBurstWhenItIsIdleAgain) {
  Crowd crowd(config::MethodName::kLeastBusy, {1, 1});
  EXPECT_EQ(crowd.take(), 0U);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(crowd.next(), 1U);
  crowd.give_back(0);
  const auto counts = crowd.count(10);
  EXPECT_NEAR(static_cast<double>(counts[0]), 5, 1);
}

TEST(LeastBusy, StaysExactOverAnyHistory) {
  Crowd crowd(config::MethodName::kLeastBusy, std::vector<std::uint32_t>(100, 100));
  SeededRandom random(7);
  std::vector<std::size_t> under_way;
  for (int i = 0; i < 20000; ++i) {
    if (!under_way.empty() && random.below(2) == 0) {
      const std::size_t which = random.below(under_way.size());
      crowd.give_back(under_way[which]);
      under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(which));
      continue;
    }
    std::uint32_t least = UINT32_MAX;
    for (std::size_t m = 0; m < 100; ++m) least = std::min(least, crowd[m].busy);
    const std::size_t taken = crowd.take();
    ASSERT_EQ(crowd[taken].busy, least + 1);
    under_way.push_back(taken);
  }
}

TEST(RandomTwo, AvoidsTheBusierOfTwo) {
  Crowd crowd(config::MethodName::kRandomTwo, {1, 1});
  crowd[0].busy = 5;
  const auto counts = crowd.count(1000);
  // Only where both draws meet the same member four times over.
  EXPECT_LT(counts[0], 120U);
}

TEST(RandomTwo, KeepsTheBusiestCloseToTheRest) {
  Crowd crowd(config::MethodName::kRandomTwo, std::vector<std::uint32_t>(2000, 100));
  for (int i = 0; i < 20000; ++i) crowd.take();
  std::uint32_t most = 0;
  for (std::size_t m = 0; m < 2000; ++m) most = std::max(most, crowd[m].busy);
  EXPECT_LE(most, 16U) << "of 10 on average";
}

TEST(RandomTwo, DrawsByItsSeed) {
  auto one = make_method(config::MethodName::kRandomTwo, 1);
  auto other = make_method(config::MethodName::kRandomTwo, 2);
  Crowd crowd(config::MethodName::kRoundRobin, std::vector<std::uint32_t>(50, 1));
  std::vector<Member*> members;
  for (std::size_t m = 0; m < 50; ++m) members.push_back(&crowd[m]);
  one->set_members(members);
  other->set_members(members);
  bool differ = false;
  for (int i = 0; i < 20; ++i) differ |= one->next() != other->next();
  EXPECT_TRUE(differ);
}

}  // namespace
}  // namespace understudy::routing
