// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/search.h"

#include <algorithm>

namespace understudy {

namespace {

// Less than a lookup waits for its answers.
constexpr Duration kSilenceMax = std::chrono::milliseconds(400);
// Groups that have met are one after a few T. Where they may not become one (a name that both have)
// a session of the other is lost for this one.
constexpr int kHeardFor = 10;
constexpr int kApartFor = 20;

}  // namespace

bool Search::is_under_way(TimePoint now) const {
  return !waited_for_.empty() && now < began_ + std::min(interval_, kSilenceMax);
}

bool Search::begin(const std::vector<Address>& addresses, TimePoint now) {
  if (is_under_way(now)) return false;
  began_ = now;
  const size_t count = std::min(addresses.size(), kAddressesMax);
  waited_for_ = {addresses.begin(), addresses.begin() + static_cast<ptrdiff_t>(count)};
  return true;
}

void Search::on_other(GroupId group, const Address& address, TimePoint now) {
  on_answered(address);
  if (others_.size() >= kGroupsMax && !others_.contains(group)) {
    std::erase_if(others_, [&](const auto& entry) {
      return entry.second.last + kApartFor * interval_ <= now;
    });
    if (others_.size() >= kGroupsMax) return;
  }
  const auto heard = others_.try_emplace(group, Heard{.first = now, .last = now}).first;
  heard->second.last = now;
}

Search::Finding Search::finding(const MemberView& view, TimePoint now) const {
  const bool is_other = std::ranges::any_of(others_, [&](const auto& entry) {
    const auto& [group, heard] = entry;
    return group != view.group && view.find_absorbed(group) == nullptr &&
           now < heard.last + kHeardFor * interval_ && now < heard.first + kApartFor * interval_;
  });
  if (is_other) return Finding::kOther;
  return is_under_way(now) ? Finding::kUnderWay : Finding::kNoOther;
}

}  // namespace understudy
