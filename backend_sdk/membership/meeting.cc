// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/meeting.h"

#include <algorithm>
#include <utility>

#include "backend_sdk/membership/joining.h"
#include "base/log.h"

namespace understudy {
namespace {

constexpr size_t kLookedForMax = 8;  // addresses in one look for other groups
constexpr size_t kRefusedMax = 64;   // groups
constexpr size_t kOthersMax = 64;    // members of the group that we yield to

Strength strength_of(const MemberView& view, bool has_quorum) {
  const auto usable =
      std::count_if(view.members.begin(), view.members.end(),
                    [](const Member& member) { return member.is_usable() && member.is_confirmed; });
  return {.has_quorum = has_quorum, .usable = static_cast<size_t>(usable), .group = view.group};
}

}  // namespace

Meeting::Meeting(Standing& standing, Group& group, Losses& losses)
    : standing_(standing),
      group_(group),
      losses_(losses),
      merging_(standing.interval()),
      search_(standing.interval()),
      with_leader_at_(standing.now()) {}

// ---- finding others

// Groups that were founded apart, and members that died in silence, are found again by asking at
// the seeds and at the tombstones' addresses. A member without a leader asks those that it has lost
// as well: one that has died since refuses, and its vote is needed no more.
void Meeting::look_around() {
  const MemberView& view = standing_.view();
  const bool is_leader_lost = group_.outlook().is_leader_lost();
  if (!is_leader_lost) with_leader_at_ = standing_.now();
  std::vector<Peer> targets;
  for (const Member& member : view.members) {
    const bool is_lost = is_leader_lost && losses_.is_lost(member.mid);
    const bool is_proven = member.is_proven || losses_.is_lost_by_proof(member.mid);
    if (is_leader_lost && is_proven && !standing_.is_me(member.mid)) {
      // Its next life may be with members that do not know us (M21).
      targets.push_back({kNobody, member.cluster_address});
    } else if (member.is_usable() ? is_lost : !member.is_proven) {
      targets.push_back(member.peer());
    }
  }
  for (const Address& seed : standing_.options().seeds) {
    // Without a leader nothing that the view says of others can be relied on.
    const bool is_member =
        !is_leader_lost &&
        std::any_of(view.members.begin(), view.members.end(), [&](const Member& member) {
          return member.cluster_address == seed && (member.is_usable() || !member.is_proven);
        });
    const bool is_own = seed == standing_.options().self.cluster_address;
    if (!is_member && !is_own) targets.push_back({kNobody, seed});
  }
  const size_t count = std::min(targets.size(), kLookedForMax);
  for (size_t i = 0; i < count; ++i) group_.ask_for_view(targets[next_seed_++ % targets.size()]);
}

// Where no usable member of the view is, a member of another group may be. An answer makes the two
// groups meet as well, before the leader's next look.
void Meeting::search() {
  std::vector<Address> addresses;
  for (const std::vector<Address>* known : {&standing_.options().seeds, &std::as_const(met_)}) {
    for (const Address& address : *known) {
      const bool is_ours = address == standing_.options().self.cluster_address ||
                           std::ranges::any_of(standing_.view().members, [&](const Member& member) {
                             return member.is_usable() && member.cluster_address == address;
                           });
      if (!is_ours) addresses.push_back(address);
    }
  }
  if (!search_.begin(addresses, standing_.now())) return;
  for (const Address& address : addresses) group_.ask_for_view({kNobody, address});
}

void Meeting::on_view_ask(const Peer& from, const ViewAskMessage& message) {
  search_.on_other(message.group, from.address, standing_.now());
  const Strength ours = group_.outlook().strength();
  const Strength theirs{
      .has_quorum = message.has_quorum, .usable = message.usable, .group = message.group};
  const bool is_ours_asked_for = message.yields_to == standing_.view().group;
  const bool has_absorbed = standing_.view().find_absorbed(message.group) != nullptr;
  if (ours.usable != 0 && (is_ours_asked_for || has_absorbed || theirs < ours)) {
    group_.send_view(from);
  } else if (standing_.may_repeat(from.mid)) {
    group_.ask_for_view(from);
  }
}

// Another process answers where one of ours was: that will show.
void Meeting::note_addresses(const MemberView& view) {
  for (const Member& theirs : view.members) {
    const bool is_noted = std::find(met_.begin(), met_.end(), theirs.cluster_address) != met_.end();
    if (!is_noted && met_.size() < Joining::kSeedsMax) met_.push_back(theirs.cluster_address);
    if (!theirs.is_usable()) continue;
    for (const Member& ours : standing_.view().members) {
      if (ours.is_proven || ours.mid == theirs.mid || standing_.is_me(ours.mid)) continue;
      if (ours.cluster_address == theirs.cluster_address && standing_.may_repeat(ours.mid)) {
        standing_.transport().probe(ours.peer());
      }
    }
  }
}

void Meeting::on_view(const Peer& from, const ViewMessage& message, const Frame& frame) {
  search_.on_other(message.view.group, from.address, standing_.now());
  if (message.base_version != 0) {
    if (standing_.may_repeat(from.mid)) group_.ask_for_view(from);
    return;
  }
  const MemberView& view = message.view;
  note_addresses(view);
  if (follow(view, frame)) return;
  if (standing_.writer()) return judge_as_leader(view, message.has_quorum);
  if (group_.outlook().is_leader_lost()) return judge_alone(view, message.has_quorum);
  const Member* leader = standing_.other_leader();
  if (leader && leader->mid != from.mid) {
    standing_.tell(leader->peer(), frame.type, frame.payload);
  }
}

// ---- the group has gone over

// The other group's quorum knows that ours has come over: then so do we. False: it has not, or it
// has been taken back since.
bool Meeting::follow(const MemberView& view, const Frame& frame) {
  const MemberView& ours = standing_.view();
  const Absorbed* entry = view.find_absorbed(ours.group);
  if (!entry || !entry->is_confirmed) return false;
  const Member* self = view.find(standing_.mid());
  const bool is_named = self && self->is_usable();
  const bool is_older = ours.version() <= entry->version;
  // The group that ours yields to may have gone over itself, and have taken ours along.
  const Absorbed* target = view.find_absorbed(ours.yields.group);
  const bool is_target = ours.yields.group == view.group || (target && target->is_confirmed);
  if (!is_older && !(is_named && is_target)) return false;
  const std::vector<Peer> fellows = standing_.other_usable();
  const bool is_leader = standing_.writer() != nullptr;
  LOG(kInfo, "membership: group {:08x} goes over to group {:08x} of {} members", ours.group,
      view.group, view.members.size());
  group_.adopt(view);
  if (!is_leader) return true;
  for (const Peer& peer : fellows) standing_.tell(peer, frame.type, frame.payload);
  return true;
}

// Our leader is lost, and we cannot replace it, so no member can say for our group that it yields.
void Meeting::judge_alone(const MemberView& view, bool has_quorum) {
  const Member* self = view.find(standing_.mid());
  if (self && !self->is_usable()) return group_.expel("the others hold this member for dead");
  const bool is_given_up = standing_.now() - with_leader_at_ >= standing_.options().tombstone_age;
  if (has_quorum && is_given_up) group_.expel("its group is silent, and there is another");
}

void Meeting::judge_as_leader(const MemberView& view, bool has_quorum) {
  const GroupId ours = standing_.view().group;
  const Member* leader = view.leader();
  if (!leader) return;
  if (merging_.is_yielding()) {
    const Absorbed* absorbed = view.find_absorbed(merging_.target().group);
    if (view.group == merging_.target().group) {
      merging_.on_target(leader->peer(), view.version(), standing_.now());
      others_.clear();
      note_gone_over(view);
      for (const Member& member : view.members) {
        if (member.is_usable() && others_.size() < kOthersMax) others_.push_back(member.peer());
      }
      const bool is_mutual = view.yields.group == ours;
      if (is_mutual && merging_.on_mutual(ours, standing_.now())) end_yield("it yields to ours");
    } else if (absorbed && absorbed->is_confirmed) {
      const Member* self = view.find(standing_.mid());
      if (self && !self->is_usable()) return group_.expel("the others hold this member for dead");
      // Never taken along, or waited for in vain and dropped: no quorum there names us.
      if (!view.find_absorbed(ours) || !self) {
        merging_.take_back(standing_.now());
        end_yield("it has gone over itself, without ours");
      }
    }
    return advance();
  }
  const Merging::Met met{.strength = strength_of(view, has_quorum), .yields_to = view.yields.group};
  const Strength strength = group_.outlook().strength();
  if (merging_.should_yield(strength, met, standing_.now())) return begin_yield(view);
  const bool is_ours_stronger = met.strength < strength;
  if (is_ours_stronger && standing_.may_repeat(leader->mid)) group_.send_view(leader->peer());
}

// ---- the weaker group

void Meeting::on_lead() {
  merging_ = Merging(standing_.interval());
  refused_.clear();
  others_.clear();
  gone_over_.clear();
  sent_version_ = 0;
  if (!standing_.view().is_yielding()) return;
  yield_version_ = standing_.view().version();
  merging_.resume(standing_.view().yields, standing_.now());
}

void Meeting::on_follow() {
  merging_ = Merging(standing_.interval());
}

void Meeting::begin_yield(const MemberView& view) {
  // Alone on this side of a cut: those on the other side would not know.
  note_gone_over(view);
  if (!group_.outlook().is_known(standing_.view().version(), gone_over_)) return;
  const Yield target{.group = view.group, .leader = view.leader()->peer()};
  LOG(kInfo, "membership: group {:08x} yields to group {:08x} of {}", standing_.view().group,
      view.group, view.leader()->name);
  merging_.begin(target, standing_.now());
  sent_version_ = 0;
  others_ = {target.leader};
  standing_.writer()->begin_yield(target, view);
  group_.publish(true);
  yield_version_ = standing_.view().version();
  advance();
}

// Members of ours that live in the other group: a JOIN that two groups have answered.
void Meeting::note_gone_over(const MemberView& other) {
  gone_over_.clear();
  for (const Member& theirs : other.members) {
    const Member* ours = standing_.view().find(theirs.mid);
    if (ours && !ours->is_usable() && theirs.is_usable() && theirs.is_confirmed) {
      gone_over_.insert(theirs.mid);
    }
  }
}

void Meeting::end_yield(const char* why) {
  LOG(kNotice, "membership: group {:08x} does not go over to the other: {}", standing_.view().group,
      why);
  standing_.writer()->end_yield();
  group_.publish(true);
}

TimePoint Meeting::due() const {
  return merging_.due();
}

void Meeting::advance() {
  if (!standing_.writer() || !merging_.is_yielding()) return;
  const Peer& leader = merging_.target().leader;
  const bool is_gone = losses_.fates().proof(leader.mid) != Fates::Proof::kNone;
  const bool is_known = group_.outlook().is_known(yield_version_, gone_over_);
  switch (merging_.advance(standing_.now(), is_known, is_gone)) {
    case Merging::Step::kNone:
      return;
    case Merging::Step::kSendMerge:
      return send_merge();
    case Merging::Step::kTakeBack:
      merging_.take_back(standing_.now());
      return end_yield("it does not answer");
  }
}

void Meeting::send_merge() {
  const MemberView& view = standing_.view();
  sent_version_ = view.version();
  MergeMessage merge{.into = merging_.target().group, .view = ViewMessage::full(view)};
  merge.view.has_quorum = group_.outlook().sees_quorum();
  standing_.tell(merging_.target().leader, FrameType::kMerge, encode(merge));
  // It may have another leader by now.
  if (!others_.empty()) group_.ask_for_view(others_[next_other_++ % others_.size()]);
}

void Meeting::on_merge_no(const Peer& from, const MergeNoMessage& message) {
  if (!standing_.writer() || message.group != standing_.view().group || sent_version_ == 0) return;
  if (!merging_.on_refused(from.mid, message.version, sent_version_, standing_.now())) return;
  end_yield(message.reason.c_str());
}

// ---- the stronger group

void Meeting::on_merge(const Peer& from, const MergeMessage& message) {
  const MemberView& theirs = message.view.view;
  const MemberView& ours = standing_.view();
  if (theirs.group == ours.group) return;
  ViewWriter* writer = standing_.writer();
  if (!writer || message.into != ours.group) {
    // There is another leader, or this group has gone over to another: our view says so.
    if (!group_.outlook().is_leader_lost()) group_.send_view(from);
    return;
  }
  note_addresses(theirs);
  const Absorbed* known = ours.find_absorbed(theirs.group);
  if (known && known->version >= theirs.version()) {
    if (known->is_confirmed) group_.send_view(from);
    return;
  }
  if (!may_absorb(from, message)) return;
  const Member* self = theirs.find(standing_.mid());
  if (self && !self->is_usable()) return group_.expel("the other group holds this one for dead");
  LOG(kInfo, "membership: group {:08x} of {} members comes over to group {:08x}", theirs.group,
      theirs.members.size(), ours.group);
  writer->absorb(theirs, standing_.now());
  group_.publish(true);
}

// False: refused, or it has to ask again.
bool Meeting::may_absorb(const Peer& from, const MergeMessage& message) {
  const MemberView& theirs = message.view.view;
  const GroupId ours = standing_.view().group;
  const auto refused = refused_.find(theirs.group);
  if (refused != refused_.end() && refused->second >= theirs.version()) {
    refuse(from, message, "it was refused before");
    return false;
  }
  if (merging_.is_yielding() && merging_.target().group == theirs.group) {
    // Of two that yield to each other the one with the lower id goes over.
    if (merging_.on_mutual(ours, standing_.now())) end_yield("it yields to ours");
    if (ours < theirs.group) refuse(from, message, "that group goes over itself");
    return false;
  }
  if (merging_.is_yielding()) {
    refuse(from, message, "that group goes over to a third one");
    return false;
  }
  if (!is_address_free_for(theirs)) return false;
  if (const auto objection = standing_.writer()->objection_to(theirs)) {
    LOG(kWarn, "membership: group {:08x} may not come over: {}", theirs.group, *objection);
    refuse(from, message, *objection);
    return false;
  }
  return true;
}

// Only with a quorum: another leader of ours, whom we do not know of, may say yes.
void Meeting::refuse(const Peer& to, const MergeMessage& message, const std::string& reason) {
  if (!group_.outlook().is_known(standing_.view().version())) return;
  const MemberView& theirs = message.view.view;
  if (refused_.size() >= kRefusedMax && !refused_.contains(theirs.group)) return;
  uint64_t& version = refused_[theirs.group];
  version = std::max(version, theirs.version());
  standing_.tell(
      to, FrameType::kMergeNo,
      encode(MergeNoMessage{.group = theirs.group, .version = theirs.version(), .reason = reason}));
}

// As for a JOIN: a life of ours at such an address is asked whether it is still there.
bool Meeting::is_address_free_for(const MemberView& view) {
  bool is_free = true;
  for (const Member& theirs : view.members) {
    if (!theirs.is_usable()) continue;
    for (const Member& ours : standing_.view().members) {
      const bool is_clash = ours.mid != theirs.mid && ours.is_usable() &&
                            ours.cluster_address == theirs.cluster_address;
      if (is_clash) standing_.transport().probe(ours.peer());
      is_free = is_free && !is_clash;
    }
  }
  return is_free;
}

}  // namespace understudy
