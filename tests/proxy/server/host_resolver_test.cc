// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/host_resolver.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>

namespace understudy {
namespace {

using std::chrono::milliseconds;

const Address kOne = *Address::parse("192.0.2.1:80");
const Address kTwo = *Address::parse("192.0.2.2:80");

// What the resolver is told, and what it tells.
class Names : public testing::Test {
 protected:
  Names() {
    loop_ = *EventLoop::open();
    auto opened = HostResolver::open(
        *loop_, {.found = [this](const std::string& name,
                                 const std::vector<Address>& found) { found_[name] = found; },
                 .lookup = [this](const std::string& name) -> Result<std::vector<Address>> {
                   std::lock_guard lock(mutex_);
                   ++asked_[name];
                   const auto known = known_.find(name);
                   if (known == known_.end()) return Error{.detail = "no such name"};
                   return known->second;
                 }});
    resolver_ = *std::move(opened);
  }
  void know(const std::string& name, std::vector<Address> addresses) {
    std::lock_guard lock(mutex_);
    known_[name] = std::move(addresses);
  }
  int asked(const std::string& name) {
    std::lock_guard lock(mutex_);
    return asked_[name];
  }
  bool until(const std::function<bool()>& done) {
    const TimePoint end = SystemClock().now() + std::chrono::seconds(20);
    while (!done()) {
      if (SystemClock().now() > end) return false;
      loop_->run_once(milliseconds(1));
    }
    return true;
  }

  std::unique_ptr<EventLoop> loop_;
  std::map<std::string, std::vector<Address>> found_;
  std::mutex mutex_;
  std::map<std::string, std::vector<Address>> known_;
  std::map<std::string, int> asked_;
  std::unique_ptr<HostResolver> resolver_;
};

TEST_F(Names, AllAddressesOfANameAreTold) {
  know("a:80", {kOne, kTwo});
  resolver_->ask("a:80", Duration::zero());
  ASSERT_TRUE(until([&] { return found_.contains("a:80"); }));
  EXPECT_EQ(found_["a:80"], (std::vector<Address>{kOne, kTwo}));
}

TEST_F(Names, AreLookedUpAgainAfterTheirInterval) {
  know("a:80", {kOne});
  resolver_->watch("a:80", milliseconds(10));
  ASSERT_TRUE(until([&] { return asked("a:80") >= 2; }));
  know("a:80", {kTwo});
  ASSERT_TRUE(until([&] { return found_["a:80"] == std::vector<Address>{kTwo}; }));
}

TEST_F(Names, WithoutAnIntervalAreLookedUpOnce) {
  know("a:80", {kOne});
  know("b:80", {kOne});
  resolver_->watch("a:80", Duration::zero());
  resolver_->ask("a:80", Duration::zero());
  resolver_->ask("b:80", milliseconds(5));
  ASSERT_TRUE(until([&] { return asked("b:80") >= 4; }));
  EXPECT_EQ(asked("a:80"), 1);
}

TEST_F(Names, OfTwoIntervalsTheShorterHolds) {
  know("a:80", {kOne});
  resolver_->watch("a:80", std::chrono::hours(1));
  resolver_->watch("a:80", milliseconds(5));
  EXPECT_TRUE(until([&] { return asked("a:80") >= 2; }));
}

TEST_F(Names, ThatHaveLostTheirAddressKeepTheOldOne) {
  resolver_->ask("a:80", milliseconds(5));
  ASSERT_TRUE(until([&] { return asked("a:80") == 1; }));
  EXPECT_FALSE(found_.contains("a:80"));
}

TEST_F(Names, NoMoreAddressesAreUsedThanTheLimit) {
  for (const std::size_t count : {kAddressesOfNameMax, kAddressesOfNameMax + 1}) {
    std::vector<Address> many;
    while (many.size() < count)
      many.push_back(kOne.with_port(static_cast<uint16_t>(many.size() + 1)));
    const std::string name = std::to_string(count) + ":80";
    know(name, many);
    resolver_->ask(name, Duration::zero());
    ASSERT_TRUE(until([&] { return found_.contains(name); }));
    EXPECT_EQ(found_[name].size(), kAddressesOfNameMax);
  }
}

TEST_F(Names, ForgottenOnesAreNotAskedForAnyMore) {
  know("a:80", {kOne});
  know("b:80", {kOne});
  resolver_->watch("a:80", milliseconds(5));
  resolver_->forget_all();
  resolver_->watch("b:80", milliseconds(5));
  ASSERT_TRUE(until([&] { return asked("b:80") >= 3; }));
  EXPECT_EQ(asked("a:80"), 0);
}

}  // namespace
}  // namespace understudy
