// SPDX-License-Identifier: Apache-2.0
// Until admission: asking to be let in, and letting in.
#include "backend_sdk/membership/core.h"
#include "base/log.h"

namespace understudy {

void Membership::Core::advance_joining() {
  if (joining_->should_found(now_)) return found_group();
  Member self = options_.self;
  self.operator_state = operator_state_;
  for (const Peer& peer : joining_->due_requests(now_)) {
    tell(peer, FrameType::kJoin, encode(JoinMessage{self}));
  }
}

void Membership::Core::found_group() {
  GroupId group{.founded_us = options_.started_us};
  while (group.id == 0) group.id = static_cast<uint32_t>(random_.next());
  Member self = options_.self;
  self.operator_state = operator_state_;
  view_ = ViewWriter::founded(self, group);
  phase_ = Phase::kMember;
  LOG(kInfo, "membership: {} starts a group, nobody else was found", self.name);
  lead(1);
}

// Who lives at the joiner's address must be gone, for two processes cannot listen there. But which
// of the two came later? A JOIN of the earlier life may have been under way for long. So who is
// known to live there is asked; false while the answer is out.
bool Membership::Core::is_address_free_for(const Member& joiner) {
  bool is_free = true;
  for (const Member& member : view_.members) {
    if (member.mid == joiner.mid || is_me(member.mid) || member.is_proven) continue;
    if (member.cluster_address != joiner.cluster_address) continue;
    transport_.probe(member.peer());
    is_free = is_free && !member.is_usable();
  }
  return is_free;
}

void Membership::Core::on_join(const Peer& from, const JoinMessage& message) {
  if (message.self.mid != from.mid || message.self.cluster_address != from.address) return;
  if (phase_ != Phase::kMember) {
    tell(from, FrameType::kRedirect, encode(RedirectMessage{}));
    return;
  }
  const bool is_free = is_address_free_for(message.self);
  if (!writer_) {
    const Member* leader = view_.leader();
    if (!leader || is_me(leader->mid)) return;
    tell(from, FrameType::kRedirect, encode(RedirectMessage{leader->peer()}));
    return;
  }
  if (!is_free) return;  // it asks again soon
  const auto admission = writer_->admit(message.self, now_);
  if (const auto* refusal = std::get_if<JoinNoMessage>(&admission)) {
    LOG(kWarn, "membership: {} at {} may not join: {}", message.self.name, from.address.to_string(),
        refusal->reason);
    tell(from, FrameType::kJoinNo, encode(*refusal));
    return;
  }
  switch (std::get<ViewWriter::Admission>(admission)) {
    case ViewWriter::Admission::kAdmitted:
      to_welcome_.insert(from.mid);
      return;
    case ViewWriter::Admission::kKnown:
      if (view_.find(from.mid)) send_view(from, FrameType::kWelcome);
      return;
    case ViewWriter::Admission::kLater:
      return;
  }
}

void Membership::Core::on_redirect(const Peer& from, const RedirectMessage& message) {
  if (phase_ != Phase::kJoining) return;
  if (message.leader.mid == kNobody) {
    joining_->on_fresh(from.address, now_);
    advance_joining();
  } else if (message.leader.address != options_.self.cluster_address) {
    joining_->on_redirected(message.leader, now_);
    advance_joining();
  } else {
    // They still wait for our own earlier life; the JOIN has told them better.
    joining_->on_refused(now_);
  }
}

void Membership::Core::on_join_no(const JoinNoMessage& message) {
  if (phase_ != Phase::kJoining) return;
  joining_->on_refused(now_);
  LOG(kWarn, "membership: not let in, and asking on: {}", message.reason);
  if (message.why == JoinNoMessage::Why::kMidTaken) expel("the member id is taken");
}

}  // namespace understudy
