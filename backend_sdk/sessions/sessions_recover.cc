// SPDX-License-Identifier: Apache-2.0
// What a primary sealed and then took to its grave (PROTOCOL 2.4): served again from the copy that
// it had passed over, once it is proven dead and everybody else has been asked in its name.
// Modelled in backend_sdk/models/recovery.pml.
#include "backend_sdk/sessions/sessions.h"
#include "base/log.h"

namespace understudy {

namespace {

// More epochs than a primary may have given a session between its seal and its death.
constexpr uint32_t kRecoveryEpochs = 4096;
constexpr size_t kRecoveriesMax = 64;  // questions under way for sessions that nobody asks for
constexpr Duration kRecoverNext = std::chrono::milliseconds(5);
constexpr Duration kRecoverAgain = std::chrono::seconds(1);
// How long a request may be between proxy and session layer, and by what two clocks differ (2.2).
constexpr Duration kUnderWay = std::chrono::milliseconds(20);
constexpr int kClockRatio = 50;

}  // namespace

// The primary has it, or died with it. Until that is proven nobody may serve what we have.
void Sessions::admit_at_passed_over(PendingPtr pending, ChannelId channel) {
  const MemberId primary = primary_of(channel);
  const Fate fate = replicator_->fate(primary);
  if (fate == Fate::kProven) {
    const SessionId sid = history_.resolve(pending->request.token->sid, clock_.now());
    look_up(std::move(pending), sid);
    return;
  }
  const Member* member = replicator_->view().find(primary);
  const bool seems_alive =
      fate == Fate::kUsable && member != nullptr && member->liveness == Liveness::kAlive;
  if (pending->answered == primary || (seems_alive && !pending->request.failover)) {
    redirect(std::move(pending), primary);
    return;
  }
  park(std::move(pending), channel, patience());
  replicator_->probe(primary);
}

// Whose death is all that keeps us from serving this session; kNobody: there is more.
MemberId Sessions::claimable_from(const SessionId& sid) const {
  const ReplicaStore::PassedOver* passed_over = replicator_->copies().find_passed_over(sid);
  if (passed_over == nullptr) return kNobody;
  const MemberId primary = primary_of(passed_over->channel);
  return replicator_->fate(primary) == Fate::kProven ? primary : kNobody;
}

void Sessions::settle_passed_over(const Lookups::Finished& finished) {
  if (finished.instead_of == kNobody || claimable_from(finished.sid) != finished.instead_of) return;
  switch (finished.verdict.kind) {
    case Lookups::Verdict::Kind::kEnded:
      replicator_->take_passed_over(finished.sid);
      return;
    case Lookups::Verdict::Kind::kRoute:
      if (finished.verdict.is_held) {
        replicator_->take_passed_over(finished.sid);
        return;
      }
      break;
    case Lookups::Verdict::Kind::kNowhere:
    case Lookups::Verdict::Kind::kUnknown:
      if (finished.is_certain) {
        recover(finished.sid);
        return;
      }
      break;
  }
  recover_after_ = clock_.now() + kRecoverAgain;
  schedule(recover_after_);
}

void Sessions::recover(const SessionId& sid) {
  std::optional<SessionImage> image = replicator_->take_passed_over(sid);
  const bool wanted = store_.find(sid) == nullptr && replicator_->copies().find(sid) == nullptr &&
                      !history_.is_ended(sid);
  if (!wanted) return;
  const Position from = image->position;
  image->position.epoch += kRecoveryEpochs;
  image->recovery = Recovery{
      .epoch = image->position.epoch, .from = from, .sure_since = replicator_->last_proof()};
  history_.forget_move(sid);
  Session& session = store_.create(sid, *std::move(image), clock_.now());
  session.was_shown = true;
  ++statistics_.recovered;
  schedule(clock_.now());
}

// Also what no client asks for now: it shall have a second copy again.
void Sessions::recover_in_background() {
  const TimePoint now = clock_.now();
  if (replicator_->copies().passed_over_count() == 0) return;
  if (now < recover_after_) {
    schedule(recover_after_);
    return;
  }
  size_t asked = 0;
  for (const SecondaryChannel* channel : replicator_->secondaries()) {
    if (channel->state() != SecondaryChannel::State::kOut) continue;
    if (replicator_->fate(channel->parties().primary) != Fate::kProven) continue;
    for (const SessionId& sid : replicator_->copies().passed_over_in(channel->id())) {
      if (lookups_.is_asked(sid)) continue;
      if (asked == kRecoveriesMax || lookups_.size() >= options_.lookups_max) {
        recover_after_ = now + kRecoverNext;
        schedule(recover_after_);
        return;
      }
      ++asked;
      ask_around(sid, 0);
    }
  }
}

// A logout must be known to two: the copy that was passed over would bring the session back. False:
// there is nobody to tell.
bool Sessions::end_elsewhere(Session& session) {
  if (session.passed_over == 0) return false;
  PrimaryChannel* channel = replicator_->place(session.sid, true);
  if (channel == nullptr) return false;
  store_.attach(session, channel->id());
  ++session.image.position.epoch;
  const SidPayload about{session.sid, session.image.position};
  std::string payload;
  encode(InvalidatePayload{session.sid, session.image.position, session.former_ids}, payload);
  const bool sent =
      channel->append(FrameType::kInvalidate, about, std::move(payload), false, clock_.now());
  if (!sent) mark_dirty(session);
  return true;
}

// This client has been shown more than the copy had that was left.
bool Sessions::has_seen_more(const SessionToken& token, const Session& session) {
  return is_recovered(token, session) && token.sid == session.sid &&
         token.floor > session.image.recovery->from;
}

// This client does not know yet that its session was recovered.
bool Sessions::is_recovered(const SessionToken& token, const Session& session) {
  return session.image.recovery && token.floor.epoch < session.image.recovery->epoch;
}

// The cookie says what its client had been shown when it sent the request. What came to it later
// came from somebody who is dead now: a request that began after the last proof of that brings it
// along. Of any other nobody can tell; answered, it would take the client back without a word.
bool Sessions::is_outdated(const Pending& pending, const Session& session) {
  return is_recovered(*pending.request.token, session) &&
         pending.began < session.image.recovery->sure_since;
}

TimePoint Sessions::began(const BeginRequest& request, TimePoint arrived) {
  return arrived - request.waited - request.waited / kClockRatio - kUnderWay;
}

}  // namespace understudy
