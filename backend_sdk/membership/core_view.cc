// SPDX-License-Identifier: Apache-2.0
// Views: what follows from a new one, leading and following, and finding other groups.
#include <algorithm>

#include "backend_sdk/membership/core.h"
#include "base/check.h"
#include "base/log.h"

namespace understudy {
namespace {

// A view of more members is pushed as what changed.
constexpr size_t kFullPushMembersMax = 16;
constexpr size_t kLookedForMax = 8;  // addresses in one look for other groups

}  // namespace

// ---- a new view comes into force

void Membership::Core::announce_deaths(const MemberView& before) {
  for (const Member& member : view_.members) {
    if (member.is_usable() || is_me(member.mid)) continue;
    const Member* old = before.find(member.mid);
    const bool is_news = !old || old->is_usable() || (member.is_proven && !old->is_proven);
    // Who died before we came is no news to anybody here.
    if (is_news && (old || told_)) announce(member.peer(), member.is_proven);
    if (member.is_proven) transport_.forget(member.peer());
  }
  for (const Member& member : before.members) {
    if (view_.find(member.mid) || is_me(member.mid)) continue;
    if (member.is_usable()) announce(member.peer(), false);
    transport_.forget(member.peer());
    announced_.erase(member.mid);
    repeated_at_.erase(member.mid);
    refuted_.erase(member.mid);
  }
  std::erase_if(lost_, [&](const auto& entry) {
    const Member* member = view_.find(entry.first);
    return !member || !member->is_usable();
  });
}

// The leader watches everybody, everybody else the leader.
void Membership::Core::watch_for_view() {
  const Member* leader = view_.leader();
  for (const Member& member : view_.members) {
    const bool is_watched = !is_me(member.mid) && member.is_usable() &&
                            (writer_ || (leader && leader->mid == member.mid));
    if (is_watched) {
      detector_.watch(member.peer(), now_);
    } else {
      detector_.unwatch(member.mid);
    }
  }
}

// We listen where they did.
void Membership::Core::bury_own_earlier_lives() {
  std::vector<MemberId> earlier;
  for (const Member& member : view_.members) {
    if (is_me(member.mid) || member.is_proven) continue;
    if (member.cluster_address == options_.self.cluster_address) earlier.push_back(member.mid);
  }
  for (const MemberId mid : earlier) on_proof(mid, Liveness::kDead, "was our own earlier life");
}

void Membership::Core::adopt(MemberView view) {
  const Member* self = view.find(mid());
  if (!self || !self->is_usable()) return expel("the others hold this member for dead");
  const MemberView before = std::exchange(view_, std::move(view));
  view_hash_ = view_.hash();
  const Member* old_leader = before.leader();
  const Member* leader = view_.leader();
  CHECK(leader);
  writer_.reset();
  to_welcome_.clear();
  end_election();
  if (phase_ == Phase::kJoining) {
    phase_ = Phase::kMember;
    joining_.reset();
    for (const Address& seed : options_.seeds) transport_.forget({kNobody, seed});
    next_beat_ = now_;
    LOG(kInfo, "membership: {} was admitted by {}", options_.self.name, leader->name);
  }
  const bool is_new_leader = !old_leader || old_leader->mid != leader->mid;
  if (is_new_leader) {
    detector_.clear();
    // Whoever seemed lost besides the leader is the new leader's business now.
    std::erase_if(lost_, [](const auto& entry) { return !is_proof(entry.second); });
  }
  announce_deaths(before);
  // Written by somebody else who made us the oldest: the old leader has left and hands over.
  if (is_me(leader->mid)) return lead(view_.term + 1);
  watch_for_view();
  // Says where we stand, and opens the link whose end would be the first sign of its death.
  if (is_new_leader) ask_for_view(leader->peer());
  bury_own_earlier_lives();
  consider_election();
}

void Membership::Core::lead(uint32_t term) {
  writer_.emplace(view_, term,
                  ViewWriter::Limits{.members_max = options_.members_max,
                                     .tombstones_max = options_.tombstones_max,
                                     .tombstone_age = options_.tombstone_age},
                  now_);
  for (const auto& [mid, evidence] : lost_) {
    writer_->mark(mid, Liveness::kDead, evidence, now_);
  }
  writer_->set_operator_state(mid(), operator_state_);
  end_election();
  detector_.clear();
  next_beat_ = now_;
  bury_own_earlier_lives();
  LOG(kInfo, "membership: {} leads, term {}", options_.self.name, term);
  publish(true);
}

void Membership::Core::publish(bool is_urgent) {
  auto next = writer_->publish(now_, is_urgent);
  if (!next) return;
  const MemberView before = std::exchange(view_, *std::move(next));
  view_hash_ = view_.hash();
  const bool is_delta = before.version() != 0 && view_.members.size() > kFullPushMembersMax;
  const std::string push =
      encode(is_delta ? ViewMessage::delta(before, view_) : ViewMessage::full(view_));
  for (const Peer& peer : other_usable()) {
    if (to_welcome_.contains(peer.mid)) {
      send_view(peer, FrameType::kWelcome);
    } else {
      tell(peer, FrameType::kViewPush, push);
    }
  }
  to_welcome_.clear();
  announce_deaths(before);
  watch_for_view();
}

void Membership::Core::refresh_shown() {
  shown_ = view_;
  const std::set<MemberId> suspects = detector_.suspects();
  for (Member& member : shown_.members) {
    if (member.liveness != Liveness::kAlive) continue;
    const bool is_suspect = suspects.contains(member.mid) || lost_.contains(member.mid) ||
                            reported_suspects_.contains(member.mid);
    if (is_suspect && !is_me(member.mid)) member.liveness = Liveness::kSuspect;
  }
}

void Membership::Core::expel(const char* why) {
  LOG(kInfo, "membership: {} ({:08x}) is out: {}", options_.self.name, mid(), why);
  phase_ = Phase::kGone;
  writer_.reset();
  is_expelled_ = true;
}

// ---- exchanging views

void Membership::Core::send_view(const Peer& to, FrameType type) {
  tell(to, type, encode(ViewMessage::full(view_)));
}

void Membership::Core::ask_for_view(const Peer& of) {
  const ViewAskMessage ask{.group = view_.group, .version = view_.version(), .hash = view_hash_};
  tell(of, FrameType::kViewAsk, encode(ask));
}

void Membership::Core::on_view_message(const Peer& from, const ViewMessage& message,
                                       const Frame& frame) {
  if (phase_ == Phase::kJoining) {
    const Member* self = message.view.find(mid());
    if (message.base_version == 0 && self && self->is_usable()) adopt(message.view);
    return;
  }
  if (message.view.group != view_.group) {
    if (outranks(message.view.group)) {
      // It may even count us as one of its own: an answer to a JOIN that came too late.
      if (may_repeat(from.mid)) send_view(from);
      return;
    }
    if (message.base_version != 0) return ask_for_view(from);
    for (const Member& member : message.view.members) {
      if (met_.size() < Joining::kSeedsMax) met_.push_back(member.cluster_address);
    }
    // The older group wins. Everybody else here must hear of it as well.
    const Member* leader = view_.leader();
    if (writer_) {
      for (const Peer& peer : other_usable()) tell(peer, frame.type, frame.payload);
    } else if (leader && leader->mid != from.mid) {
      tell(leader->peer(), frame.type, frame.payload);
    }
    return expel("another group was met");
  }
  if (message.view.version() < view_.version()) return;
  if (message.view.version() == view_.version()) return on_view_alike(from, message);
  auto view = message.applied_to(view_);
  if (!view) return ask_for_view(from);
  adopt(*std::move(view));
}

// The same version again; or, when two that held each other for dead went on alone and numbered
// alike, another view: then any order will do, as long as both sides see the same one.
void Membership::Core::on_view_alike(const Peer& from, const ViewMessage& message) {
  if (message.base_version != 0 || message.hash == view_hash_) return;
  const Member* ours = view_.leader();
  const Member* theirs = message.view.leader();
  if (!ours || !theirs || ours->mid == theirs->mid) return;
  if (ours->mid < theirs->mid) return adopt(message.view);
  if (may_repeat(from.mid)) send_view(from);
}

// The older group wins, but one that has lost its leader can let nobody in: its members go over to
// whatever they meet.
bool Membership::Core::outranks(const GroupId& other) const {
  return view_.group < other && !is_leader_lost();
}

void Membership::Core::on_view_ask(const Peer& from, const ViewAskMessage& message) {
  if (phase_ != Phase::kMember) return;
  const bool is_same = message.group == view_.group;
  if (is_same && message.version == view_.version()) {
    if (message.hash != view_hash_ && may_repeat(from.mid)) send_view(from);
    return;
  }
  const bool is_ours_better = is_same ? message.version < view_.version() : outranks(message.group);
  if (is_ours_better) {
    send_view(from);
  } else if (may_repeat(from.mid)) {
    ask_for_view(from);
  }
}

// A beat says where its sender stands. Views are pushed on change, so a difference is either one
// under way, or one that was lost.
void Membership::Core::note_version(const Peer& of, uint64_t version, uint64_t hash) {
  if (version > view_.version()) {
    if (may_repeat(of.mid)) ask_for_view(of);
    return;
  }
  const Member* sender = view_.find(of.mid);
  const bool is_stranger = !sender || !sender->is_usable();
  if (version < view_.version()) {
    if ((writer_ || is_stranger) && may_repeat(of.mid)) send_view(of);
  } else if (writer_ && hash != view_hash_ && may_repeat(of.mid)) {
    LOG(kWarn, "membership: member {:08x} has another view of the same version", of.mid);
    writer_->touch();
  }
}

// Groups that were founded apart, and members that died in silence, are found again by asking at
// the seeds and at the tombstones' addresses.
void Membership::Core::look_for_others() {
  std::vector<Peer> targets;
  for (const Member& member : view_.members) {
    if (!member.is_usable() && !member.is_proven) targets.push_back(member.peer());
  }
  for (const Address& seed : options_.seeds) {
    // Without a leader nothing that the view says of others can be relied on.
    const bool is_member =
        !is_leader_lost() &&
        std::any_of(view_.members.begin(), view_.members.end(), [&](const Member& member) {
          return member.cluster_address == seed && (member.is_usable() || !member.is_proven);
        });
    if (!is_member && seed != options_.self.cluster_address) targets.push_back({kNobody, seed});
  }
  const size_t count = std::min(targets.size(), kLookedForMax);
  for (size_t i = 0; i < count; ++i) ask_for_view(targets[next_seed_++ % targets.size()]);
}

}  // namespace understudy
