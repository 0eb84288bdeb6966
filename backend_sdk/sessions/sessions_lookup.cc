// SPDX-License-Identifier: Apache-2.0
// Asking all members where a session is, for a request or in place of a dead primary.
#include "backend_sdk/sessions/sessions.h"

namespace understudy {

void Sessions::look_up(PendingPtr pending, const SessionId& sid) {
  const PendingId id = pending->id;
  const bool joined = lookups_.join(sid, id);
  if (!joined && lookups_.size() >= options_.lookups_max) {
    refuse(std::move(pending), Unavailable::kQueueFull);
    return;
  }
  park_for_session(std::move(pending), patience(), Unavailable::kWaitedOut);
  if (joined || !parked_.contains(id)) return;
  ask_around(sid, id);
}

void Sessions::ask_around(const SessionId& sid, PendingId waiting) {
  ++statistics_.lookups;
  const MemberId instead_of = claimable_from(sid);
  std::vector<MemberId> asked;
  for (const Member& member : replicator_->view().members) {
    // Who is only believed dead may still have something newer than what was passed over.
    const bool wanted =
        instead_of == kNobody ? member.is_usable() : replicator_->fate(member.mid) != Fate::kProven;
    if (member.mid != self_ && wanted) asked.push_back(member.mid);
  }
  const LookupPayload lookup{.nonce = random_.next(), .sid = sid, .instead_of = instead_of};
  Lookups::Claim claim{.instead_of = instead_of, .position = {}};
  if (instead_of != kNobody) {
    claim.position = replicator_->copies().find_passed_over(sid)->image->position;
  }
  lookups_.start(lookup.nonce, sid, waiting, asked, clock_.now() + options_.lookup_timeout, claim);
  for (const MemberId member : asked) replicator_->send_lookup(member, lookup);
  schedule(asked.empty() ? clock_.now() : clock_.now() + options_.lookup_timeout);
}

void Sessions::finish_lookups() {
  for (Lookups::Finished& finished : lookups_.take_finished(clock_.now())) {
    settle_passed_over(finished);
    for (const PendingId id : finished.waiting) {
      const auto found = parked_.find(id);
      if (found == parked_.end()) continue;
      PendingPtr pending = std::move(found->second);
      parked_.erase(found);
      conclude_lookup(std::move(pending), finished);
    }
  }
}

void Sessions::conclude_lookup(PendingPtr pending, const Lookups::Finished& finished) {
  const bool is_here =
      store_.find(finished.sid) != nullptr || replicator_->copies().find(finished.sid) != nullptr;
  const bool is_passed_over = replicator_->copies().find_passed_over(finished.sid).has_value();
  if (is_here || (is_passed_over && finished.instead_of == kNobody)) {  // it came while we asked
    admit(std::move(pending));
    return;
  }
  switch (finished.verdict.kind) {
    case Lookups::Verdict::Kind::kRoute:
      redirect(std::move(pending), finished.verdict.route);
      break;
    case Lookups::Verdict::Kind::kEnded:
      admit_new(std::move(pending), false);
      break;
    case Lookups::Verdict::Kind::kNowhere:
      // On a minority's side it may live on the other one. Unless there is no other side: all who
      // are not here are known to be gone.
      if (is_passed_over) {
        refuse(std::move(pending), Unavailable::kSuspect);
      } else if (host_.has_quorum() || !replicator_->is_anybody_missing()) {
        admit_new(std::move(pending), true);
      } else {
        refuse(std::move(pending), Unavailable::kMinority);
      }
      break;
    case Lookups::Verdict::Kind::kUnknown:
      refuse(std::move(pending), Unavailable::kSuspect);
      break;
  }
}

}  // namespace understudy
