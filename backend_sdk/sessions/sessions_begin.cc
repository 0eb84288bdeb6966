// SPDX-License-Identifier: Apache-2.0
// The way in: may this request be served here, must it wait, or whom should the proxy ask?
#include <algorithm>

#include "backend_sdk/replication/lease.h"
#include "backend_sdk/sessions/sessions.h"
#include "base/check.h"

namespace understudy {

void Sessions::begin(const BeginRequest& request, BeginCallback callback) {
  ++statistics_.requests;
  auto pending = std::make_unique<Pending>();
  pending->id = ++last_pending_;
  pending->request = request;
  pending->callback = std::move(callback);
  pending->arrived = clock_.now();
  pending->began = began(request, pending->arrived);
  if (request.token) note_what_is_known(*pending);
  heed(request.told);
  if (active_.size() + parked_.size() >= options_.requests_max) {
    refuse(std::move(pending), Unavailable::kQueueFull);
  } else {
    admit(std::move(pending));
  }
}

void Sessions::note_what_is_known(Pending& pending) {
  const SessionToken& token = *pending.request.token;
  const SessionImage* image = known_image(history_.resolve(token.sid, clock_.now()));
  pending.seen = image != nullptr ? image->position : token.floor;
  pending.has_run = image != nullptr && image->requests.find(pending.request.request_id) != nullptr;
}

const SessionImage* Sessions::known_image(const SessionId& sid) {
  if (const Session* session = store_.find(sid); session != nullptr) return &session->image;
  if (replicator_ == nullptr) return nullptr;
  if (const auto* copy = replicator_->copies().find(sid)) return &copy->image;
  const auto passed_over = replicator_->copies().find_passed_over(sid);
  return passed_over ? passed_over->image : nullptr;
}

// Decides anew each time: a request that waited comes through here again.
void Sessions::admit(PendingPtr pending) {
  if (replicator_ == nullptr || !replicator_->is_admitted()) {
    admit_outside(std::move(pending));
    return;
  }
  if (!pending->request.token) {
    admit_new(std::move(pending), false);
    return;
  }
  const SessionId sid = history_.resolve(pending->request.token->sid, clock_.now());
  if (Session* session = store_.find(sid); session != nullptr) {
    const bool over =
        session->is_ended || (session->expires() <= clock_.now() && session->is_idle());
    if (over) {
      admit_new(std::move(pending), false);
    } else {
      admit_here(std::move(pending), *session);
    }
    return;
  }
  if (history_.is_ended(sid)) {
    admit_new(std::move(pending), false);
    return;
  }
  const ReplicaStore::Replica* copy = replicator_->copies().find(sid);
  if (copy != nullptr) {
    admit_at_copy(std::move(pending), *replicator_->secondary(copy->channel));
    return;
  }
  if (const auto passed_over = replicator_->copies().find_passed_over(sid)) {
    admit_at_passed_over(std::move(pending), passed_over->channel, passed_over->owner);
    return;
  }
  const MemberId owner = history_.owner(sid);
  if (owner != kNobody && replicator_->fate(owner) == Fate::kUsable) {
    redirect(std::move(pending), owner);
    return;
  }
  if (owner != kNobody) {
    look_up(std::move(pending), sid);
    return;
  }
  admit_as_stranger(std::move(pending));
}

// Not a member, not yet, or not any more: all we can say is where a session of ours went.
void Sessions::admit_outside(PendingPtr pending) {
  const auto& token = pending->request.token;
  const MemberId owner =
      token ? history_.owner(history_.resolve(token->sid, clock_.now())) : kNobody;
  if (owner != kNobody) {
    redirect(std::move(pending), owner);
  } else {
    refuse(std::move(pending), Unavailable::kNotJoined);
  }
}

void Sessions::admit_new(PendingPtr pending, bool lost) {
  if (draining_) {
    for (const Member& member : replicator_->view().members) {
      const bool takes = member.mid != self_ && member.liveness == Liveness::kAlive &&
                         member.operator_state == OperatorState::kReady;
      if (takes) {
        redirect(std::move(pending), member.mid);
        return;
      }
    }
    refuse(std::move(pending), Unavailable::kDraining);
    return;
  }
  if (store_.size() >= options_.sessions_max) {
    refuse(std::move(pending), Unavailable::kTooMany);
    return;
  }
  if (lost) {
    ++statistics_.lost;
    const SessionToken& token = *pending->request.token;
    ready_.push_back(
        [this, sid = token.sid, floor = token.floor] { host_.on_session_lost(sid, floor); });
  }
  Active active;
  random_.fill(active.sid.bytes);
  active.request_id = pending->request.request_id;
  active.token = pending->request.token;
  active.lost = lost;
  BeginOutcome outcome;
  outcome.kind = BeginOutcome::Kind::kProceed;
  outcome.handle = ++last_handle_;
  outcome.sid = active.sid;
  outcome.attributes = std::make_shared<const Attributes>();
  outcome.is_new = true;
  outcome.lost = lost;
  active_.emplace(outcome.handle, std::move(active));
  call(std::move(pending->callback), std::move(outcome));
}

// We serve it, or did until a moment ago (R1, R7).
void Sessions::admit_here(PendingPtr pending, Session& session) {
  const SessionToken& token = *pending->request.token;
  if (has_seen_more(token, session)) {
    admit_new(std::move(pending), true);
    return;
  }
  if (is_outdated(*pending, session)) {
    refuse(std::move(pending), Unavailable::kOutdated);
    return;
  }
  if (token.sid == session.sid && token.floor > session.image.position) {
    // The client has seen more than we have: we have been overtaken and do not know it yet (S4).
    ++statistics_.fenced;
    const MemberId route = token.primary == self_ ? kNobody : token.primary;
    const SessionId sid = session.sid;
    fence(session, route);
    if (route != kNobody && replicator_->fate(route) == Fate::kUsable) {
      redirect(std::move(pending), route);
    } else {
      look_up(std::move(pending), sid);
    }
    return;
  }
  if (session.channel != 0) {
    PrimaryChannel& channel = *replicator_->primary(session.channel);
    if (channel.is_outvoted()) {
      redirect(std::move(pending), channel.parties().secondary);
      return;
    }
    const bool held = is_held(channel);
    // A new session's channel has no lease yet, but nobody can have claimed it either: its first
    // acknowledgement is what its responses wait for anyway.
    const bool opening = channel.state() == PrimaryChannel::State::kOpening;
    if (held || (!opening && !channel.may_serve(clock_.read()))) {
      if (!held) channel.renew(clock_.now());
      park(std::move(pending), channel.id(), patience());
      return;
    }
  }
  const CommittedRequest* committed = session.image.requests.find(pending->request.request_id);
  if (committed != nullptr) {
    ++statistics_.replays;
    if (committed->response) {
      answer_again(std::move(pending), session, *committed);
    } else {
      proceed(std::move(pending), session, true);
    }
    return;
  }
  if (may_be_forgotten(*pending, session)) {
    refuse(std::move(pending), Unavailable::kWaitedOut);
    return;
  }
  if (!waits_for_session(pending, session)) proceed(std::move(pending), session, false);
}

// While it waited, the session was elsewhere, and came to us further on than its ring remembers:
// the same request may have been sent there, executed and forgotten since (S11). Or it had been
// executed before it came to us, and our copy told so then.
bool Sessions::may_be_forgotten(const Pending& pending, const Session& session) {
  const Position now = session.image.position;
  if (pending.has_run) return true;
  return pending.request.request_id != 0 && now.epoch != pending.seen.epoch &&
         now.version >= pending.seen.version + kRequestsRemembered;
}

// The same request twice at once, or one that wants the session for itself.
bool Sessions::waits_for_session(PendingPtr& pending, Session& session) {
  const BeginRequest& request = pending->request;
  const bool repeated =
      request.request_id != 0 &&
      std::any_of(session.running.begin(), session.running.end(),
                  [&](const auto& running) { return running.first == request.request_id; });
  const bool queued = request.exclusive && session.exclusive != 0;
  if (!repeated && !queued) return false;
  const size_t waiting = repeated ? session.repeated.size() : session.exclusive_queue.size();
  if (waiting >= options_.session_queue_max) {
    refuse(std::move(pending), Unavailable::kQueueFull);
    return true;
  }
  if (repeated) {
    session.repeated.emplace_back(request.request_id, pending->id);
    park_for_session(std::move(pending), patience(), Unavailable::kWaitedOut);
  } else {
    session.exclusive_queue.push_back(pending->id);
    park_for_session(std::move(pending), options_.exclusive_wait, Unavailable::kBusy);
  }
  return true;
}

void Sessions::answer_again(PendingPtr pending, Session& session,
                            const CommittedRequest& committed) {
  Ticket ticket;
  ticket.needed = committed.version;
  ticket.reads_only = true;
  ticket.done = [this, callback = std::move(pending->callback), response = committed.response,
                 token = pending->request.token,
                 recovered =
                     is_recovered(*pending->request.token, session)](const Verdict& verdict) {
    BeginOutcome outcome;
    switch (verdict.kind) {
      case Verdict::Kind::kReleased:
        outcome.kind = BeginOutcome::Kind::kAnswer;
        outcome.response = response;
        outcome.solo = verdict.solo;
        outcome.recovered = recovered;
        if (verdict.solo) ++statistics_.solo_responses;
        if (!verdict.ended && verdict.token != *token) outcome.cookie = verdict.token;
        break;
      case Verdict::Kind::kFenced:
        outcome.kind = BeginOutcome::Kind::kRedirect;
        outcome.route = verdict.route;
        ++statistics_.rerouted;
        break;
      case Verdict::Kind::kUnavailable:
        outcome.kind = BeginOutcome::Kind::kUnavailable;
        outcome.reason = verdict.reason;
        outcome.retry_after = options_.retry_after;
        ++statistics_.unavailable;
        break;
    }
    call(callback, std::move(outcome));
  };
  if (session.channel == 0) protect(session, false);
  wait_at_gate(session, std::move(ticket));
}

void Sessions::proceed(PendingPtr pending, Session& session, bool replayed) {
  const BeginRequest& request = pending->request;
  const RequestHandle handle = ++last_handle_;
  Active active;
  active.sid = session.sid;
  active.generation = session.generation;
  active.version = session.image.position.version;
  active.request_id = request.request_id;
  active.token = request.token;
  active.recovered = is_recovered(*request.token, session);
  active.replayed = replayed;
  active.exclusive = request.exclusive && !replayed;
  ++session.active;
  if (active.exclusive) session.exclusive = handle;
  if (request.request_id != 0 && !replayed) {
    session.running.emplace_back(request.request_id, handle);
  }
  session.last_access = clock_.now();

  BeginOutcome outcome;
  outcome.kind = BeginOutcome::Kind::kProceed;
  outcome.handle = handle;
  outcome.sid = session.sid;
  outcome.attributes = session.image.attributes;
  outcome.position = session.image.position;
  outcome.recovered = is_recovered(*request.token, session);
  outcome.replayed = replayed;
  if (session.channel != 0) {
    outcome.secondary = replicator_->primary(session.channel)->parties().secondary;
  }
  active_.emplace(handle, std::move(active));
  call(std::move(pending->callback), std::move(outcome));
}

// We hold the copy. Ours to serve only after two of three agree.
void Sessions::admit_at_copy(PendingPtr pending, SecondaryChannel& channel) {
  const TimePoint now = clock_.now();
  const MemberId primary = channel.parties().primary;
  if (channel.state() == SecondaryChannel::State::kOpen) {
    const Member* member = replicator_->view().find(primary);
    const bool seems_alive = replicator_->fate(primary) == Fate::kUsable && member != nullptr &&
                             member->liveness == Liveness::kAlive;
    if (seems_alive && !pending->request.failover && now < channel.grace_over()) {
      redirect(std::move(pending), primary);
      return;
    }
    const bool should_be_handed_over = pending->request.moved || pending->request.unreachable;
    const bool may_be_handed_over =
        should_be_handed_over && pending->hand_over != Pending::HandOver::kOverdue;
    if (seems_alive && may_be_handed_over && now < channel.grace_over()) {
      await_hand_over(std::move(pending), channel);
      return;
    }
    if (pending->answered == primary && now < channel.grace_over()) {
      redirect(std::move(pending), primary);  // it lives, and goes on serving
      return;
    }
    // Park first: what the claim brings wakes those who wait.
    const ChannelId id = channel.id();
    const bool probe = pending->answered != primary;
    park(std::move(pending), id, patience());
    schedule(channel.grace_over());
    if (probe) replicator_->probe(primary);
    channel.want(now);
    return;
  }
  park(std::move(pending), channel.id(), patience());
}

void Sessions::admit_as_stranger(PendingPtr pending) {
  const SessionToken& token = *pending->request.token;
  const bool was_ours = token.primary == self_ || token.secondary == self_;
  const Fate primary = replicator_->fate(token.primary);
  if (token.primary != self_ && primary == Fate::kUsable && !pending->request.failover) {
    const Member* member = replicator_->view().find(token.primary);
    if (member != nullptr && member->liveness == Liveness::kSuspect) {
      refuse(std::move(pending), Unavailable::kSuspect);
    } else {
      redirect(std::move(pending), token.primary);
    }
    return;
  }
  if (!was_ours && token.secondary != kNobody &&
      replicator_->fate(token.secondary) == Fate::kUsable) {
    redirect(std::move(pending), token.secondary);
    return;
  }
  const SessionId sid = history_.resolve(token.sid, clock_.now());
  look_up(std::move(pending), sid);
}

void Sessions::redirect(PendingPtr pending, MemberId route) {
  ++statistics_.rerouted;
  BeginOutcome outcome;
  outcome.kind = BeginOutcome::Kind::kRedirect;
  outcome.route = route;
  call(std::move(pending->callback), std::move(outcome));
}

void Sessions::refuse(PendingPtr pending, Unavailable reason) {
  ++statistics_.unavailable;
  BeginOutcome outcome;
  outcome.kind = BeginOutcome::Kind::kUnavailable;
  outcome.reason = reason;
  outcome.retry_after = options_.retry_after;
  call(std::move(pending->callback), std::move(outcome));
}

// The longest that ownership can reasonably stay open: the grace period, and a claim.
Duration Sessions::patience() const {
  return std::min(options_.park_max,
                  grace_of(lease_of(replication_.beat)) + replication_.ack_deadline);
}

void Sessions::park(PendingPtr pending, ChannelId channel, Duration wait) {
  const PendingId id = pending->id;
  park_for_session(std::move(pending), wait, Unavailable::kWaitedOut);
  if (parked_.contains(id)) parked_by_channel_[channel].push_back(id);
}

void Sessions::park_for_session(PendingPtr pending, Duration wait, Unavailable reason) {
  if (parked_.size() >= options_.parked_max) {
    refuse(std::move(pending), Unavailable::kQueueFull);
    return;
  }
  pending->reason = reason;
  pending->deadline = pending->arrived + wait;
  if (pending->deadline <= clock_.now()) {
    refuse(std::move(pending), reason);
    return;
  }
  parked_until_.emplace(pending->deadline, pending->id);
  schedule(pending->deadline);
  parked_.emplace(pending->id, std::move(pending));
}

void Sessions::wake(ChannelId channel) {
  const auto found = parked_by_channel_.find(channel);
  if (found == parked_by_channel_.end()) return;
  const std::vector<PendingId> waiting = std::move(found->second);
  parked_by_channel_.erase(found);
  // Later, from the top: whoever woke them is in the middle of something.
  for (const PendingId id : waiting) {
    ready_.push_back([this, id] { readmit(id); });
  }
}

void Sessions::readmit(PendingId id) {
  const auto found = parked_.find(id);
  if (found == parked_.end()) return;
  PendingPtr pending = std::move(found->second);
  parked_.erase(found);
  admit(std::move(pending));
}

}  // namespace understudy
