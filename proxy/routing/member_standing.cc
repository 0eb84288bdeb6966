// SPDX-License-Identifier: Apache-2.0
// The part of MemberTable that judges: what failures, checks and operators do to a member, and who
// is good for a new session.
#include <algorithm>

#include "base/check.h"
#include "proxy/routing/member_table.h"

namespace understudy::routing {
namespace {

constexpr std::uint32_t kRampSteps = 10;

}  // namespace

// ---- What is said from outside.

void MemberTable::set_order(std::string_view address_text,
                            const std::optional<OperatorOrder>& order, TimePoint now) {
  if (!order) {
    orders_.erase(std::string(address_text));
  } else if (orders_.size() < kMembersMax || orders_.contains(std::string(address_text))) {
    orders_.insert_or_assign(std::string(address_text), *order);
  }
  for (const auto& member : members_) {
    if (member->address_text != address_text) continue;
    const bool was_disabled = member->operator_state == OperatorState::kDisabled;
    settle(*member);
    if (was_disabled && member->operator_state == OperatorState::kReady) begin_ramp(*member, now);
  }
  rings_are_stale_ = true;
}

bool MemberTable::set_checked(std::string_view address_text, Checked checked, TimePoint now) {
  if (checked == Checked::kNot) {
    checks_.erase(std::string(address_text));
  } else if (checks_.size() < kMembersMax || checks_.contains(std::string(address_text))) {
    checks_.insert_or_assign(std::string(address_text), checked);
  }
  bool any = false;
  for (const auto& member : members_) {
    if (member->address_text != address_text || member->checked == checked) continue;
    if (member->checked == Checked::kFailing && checked == Checked::kWorking) {
      // It was away, and works: nothing of what was held against it counts any more.
      member->back_off.on_success();
      member->outlier.pardon();
      begin_ramp(*member, now);
    }
    settle(*member);
    any = true;
  }
  rings_are_stale_ |= any;
  return any;
}

bool MemberTable::waits_for_orders() const {
  return std::all_of(members_.begin(), members_.end(), [](const auto& member) {
    return member->operator_state != OperatorState::kReady;
  });
}

// ---- What this worker has seen.

void MemberTable::on_failure(Member& member, Failure failure, TimePoint now) {
  if (!member.back_off.is_blocked(now)) rings_are_stale_ = true;
  member.back_off.on_failure(failure, now, options_.skip_time);
  const bool answered = failure == Failure::kUnavailable;
  if (member.outlier.on_failure(answered, options_.ejection)) consider_ejection(member, now);
}

void MemberTable::on_bad_answer(Member& member, TimePoint now) {
  if (member.outlier.on_failure(true, options_.ejection)) consider_ejection(member, now);
}

void MemberTable::on_success(Member& member, TimePoint now) {
  member.outlier.on_success();
  const Failure last = member.back_off.last_failure();
  if (last == Failure::kNone) return;
  // No process listened there: what listens now has just been started.
  if (last == Failure::kRefused) begin_ramp(member, now);
  member.back_off.on_success();
  rings_are_stale_ = true;
}

void MemberTable::begin_trial(Member& member, TimePoint now) {
  DCHECK(member.back_off.is_on_trial(now));
  member.back_off.begin_trial(now, options_.skip_time);
  rings_are_stale_ = true;
}

// A part of the members at most, and never the last that is good: who is left would be worse off
// without it.
void MemberTable::consider_ejection(Member& member, TimePoint now) {
  if (member.outlier.is_ejected(now)) return;
  std::size_t present = 0;
  std::size_t ejected = 0;
  bool leaves_another = false;
  for (const auto& other : members_) {
    if (is_gone(other->liveness) || other->operator_state != OperatorState::kReady) continue;
    ++present;
    if (other->outlier.is_ejected(now)) {
      ++ejected;
    } else if (other.get() != &member && other->address.is_set() &&
               other->checked != Checked::kFailing) {
      leaves_another = true;
    }
  }
  const std::size_t allowed =
      std::max<std::size_t>(1, present * options_.ejection.percent_max / 100);
  if (!leaves_another || ejected >= allowed) return;
  member.outlier.eject(now, options_.ejection);
  ++member.counters.ejections;
  begin_ramp(member, member.outlier.until());
  rings_are_stale_ = true;
}

// ---- Slow start.

void MemberTable::begin_ramp(Member& member, TimePoint begin) {
  if (options_.slow_start <= Duration::zero()) return;
  member.ramp_ends = begin + options_.slow_start;
  rings_are_stale_ = true;
}

// In steps, so that a round is laid out a few times and not for each choice.
void MemberTable::set_share(Member& member, TimePoint now) {
  std::uint32_t share = kWholeShare;
  if (now < member.ramp_ends) {
    const Duration step = std::max(options_.slow_start / kRampSteps, Duration(1));
    const auto left = (member.ramp_ends - now + step - Duration(1)) / step;
    const auto steps = std::clamp<std::int64_t>(kRampSteps - left, 1, kRampSteps - 1);
    share = kWholeShare * static_cast<std::uint32_t>(steps) / kRampSteps;
    next_return_ = std::min(next_return_, member.ramp_ends - (left - 1) * step);
  }
  member.share = std::max<std::uint32_t>(member.weight, 1) * share;
}

// ---- Who is good for a new session.

const MemberTable::Rings& MemberTable::rings(TimePoint now) {
  if (rings_are_stale_ || now >= next_return_) rebuild_rings(now);
  return rings_;
}

void MemberTable::rebuild_rings(TimePoint now) {
  rings_.good.clear();
  rings_.doubtful.clear();
  rings_.failing.clear();
  rings_.last_resort.clear();
  standby_.clear();
  next_return_ = TimePoint::max();
  for (const auto& member : members_) {
    set_share(*member, now);
    sort(*member, now);
  }
  if (rings_.good.empty()) rings_.good.swap(standby_);
  rings_are_stale_ = false;
  ++rings_version_;
}

bool MemberTable::is_good(const Member& member, TimePoint now) const {
  if (member.operator_state != OperatorState::kReady || !member.address.is_set()) return false;
  if (is_gone(member.liveness) || member.liveness == Liveness::kSuspect) return false;
  if (member.checked == Checked::kFailing) return false;
  // A member that beats needs no first check.
  const bool waits_for_check = options_.is_checked && member.checked == Checked::kNot;
  if (waits_for_check && member.liveness != Liveness::kAlive) return false;
  return !member.back_off.is_blocked(now) && !member.outlier.is_ejected(now);
}

void MemberTable::sort(Member& member, TimePoint now) {
  if (member.operator_state != OperatorState::kReady || !member.address.is_set()) return;
  if (is_gone(member.liveness)) {
    if (member.is_seed) rings_.last_resort.push_back(&member);
    return;
  }
  if (member.checked == Checked::kFailing) return rings_.failing.push_back(&member);
  if (member.back_off.is_blocked(now)) {
    next_return_ = std::min(next_return_, member.back_off.blocked_until());
  }
  if (member.outlier.is_ejected(now)) {
    next_return_ = std::min(next_return_, member.outlier.until());
  }
  if (!is_good(member, now)) return rings_.doubtful.push_back(&member);
  (member.is_standby ? standby_ : rings_.good).push_back(&member);
}

}  // namespace understudy::routing
