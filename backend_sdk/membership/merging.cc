// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/merging.h"

#include <algorithm>

namespace understudy {

bool Merging::should_yield(const Strength& ours, const Met& theirs, TimePoint now) const {
  if (is_yielding() || now < not_before_) return false;
  // A group that yields absorbs none; one that has lost its leader cannot.
  if (theirs.yields_to != kNoGroup || theirs.strength.usable == 0) return false;
  return ours < theirs.strength;
}

void Merging::begin(const Yield& target, TimePoint now) {
  target_ = target;
  target_version_ = 0;
  since_ = next_ = now;
  may_be_taken_ = false;
}

void Merging::resume(const Yield& target, TimePoint now) {
  begin(target, now);
  may_be_taken_ = true;
}

Merging::Step Merging::advance(TimePoint now, bool is_known, bool is_target_gone) {
  if (!is_yielding()) return Step::kNone;
  const bool is_patient = now - since_ < kPatience * interval_;
  if (!is_patient && (!may_be_taken_ || is_target_gone)) return Step::kTakeBack;
  if (!is_known || now < next_) return Step::kNone;
  next_ = now + interval_;
  may_be_taken_ = true;
  return Step::kSendMerge;
}

TimePoint Merging::due() const {
  return is_yielding() ? next_ : TimePoint::max();
}

void Merging::on_target(const Peer& leader, uint64_t version, TimePoint now) {
  if (!is_yielding() || version < target_version_) return;
  target_version_ = version;
  if (target_.leader == leader) return;
  target_.leader = leader;
  next_ = now;
}

bool Merging::on_refused(MemberId by, uint64_t refused, uint64_t sent, TimePoint now) {
  if (!is_yielding() || by != target_.leader.mid || refused < sent) return false;
  take_back(now);
  return true;
}

bool Merging::on_mutual(GroupId ours, TimePoint now) {
  if (!is_yielding() || ours < target_.group || may_be_taken_) return false;
  take_back(now);
  return true;
}

void Merging::take_back(TimePoint now) {
  target_ = {};
  not_before_ = now + back_off_;
  back_off_ = std::min(2 * back_off_, kBackOffMax * interval_);
}

}  // namespace understudy
