// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/view_writer.h"

#include <algorithm>

#include "base/check.h"

namespace understudy {

MemberView ViewWriter::founded(const Member& founder, GroupId group) {
  MemberView view;
  view.group = group;
  view.members.push_back(founder);
  view.members.front().join_seq = 1;
  view.members.front().liveness = Liveness::kAlive;
  view.members.front().is_counted = view.members.front().is_confirmed = true;
  return view;
}

ViewWriter::ViewWriter(const MemberView& view, uint32_t term, const Limits& limits, TimePoint now)
    : limits_(limits),
      draft_(view),
      changed_at_(now),
      apart_at_(now),
      changes_(kChangesPerSecond, now),
      joins_(kJoinsPerSecond, now) {
  CHECK(term > view.term);
  draft_.term = term;
  for (const Member& member : draft_.members) {
    if (!member.is_usable()) died_at_[member.mid] = now;
    const bool is_expected = member.is_usable() && !member.is_confirmed;
    if (is_expected && member.mid != limits.self) expected_[member.mid] = now;
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
  joiner.is_proven = joiner.is_counted = joiner.is_next = joiner.is_confirmed = false;
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
    apart_at_ = now;
  } else {
    member->liveness = liveness;
    member->is_proven = is_proof(evidence);
    died_at_[mid] = now;
    if (evidence == Evidence::kProof) bury(draft_, mid);
    if (evidence != Evidence::kProof) apart_at_ = now;
    // It may be on the other side of a cut, and a vote there, however short it was with us.
    if (evidence == Evidence::kSilence) {
      member->is_counted = true;
      if (is_measure_proposed(draft_)) member->is_next = true;
    }
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

// As if it had never been admitted: no tombstone, for it lives on in its own group and may ask
// again.
void ViewWriter::drop_expected(TimePoint now) {
  for (auto entry = expected_.begin(); entry != expected_.end();) {
    if (now - entry->second < limits_.tombstone_age) {
      ++entry;
      continue;
    }
    std::erase_if(draft_.members, [&](const Member& member) { return member.mid == entry->first; });
    is_changed_ = true;
    entry = expected_.erase(entry);
  }
}

void ViewWriter::note_touch(TimePoint now, bool is_in_touch) {
  const bool is_one_elsewhere =
      std::any_of(draft_.members.begin(), draft_.members.end(),
                  [](const Member& member) { return !member.is_usable() && !member.is_proven; });
  if (!is_in_touch || is_one_elsewhere) apart_at_ = now;
}

void ViewWriter::tend(TimePoint now, Duration settle_after, bool is_in_touch) {
  drop_tombstones(now);
  drop_expected(now);
  note_touch(now, is_in_touch);
  if (is_changed_ || !is_in_touch) return;
  give_measure(now, settle_after);
}

void ViewWriter::give_measure(TimePoint now, Duration settle_after) {
  const Duration quiet = now - changed_at_;
  if (quiet >= settle_after && propose(draft_)) is_changed_ = true;
  // By then no member has a copy whose owner was last seen elsewhere (P13).
  const bool may_go_on_alone = limits_.one_goes_on_alone;
  const Duration apart_for = may_go_on_alone ? 2 * settle_after : limits_.tombstone_age / 2;
  if (now - apart_at_ < apart_for || (may_go_on_alone && quiet < apart_for)) return;
  if (release_the_dead(draft_)) is_changed_ = true;
  if (!is_measure_proposed(draft_) && propose_survivors(draft_)) is_changed_ = true;
}

bool ViewWriter::is_pending() const {
  return !admitted_in_.empty() || !absorbed_in_.empty() || proposed_in_ != 0;
}

void ViewWriter::confirm(const IsKnown& is_known, const HasCome& has_come) {
  for (Member& member : draft_.members) {
    if (!member.is_usable() || member.is_confirmed) continue;
    const auto version = admitted_in_.find(member.mid);
    if (version == admitted_in_.end() || !has_come(member.mid, version->second)) continue;
    expected_.erase(member.mid);
    if (!is_known(version->second)) continue;
    member.is_confirmed = is_changed_ = true;
    admitted_in_.erase(version);
  }
  for (Absorbed& entry : draft_.absorbed) {
    const auto version = absorbed_in_.find(entry.group);
    if (version == absorbed_in_.end() || !is_known(version->second)) continue;
    entry.is_confirmed = is_changed_ = true;
    absorbed_in_.erase(version);
  }
  if (proposed_in_ != 0 && is_known(proposed_in_)) {
    commit_measure(draft_);
    proposed_in_ = 0;
    is_changed_ = true;
  }
}

void ViewWriter::begin_yield(const Yield& yield, const MemberView& other) {
  draft_.yields = yield;
  std::erase_if(draft_.members, [&](const Member& member) {
    return expected_.contains(member.mid) && other.find(member.mid) != nullptr &&
           expected_.erase(member.mid) != 0;
  });
  std::erase_if(draft_.absorbed, [&](const Absorbed& entry) { return entry.group == other.group; });
  absorbed_in_.erase(other.group);
  is_changed_ = true;
}

void ViewWriter::end_yield() {
  draft_.yields = {};
  is_changed_ = true;
}

std::optional<std::string> ViewWriter::objection_to(const MemberView& other) const {
  size_t usable = 0;
  for (const Member& ours : draft_.members) usable += ours.is_usable();
  for (const Member& theirs : other.members) {
    if (!theirs.is_usable()) continue;
    const Member* known = draft_.find(theirs.mid);
    if (known && known->cluster_address != theirs.cluster_address) {
      return "the member id of " + theirs.name + " is taken";
    }
    if (known) continue;
    ++usable;
    for (const Member& ours : draft_.members) {
      const Member* alive_there = other.find(ours.mid);
      const bool is_dead_there = alive_there && !alive_there->is_usable();
      if (ours.is_usable() && !is_dead_there && ours.name == theirs.name) {
        return "the name " + theirs.name + " belongs to the member at " +
               ours.cluster_address.to_string();
      }
    }
  }
  if (usable > limits_.members_max) {
    return "together there were " + std::to_string(usable) + " members";
  }
  return std::nullopt;
}

void ViewWriter::absorb(const MemberView& other, TimePoint now) {
  uint32_t join_seq = 0;
  for (const Member& member : draft_.members) join_seq = std::max(join_seq, member.join_seq);
  for (const Member& theirs : other.members) {
    if (Member* known = find(theirs.mid)) {
      // A member that never came to them is no loss of theirs.
      const bool has_come = theirs.is_confirmed || !known->is_confirmed;
      if (known->is_usable() && !theirs.is_usable() && has_come) {
        mark(theirs.mid, theirs.liveness,
             theirs.is_proven ? Evidence::kLateProof : Evidence::kSilence, now);
      }
      continue;
    }
    Member member = theirs;
    member.join_seq = ++join_seq;
    member.is_counted = member.is_next = member.is_confirmed = false;
    if (member.is_usable()) {
      member.liveness = Liveness::kAlive;
      expected_[member.mid] = now;
    } else {
      died_at_[member.mid] = now;
    }
    draft_.members.push_back(std::move(member));
  }
  note_absorbed(other.group, other.version());
  // Who has come over to them, and not followed yet, comes along.
  for (const Absorbed& entry : other.absorbed) note_absorbed(entry.group, entry.version);
  is_changed_ = true;
}

void ViewWriter::note_absorbed(GroupId group, uint64_t version) {
  if (group == draft_.group) return;
  std::erase_if(draft_.absorbed, [&](const Absorbed& entry) { return entry.group == group; });
  if (draft_.absorbed.size() == kAbsorbedMax) draft_.absorbed.erase(draft_.absorbed.begin());
  draft_.absorbed.push_back({.group = group, .version = version});
  absorbed_in_.erase(group);
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
  note_versions();
  return draft_;
}

void ViewWriter::note_versions() {
  const uint64_t version = draft_.version();
  std::erase_if(admitted_in_, [this](const auto& entry) {
    const Member* member = draft_.find(entry.first);
    return !member || !member->is_usable() || member->is_confirmed;
  });
  for (const Member& member : draft_.members) {
    if (member.is_usable() && !member.is_confirmed) admitted_in_.try_emplace(member.mid, version);
  }
  for (const Absorbed& entry : draft_.absorbed) {
    if (!entry.is_confirmed) absorbed_in_.try_emplace(entry.group, version);
  }
  if (!is_measure_proposed(draft_)) {
    proposed_in_ = 0;
  } else if (proposed_in_ == 0) {
    proposed_in_ = version;
  }
}

}  // namespace understudy
