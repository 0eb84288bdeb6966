// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/view_writer.h"

#include <algorithm>

#include "base/check.h"

namespace understudy {

MemberView ViewWriter::founded(const Member& founder, const GroupId& group) {
  MemberView view;
  view.group = group;
  view.members.push_back(founder);
  view.members.front().join_seq = 1;
  view.members.front().liveness = Liveness::kAlive;
  view.members.front().is_counted = true;
  return view;
}

ViewWriter::ViewWriter(const MemberView& view, uint32_t term, const Limits& limits, TimePoint now)
    : limits_(limits),
      draft_(view),
      changed_at_(now),
      changes_(kChangesPerSecond, now),
      joins_(kJoinsPerSecond, now) {
  CHECK(term > view.term);
  draft_.term = term;
  for (const Member& member : draft_.members) {
    if (!member.is_usable()) died_at_[member.mid] = now;
  }
}

Member* ViewWriter::find(MemberId mid) {
  return const_cast<Member*>(draft_.find(mid));
}

std::variant<ViewWriter::Admission, JoinNoMessage> ViewWriter::admit(Member joiner, TimePoint now) {
  using Why = JoinNoMessage::Why;
  size_t usable = 0;
  uint32_t join_seq = 0;
  for (const Member& member : draft_.members) {
    join_seq = std::max(join_seq, member.join_seq);
    if (member.mid == joiner.mid) {
      const bool is_same = member.is_usable() && member.cluster_address == joiner.cluster_address;
      if (is_same) return Admission::kKnown;
      return JoinNoMessage{.why = Why::kMidTaken, .reason = "this member id is taken"};
    }
    if (!member.is_usable()) continue;
    ++usable;
    if (member.name == joiner.name) {
      return JoinNoMessage{.why = Why::kNameTaken,
                           .reason = "the name " + joiner.name + " belongs to the member at " +
                                     member.cluster_address.to_string()};
    }
  }
  if (usable >= limits_.members_max) {
    return JoinNoMessage{.why = Why::kFull,
                         .reason = "the cluster has " + std::to_string(usable) + " members"};
  }
  if (!joins_.take(now)) return Admission::kLater;
  joiner.join_seq = join_seq + 1;
  joiner.liveness = Liveness::kAlive;
  joiner.is_proven = joiner.is_counted = false;
  draft_.members.push_back(std::move(joiner));
  is_changed_ = true;
  return Admission::kAdmitted;
}

void ViewWriter::mark(MemberId mid, Liveness liveness, Evidence evidence, TimePoint now) {
  CHECK(liveness == Liveness::kDead || liveness == Liveness::kLeft);
  Member* member = find(mid);
  if (!member) return;
  if (!member->is_usable()) {
    if (!is_proof(evidence) || member->is_proven) return;
    member->is_proven = true;
  } else {
    member->liveness = liveness;
    member->is_proven = is_proof(evidence);
    died_at_[mid] = now;
    if (evidence == Evidence::kProof) bury(draft_, mid);
    // It may be on the other side of a cut, and a vote there, however short it was with us.
    if (evidence == Evidence::kSilence) member->is_counted = true;
  }
  is_changed_ = true;
}

void ViewWriter::set_operator_state(MemberId mid, OperatorState state) {
  Member* member = find(mid);
  if (!member || member->operator_state == state) return;
  member->operator_state = state;
  is_changed_ = true;
}

void ViewWriter::drop_tombstones(TimePoint now) {
  while (!died_at_.empty()) {
    const auto oldest =
        std::min_element(died_at_.begin(), died_at_.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    const bool is_old = now - oldest->second >= limits_.tombstone_age;
    if (!is_old && died_at_.size() <= limits_.tombstones_max) return;
    std::erase_if(draft_.members,
                  [&](const Member& member) { return member.mid == oldest->first; });
    died_at_.erase(oldest);
    is_changed_ = true;
  }
}

void ViewWriter::tend(TimePoint now, Duration settle_after, bool has_suspects) {
  drop_tombstones(now);
  if (is_changed_ || has_suspects || now - changed_at_ < settle_after) return;
  if (settle(draft_)) is_changed_ = true;
}

TimePoint ViewWriter::due() const {
  return is_changed_ ? changes_.next() : TimePoint::max();
}

std::optional<MemberView> ViewWriter::publish(TimePoint now, bool is_urgent) {
  if (!is_changed_) return std::nullopt;
  if (!changes_.take(now) && !is_urgent) return std::nullopt;
  is_changed_ = false;
  changed_at_ = now;
  ++draft_.seq;
  return draft_;
}

}  // namespace understudy
