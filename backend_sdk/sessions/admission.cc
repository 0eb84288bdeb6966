// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/admission.h"

#include <algorithm>
#include <utility>

#include "backend_sdk/sessions/patience.h"

namespace understudy {

void Admission::begin(const BeginRequest& request, BeginCallback callback) {
  ++layer_.statistics.requests;
  auto waiting = std::make_unique<Waiting>();
  waiting->id = ++last_waiting_;
  waiting->request = request;
  waiting->callback = std::move(callback);
  waiting->arrived = layer_.now();
  waiting->began = Recovery::began(request, waiting->arrived);
  if (request.token) {
    // By the clock of now: a turn of the loop may be longer than a request is in flight (C2).
    waiting->came = Recovery::came(request, layer_.clock.read());
    const SessionImage* image = known_image(layer_.resolve(request.token->sid, waiting->came));
    waiting->has_run = image != nullptr && image->requests.find(request.request_id) != nullptr;
  }
  parts_.hand_over.obey(request.order);
  if (active_.size() + parts_.parking.size() >= layer_.options.requests_max) {
    refuse(std::move(waiting), Unavailable::kQueueFull);
  } else {
    admit(std::move(waiting));
  }
  // After it: requests that wait for the room that this makes came before.
  parts_.queues.on_answered(request.answered);
}

std::optional<Active> Admission::take(RequestHandle handle) {
  const auto found = active_.find(handle);
  if (found == active_.end()) return std::nullopt;
  Active active = std::move(found->second);
  active_.erase(found);
  return active;
}

std::optional<SessionToken> Admission::choose(const std::vector<SessionToken>& tokens) const {
  if (tokens.empty()) return std::nullopt;
  // The first of those that have the best chance.
  return *std::ranges::max_element(tokens, {},
                                   [this](const SessionToken& token) { return chance_of(token); });
}

Admission::Chance Admission::chance_of(const SessionToken& token) const {
  const SessionId sid = layer_.resolve(token.sid);
  if (sid != token.sid) return Chance::kFormer;
  if (const Stay* stay = layer_.store.find(sid); stay != nullptr) {
    return stay->placement.is_dead() ? Chance::kEnded : Chance::kHere;
  }
  if (layer_.history.is_ended(sid)) return Chance::kEnded;
  const bool has_copy =
      layer_.replicator != nullptr && layer_.replicator->copies().find(sid) != nullptr;
  if (has_copy) return Chance::kHere;
  return token.primary == layer_.self ? Chance::kNotHere : Chance::kElsewhere;
}

const SessionImage* Admission::known_image(const SessionId& sid) const {
  if (const Stay* stay = layer_.store.find(sid); stay != nullptr) return &stay->image;
  if (layer_.replicator == nullptr) return nullptr;
  if (const auto* copy = layer_.replicator->copies().find(sid)) return &copy->image;
  const auto passed_over = layer_.replicator->copies().find_passed_over(sid);
  return passed_over ? passed_over->image : nullptr;
}

Duration Admission::patience() const {
  return patience_of(layer_);
}

bool Admission::seems_alive(MemberId member) const {
  const Member* known = layer_.replicator->view().find(member);
  return layer_.replicator->fate(member) == Fate::kUsable && known != nullptr &&
         known->liveness == Liveness::kAlive;
}

void Admission::admit(WaitingPtr waiting) {
  if (layer_.replicator == nullptr || !layer_.replicator->is_admitted()) {
    return admit_outside(std::move(waiting));
  }
  if (!waiting->request.token) return admit_new(std::move(waiting), false);
  const SessionId sid = layer_.resolve(waiting->request.token->sid, waiting->came);
  if (Stay* stay = parts_.turnover.find(sid); stay != nullptr) {
    if (stay->placement.is_dead()) return admit_at_end(std::move(waiting), *stay);
    // Only the owner decides that a session has expired, and it may be another member by now.
    const bool is_over =
        stay->expires() <= layer_.now() && stay->is_idle() && layer_.may_answer_for(*stay);
    return is_over ? admit_new(std::move(waiting), false) : admit_here(std::move(waiting), *stay);
  }
  if (layer_.history.is_ended(sid)) return admit_new(std::move(waiting), false);
  const ReplicaStore& copies = layer_.replicator->copies();
  if (const ReplicaStore::Replica* copy = copies.find(sid); copy != nullptr) {
    return admit_at_copy(std::move(waiting), *layer_.replicator->secondary(copy->channel));
  }
  if (const auto passed_over = copies.find_passed_over(sid)) {
    return admit_at_passed_over(std::move(waiting), *passed_over);
  }
  const MemberId owner = layer_.history.owner(sid);
  if (owner == kNobody) return admit_as_stranger(std::move(waiting));
  // Pointers age: a request that was sent on by one does not follow the next (Q3).
  const bool may_follow = !waiting->request.failover;
  if (may_follow && layer_.replicator->fate(owner) == Fate::kUsable) {
    return redirect(std::move(waiting), owner);
  }
  look_up(std::move(waiting), sid);
}

// Not a member, not yet, or not any more: all that is known is where a session of ours went.
void Admission::admit_outside(WaitingPtr waiting) {
  const auto& token = waiting->request.token;
  const MemberId owner =
      token ? layer_.history.owner(layer_.resolve(token->sid, waiting->came)) : kNobody;
  if (owner != kNobody) {
    redirect(std::move(waiting), owner);
  } else {
    refuse(std::move(waiting), Unavailable::kNotJoined);
  }
}

void Admission::admit_new(WaitingPtr waiting, bool is_lost) {
  if (parts_.hand_over.is_draining()) {
    for (const Member& member : layer_.replicator->view().members) {
      const bool takes = member.mid != layer_.self && member.liveness == Liveness::kAlive &&
                         member.operator_state == OperatorState::kReady;
      if (takes) return redirect(std::move(waiting), member.mid);
    }
    return refuse(std::move(waiting), Unavailable::kDraining);
  }
  if (is_held_as_suspect(waiting)) return;
  const bool is_full = layer_.store.size() >= layer_.options.sessions_max ||
                       layer_.store.bytes() >= layer_.options.sessions_bytes_max;
  if (is_full) return refuse(std::move(waiting), Unavailable::kTooMany);
  if (is_lost) {
    ++layer_.statistics.lost;
    const SessionToken& token = *waiting->request.token;
    layer_.ready.push_back(
        [this, sid = token.sid, floor = token.floor] { layer_.host.on_session_lost(sid, floor); });
  }
  Active active;
  layer_.random.fill(active.sid.bytes);
  active.request_id = waiting->request.request_id;
  active.token = waiting->request.token;
  // Its client may have the new id by now: that cookie is not taken away.
  const bool was_renamed =
      active.token && layer_.history.alias_left(active.token->sid, layer_.now()) > Duration::zero();
  if (was_renamed) active.token.reset();
  active.lost = is_lost;
  BeginOutcome outcome;
  outcome.kind = BeginOutcome::Kind::kProceed;
  outcome.handle = ++last_handle_;
  outcome.sid = active.sid;
  outcome.attributes = std::make_shared<const Attributes>();
  outcome.is_new = true;
  outcome.lost = is_lost;
  active_.emplace(outcome.handle, std::move(active));
  layer_.call(std::move(waiting->callback), std::move(outcome));
}

// --- served here -------------------------------------------------------------------------------

void Admission::admit_here(WaitingPtr waiting, Stay& stay) {
  const SessionToken& token = *waiting->request.token;
  if (Recovery::has_seen_more(token, stay)) return admit_new(std::move(waiting), true);
  if (Recovery::is_outdated(*waiting, stay)) {
    return refuse(std::move(waiting), Unavailable::kOutdated);
  }
  if (token.sid == stay.sid && token.floor > stay.image.position) {
    return admit_overtaken(std::move(waiting), stay);
  }
  if (waits_for_channel(waiting, stay)) return;
  // The login has happened after all, and this request came later.
  const bool is_too_late =
      token.sid != stay.sid && layer_.resolve(token.sid, waiting->came) != stay.sid;
  if (is_too_late) return admit_new(std::move(waiting), false);
  const CommittedRequest* committed = stay.image.requests.find(waiting->request.request_id);
  if (committed != nullptr) {
    ++layer_.statistics.replays;
    if (committed->response) return answer_again(std::move(waiting), stay, *committed);
    return proceed(std::move(waiting), stay, true);
  }
  if (may_be_forgotten(*waiting)) return refuse(std::move(waiting), Unavailable::kWaitedOut);
  if (is_held_as_suspect(waiting)) return;
  if (!parts_.queues.waits(waiting, stay, patience())) proceed(std::move(waiting), stay, false);
}

// The client has seen more than we have: another member owns the session, and we do not know it
// yet (R7, S4).
void Admission::admit_overtaken(WaitingPtr waiting, Stay& stay) {
  ++layer_.statistics.fenced;
  const MemberId primary = waiting->request.token->primary;
  if (stay.was_written_alone() && !layer_.is_heir(primary, stay)) {
    layer_.tell_conflict(stay.sid, waiting->request.token->floor, stay.image.position);
  }
  const MemberId route = primary == layer_.self ? kNobody : primary;
  const SessionId sid = stay.sid;
  parts_.turnover.fence(stay, route);
  if (route != kNobody && layer_.replicator->fate(route) == Fate::kUsable) {
    redirect(std::move(waiting), route);
  } else {
    look_up(std::move(waiting), sid);
  }
}

// It has ended, and its secondary may not know that yet. A new session shows the end, and so does
// the logout that is sent again: no answer does before a second member knows of it (R4, I2). Where
// there is no second member, the logout has had its 503 by AckDeadline, and its client begins anew.
void Admission::admit_at_end(WaitingPtr waiting, Stay& stay) {
  const bool is_overdue = stay.ended_at + layer_.replication.ack_deadline <= layer_.now();
  if (stay.placement.channel() == 0 && is_overdue) return admit_new(std::move(waiting), false);
  Gate::Ticket ticket;
  ticket.needed = UINT64_MAX;
  ticket.done = [this, held = std::make_shared<WaitingPtr>(std::move(waiting))](
                    const Gate::Passage& passage) {
    layer_.ready.push_back([this, held, passage] {
      using Kind = Gate::Passage::Kind;
      const bool is_still_told =
          passage.kind == Kind::kUnavailable && passage.reason == Unavailable::kWaitedOut;
      if (is_still_told) return refuse(std::move(*held), passage.reason);
      // It has not ended there, or that member knows.
      const bool is_elsewhere = passage.kind == Kind::kFenced && passage.route != kNobody;
      if (is_elsewhere) return redirect(std::move(*held), passage.route);
      const bool is_known = passage.kind == Kind::kReleased && layer_.replicator != nullptr;
      if (is_known) return admit_new(std::move(*held), false);
      admit(std::move(*held));
    });
  };
  parts_.gate.wait(stay, std::move(ticket));
}

// The session's channel is another member's, or may be (R1).
bool Admission::waits_for_channel(WaitingPtr& waiting, Stay& stay) {
  if (stay.placement.channel() == 0) return false;
  PrimaryChannel& channel = layer_.channel_of(stay);
  if (channel.is_outvoted()) {
    redirect(std::move(waiting), channel.parties().secondary);
    return true;
  }
  const bool is_kept_back = parts_.hand_over.keeps_back(channel);
  // A channel that was just opened has no lease yet, but no member can have claimed it either: its
  // first acknowledgement is what its responses wait for anyway. Not so after a pause.
  const bool may_serve = channel.is_fresh(layer_.clock.read()) || layer_.may_answer_for(stay);
  if (!is_kept_back && may_serve) return false;
  if (!is_kept_back) channel.renew(layer_.now());
  parts_.parking.park_for_channel(std::move(waiting), channel.id(), patience());
  return true;
}

void Admission::proceed(WaitingPtr waiting, Stay& stay, bool is_replayed) {
  const BeginRequest& request = waiting->request;
  const RequestHandle handle = ++last_handle_;
  Active active;
  active.sid = stay.sid;
  active.stay = stay.id;
  active.version = stay.image.position.version;
  active.request_id = request.request_id;
  active.token = request.token;
  active.recovered = Recovery::is_recovered(*request.token, stay);
  active.replayed = is_replayed;
  if (request.token->sid == stay.sid) active.attributes = stay.image.attributes;
  active.exclusive = request.exclusive && !is_replayed;
  parts_.queues.enter(stay, active, handle);
  stay.last_access = layer_.now();

  BeginOutcome outcome;
  outcome.kind = BeginOutcome::Kind::kProceed;
  outcome.handle = handle;
  outcome.sid = stay.sid;
  outcome.attributes = stay.image.attributes;
  outcome.position = stay.image.position;
  outcome.recovered = active.recovered;
  outcome.replayed = is_replayed;
  if (stay.placement.channel() != 0) {
    outcome.secondary = layer_.channel_of(stay).parties().secondary;
  }
  active_.emplace(handle, std::move(active));
  layer_.call(std::move(waiting->callback), std::move(outcome));
}

// --- nothing here ------------------------------------------------------------------------------

void Admission::admit_as_stranger(WaitingPtr waiting) {
  const SessionToken& token = *waiting->request.token;
  const bool was_ours = token.primary == layer_.self || token.secondary == layer_.self;
  const auto is_usable = [this](MemberId member) {
    return layer_.replicator->fate(member) == Fate::kUsable;
  };
  if (token.primary != layer_.self && is_usable(token.primary) && !waiting->request.failover) {
    const Member* member = layer_.replicator->view().find(token.primary);
    if (member != nullptr && member->liveness == Liveness::kSuspect) {
      return refuse(std::move(waiting), Unavailable::kSuspect);
    }
    return redirect(std::move(waiting), token.primary);
  }
  if (!was_ours && token.secondary != kNobody && is_usable(token.secondary)) {
    return redirect(std::move(waiting), token.secondary);
  }
  const SessionId sid = layer_.resolve(token.sid, waiting->came);
  look_up(std::move(waiting), sid);
}

void Admission::look_up(WaitingPtr waiting, const SessionId& sid) {
  const WaitingId id = waiting->id;
  const MemberId primary = waiting->request.token->primary;
  parts_.parking.park(std::move(waiting), patience(), Unavailable::kWaitedOut);
  if (!parts_.parking.contains(id) || parts_.recovery.ask(sid, id, primary)) return;
  refuse(parts_.parking.take(id), Unavailable::kQueueFull);
}

void Admission::on_looked_up(WaitingId id, const Lookups::Finished& finished) {
  WaitingPtr waiting = parts_.parking.take(id);
  if (waiting == nullptr) return;  // it has given up
  const ReplicaStore& copies = layer_.replicator->copies();
  const bool is_here =
      parts_.turnover.find(finished.sid) != nullptr || copies.find(finished.sid) != nullptr;
  const bool is_passed_over = copies.find_passed_over(finished.sid).has_value();
  if (is_here || (is_passed_over && finished.instead_of == kNobody)) {  // it came while we asked
    return admit(std::move(waiting));
  }
  switch (finished.result.kind) {
    case Lookups::Result::Kind::kRoute:
      return redirect(std::move(waiting), finished.result.route);
    case Lookups::Result::Kind::kEnded:
      return admit_new(std::move(waiting), false);
    case Lookups::Result::Kind::kNowhere:
      if (is_passed_over || !finished.is_current) return look_up(std::move(waiting), finished.sid);
      return admit_new(std::move(waiting), true);
    case Lookups::Result::Kind::kStale:
      return look_up(std::move(waiting), finished.sid);
    case Lookups::Result::Kind::kUnknown:
      return refuse(std::move(waiting),
                    layer_.host.has_quorum() ? Unavailable::kSuspect : Unavailable::kMinority);
  }
}

// --- the answers that need no handler ----------------------------------------------------------

void Admission::redirect(WaitingPtr waiting, MemberId route) {
  ++layer_.statistics.rerouted;
  BeginOutcome outcome;
  outcome.kind = BeginOutcome::Kind::kRedirect;
  outcome.route = route;
  layer_.call(std::move(waiting->callback), std::move(outcome));
}

void Admission::refuse(WaitingPtr waiting, Unavailable reason) {
  ++layer_.statistics.unavailable;
  BeginOutcome outcome;
  outcome.kind = BeginOutcome::Kind::kUnavailable;
  outcome.reason = reason;
  outcome.retry_after = layer_.options.retry_after;
  layer_.call(std::move(waiting->callback), std::move(outcome));
}

}  // namespace understudy
