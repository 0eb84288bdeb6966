// SPDX-License-Identifier: Apache-2.0
// Views: what follows from a new one, leading and following, and passing views on.
#include <algorithm>

#include "backend_sdk/membership/core.h"
#include "backend_sdk/membership/quorum.h"
#include "backend_sdk/wire/id_text.h"
#include "base/check.h"
#include "base/log.h"

namespace understudy {
namespace {

// A view of more members is pushed as what changed.
constexpr size_t kFullPushMembersMax = 16;

// Does the leader wait to hear that we have it?
bool is_waited_for(const MemberView& view) {
  return view.is_yielding() || is_measure_proposed(view) ||
         std::any_of(
             view.members.begin(), view.members.end(),
             [](const Member& member) { return member.is_usable() && !member.is_confirmed; }) ||
         std::any_of(view.absorbed.begin(), view.absorbed.end(),
                     [](const Absorbed& entry) { return !entry.is_confirmed; });
}

}  // namespace

// ---- a new view comes into force

void Membership::Core::adopt(MemberView view) {
  const Member* self = view.find(mid());
  if (!self || !self->is_usable()) return expel("the others hold this member for dead");
  const MemberView before = standing_.view();
  const bool is_first = phase_ == Phase::kJoining;
  const Member* old_leader = before.leader();
  const MemberId old_leader_mid = old_leader ? old_leader->mid : kNobody;
  standing_.set_view(std::move(view));
  standing_.follow();
  const Member leader = *standing_.view().leader();
  meeting_.on_follow();
  if (before.group != standing_.view().group) electing_.on_other_group();
  electing_.end();
  if (is_first) {
    phase_ = Phase::kMember;
    reception_.end();
    watch_.beat_soon();
    LOG(kInfo, "membership: {} was admitted by {}", options_.self.name, leader.name);
  }
  const bool is_new_leader = old_leader_mid != leader.mid;
  // Other members that seemed lost are the new leader's business now.
  if (is_new_leader) losses_.forget_silence();
  losses_.on_view(before, is_first && !announced_);
  if (phase_ != Phase::kMember) return;
  // Written by another member, and we are the oldest: the old leader has left and hands over.
  if (standing_.is_me(leader.mid)) return lead(standing_.view().term + 1);
  watch_.on_view(is_new_leader);
  // Says where we stand, and opens the link whose end would be the first sign of its death.
  if (is_new_leader) ask_for_view(leader.peer());
  if (is_waited_for(standing_.view())) watch_.send_beats();
  losses_.bury_own_earlier_lives();
  electing_.consider();
}

void Membership::Core::lead(uint32_t term) {
  if (standing_.writer()) publish(true);  // a leader that renews its term loses no change
  standing_.lead(term);
  ViewWriter& writer = *standing_.writer();
  losses_.hand_to_writer();
  writer.set_operator_state(mid(), watch_.operator_state());
  electing_.end();
  watch_.on_view(true);
  watch_.beat_soon();
  losses_.bury_own_earlier_lives();
  LOG(kInfo, "membership: {} leads, term {}", options_.self.name, term);
  publish(true);
  meeting_.on_lead();
}

void Membership::Core::publish(bool is_urgent) {
  auto next = standing_.writer()->publish(standing_.now(), is_urgent);
  if (!next) return;
  const MemberView before = standing_.view();
  standing_.set_view(*std::move(next));
  const MemberView& view = standing_.view();
  const bool is_delta = before.version() != 0 && view.members.size() > kFullPushMembersMax;
  ViewMessage message = is_delta ? ViewMessage::delta(before, view) : ViewMessage::full(view);
  message.has_quorum = outlook_.sees_quorum();
  const std::string push = encode(message);
  for (const Member& member : view.members) {
    if (!member.is_usable() || standing_.is_me(member.mid)) continue;
    if (before.find(member.mid)) {
      standing_.tell(member.peer(), FrameType::kViewPush, push);
    } else {
      send_view(member.peer(), FrameType::kWelcome);
    }
  }
  losses_.on_view(before, !announced_);
  watch_.watch_all();
}

// What many have reported may be enough now.
void Membership::Core::confirm() {
  ViewWriter* writer = standing_.writer();
  if (!writer || !writer->is_pending()) return;
  writer->confirm([this](uint64_t version) { return outlook_.is_known(version); },
                  [this](MemberId mid, uint64_t version) {
                    return standing_.is_me(mid) || standing_.reports().has_reported(mid, version);
                  });
  if (writer->is_changed()) watch_.watch_all();
}

void Membership::Core::expel(const char* why) {
  LOG(kInfo, "membership: {} ({}) is out: {}", options_.self.name, mid_text(mid()), why);
  phase_ = Phase::kGone;
  reception_.end();
  standing_.follow();
  is_expelled_ = true;
}

void Membership::Core::on_found() {
  electing_.end();
  watch_.watch_all();
}

// ---- exchanging views

void Membership::Core::send_view(const Peer& to, FrameType type) {
  ViewMessage message = ViewMessage::full(standing_.view());
  message.has_quorum = outlook_.sees_quorum();
  standing_.tell(to, type, encode(message));
}

void Membership::Core::ask_for_view(const Peer& of) {
  const Strength ours = outlook_.strength();
  const ViewAskMessage ask{
      .group = ours.group,
      .version = standing_.view().version(),
      .hash = standing_.hash(),
      .has_quorum = ours.has_quorum,
      .usable = static_cast<uint16_t>(std::min<size_t>(ours.usable, UINT16_MAX)),
      .yields_to = standing_.view().yields.group};
  standing_.tell(of, FrameType::kViewAsk, encode(ask));
}

void Membership::Core::on_view_message(const Peer& from, const ViewMessage& message,
                                       const Frame& frame) {
  const MemberView& ours = standing_.view();
  if (phase_ == Phase::kJoining) {
    const Member* self = message.view.find(mid());
    if (message.base_version == 0 && self && self->is_usable()) adopt(message.view);
    return;
  }
  if (message.view.group != ours.group) return meeting_.on_view(from, message, frame);
  if (message.view.version() < ours.version()) return;
  if (message.view.version() == ours.version()) return on_view_alike(from, message);
  auto view = message.applied_to(ours);
  if (!view) return ask_for_view(from);
  adopt(*std::move(view));
}

// The same version again; or, when two that held each other for dead went on alone and numbered
// alike, another view: then any order will do, as long as both sides see the same one.
void Membership::Core::on_view_alike(const Peer& from, const ViewMessage& message) {
  if (message.base_version != 0 || message.hash == standing_.hash()) return;
  const Member* ours = standing_.view().leader();
  const Member* theirs = message.view.leader();
  if (!ours || !theirs || ours->mid == theirs->mid) return;
  if (ours->mid < theirs->mid) return adopt(message.view);
  if (standing_.may_repeat(from.mid)) send_view(from, FrameType::kViewPush);
}

void Membership::Core::on_view_ask(const Peer& from, const ViewAskMessage& message) {
  if (phase_ != Phase::kMember) return;
  const MemberView& ours = standing_.view();
  if (message.group != ours.group) return meeting_.on_view_ask(from, message);
  if (message.version == ours.version()) {
    if (message.hash == standing_.hash() || !standing_.may_repeat(from.mid)) return;
    return send_view(from, FrameType::kViewPush);
  }
  if (message.version < ours.version()) {
    send_view(from, FrameType::kViewPush);
  } else if (standing_.may_repeat(from.mid)) {
    ask_for_view(from);
  }
}

}  // namespace understudy
