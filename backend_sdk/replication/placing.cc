// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/placing.h"

#include <algorithm>

#include "backend_sdk/replication/rank.h"

namespace understudy {

namespace {

constexpr size_t kReputationsMax = 1024;

}  // namespace

bool Placing::is_avoided(const Member& member, TimePoint now) const {
  const auto found = reputations_.find(member.name);
  return found != reputations_.end() && now < found->second.avoid_until;
}

bool Placing::is_target(MemberId member) const {
  return std::find(targets_any_.begin(), targets_any_.end(), member) != targets_any_.end();
}

void Placing::on_view(const MemberView& view, TimePoint now) {
  view_ = view;
  refresh(now);
}

void Placing::refresh(TimePoint now) {
  targets_ = choose_targets(view_, self_, options_.channels_max,
                            [&](const Member& member) { return is_avoided(member, now); });
  targets_any_ = targets_;
  std::erase_if(targets_, [&](MemberId mid) {
    const Member& member = *view_.find(mid);
    return is_avoided(member, now) && reputations_.at(member.name).failed == mid;
  });
  wake_at_ = TimePoint::max();
  for (const auto& [name, reputation] : reputations_) {
    if (reputation.avoid_until > now) wake_at_ = std::min(wake_at_, reputation.avoid_until);
  }
}

void Placing::note_failure(MemberId member, TimePoint now) {
  const Member* failed = view_.find(member);
  if (failed == nullptr) return;
  if (reputations_.size() >= kReputationsMax && !reputations_.contains(failed->name)) return;
  Reputation& reputation = reputations_[failed->name];
  reputation.failed = member;
  reputation.failures.push_back(now);
  while (reputation.failures.front() + options_.flap_window <= now ||
         reputation.failures.size() > options_.flaps_max + 1) {
    reputation.failures.pop_front();
  }
  const bool flaps = reputation.failures.size() > options_.flaps_max;
  reputation.avoid_until = std::max(
      reputation.avoid_until, now + (flaps ? options_.flap_window : options_.avoid_after_failure));
  refresh(now);
}

void Placing::advance(TimePoint now) {
  std::erase_if(reputations_, [&](const auto& entry) {
    const Reputation& reputation = entry.second;
    return reputation.avoid_until <= now &&
           (reputation.failures.empty() ||
            reputation.failures.back() + options_.flap_window <= now);
  });
  refresh(now);
}

}  // namespace understudy
