// SPDX-License-Identifier: Apache-2.0
// The way out: what a request changed is committed, and its response waits at the gate until the
// secondary holds all that it shows (R4).
#include <algorithm>

#include "backend_sdk/sessions/sessions.h"
#include "base/check.h"
#include "base/log.h"

namespace understudy {

namespace {

CommitOutcome plain(CommitOutcome::Kind kind) {
  CommitOutcome outcome;
  outcome.kind = kind;
  return outcome;
}

// An upper bound.
size_t added_bytes(const Change& change) {
  size_t bytes = 0;
  for (const AttributeChange& attribute : change.attributes) {
    if (attribute.value) bytes += attribute.name.size() + attribute.value->size() + 128;
  }
  return bytes;
}

constexpr Duration kTtlMax = std::chrono::hours(24 * 45);  // ttl travels as 32 bits of ms

}  // namespace

void Sessions::commit(RequestHandle handle, Change change, CommitCallback callback) {
  const auto found = active_.find(handle);
  if (found == active_.end()) {
    call(std::move(callback), plain(CommitOutcome::Kind::kReadOnly));
    return;
  }
  const Active active = std::move(found->second);
  active_.erase(found);
  Session* session = store_.find_stay(active.generation);
  if (session != nullptr) {
    commit_here(active, *session, std::move(change), std::move(callback));
    finish(active, handle);
  } else if (active.generation == 0 && replicator_ != nullptr) {
    commit_new(active, std::move(change), std::move(callback));
  } else {
    commit_gone(active, std::move(callback));
  }
}

// The session's stay here ended while the handler ran.
void Sessions::commit_gone(const Active& active, CommitCallback callback) {
  const SessionId sid = history_.resolve(active.sid, clock_.now());
  CommitOutcome outcome;
  if (active.generation != 0 && history_.is_ended(sid)) {
    // Another request logged out meanwhile; there is nothing left to show or to change.
    outcome.kind = CommitOutcome::Kind::kReleased;
    outcome.clear_cookie = true;
  } else {
    outcome.kind = CommitOutcome::Kind::kFenced;
    outcome.route = store_.find(sid) != nullptr ? self_ : history_.owner(sid);
    ++statistics_.rerouted;
  }
  call(std::move(callback), std::move(outcome));
}

void Sessions::abandon(RequestHandle handle) {
  const auto found = active_.find(handle);
  if (found == active_.end()) return;
  const Active active = std::move(found->second);
  active_.erase(found);
  finish(active, handle);
}

// The request does not use its session any more: the next in line may.
void Sessions::finish(const Active& active, RequestHandle handle) {
  Session* session = store_.find_stay(active.generation);
  if (session == nullptr) return;
  CHECK(session->active > 0);
  --session->active;
  std::erase_if(session->running, [&](const auto& running) { return running.second == handle; });
  std::vector<PendingId> next;
  std::erase_if(session->repeated, [&](const auto& repeated) {
    if (repeated.first != active.request_id) return false;
    next.push_back(repeated.second);
    return true;
  });
  if (active.exclusive && session->exclusive == handle) {
    session->exclusive = 0;
    while (!session->exclusive_queue.empty()) {
      const PendingId first = session->exclusive_queue.front();
      session->exclusive_queue.pop_front();
      if (!parked_.contains(first)) continue;  // it has given up
      next.push_back(first);
      break;
    }
  }
  for (const PendingId id : next) {
    ready_.push_back([this, id] { readmit(id); });
  }
  if (draining_ || is_moving() || !yielding_.empty()) schedule(clock_.now());
}

std::string Sessions::too_large(const Session* session, const Change& change) const {
  size_t bytes = session == nullptr ? 0 : session->image.bytes();
  size_t count = session == nullptr ? 0 : session->image.attributes->size();
  for (const AttributeChange& attribute : change.attributes) {
    if (attribute.name.empty() || attribute.name.size() > kAttributeNameMax) {
      return "an attribute's name must have 1 to " + std::to_string(kAttributeNameMax) + " bytes";
    }
    if (attribute.value) bytes += attribute.name.size() + attribute.value->size();
    ++count;
  }
  const size_t bytes_max = std::min(options_.bytes_max, kImageBytesMax);
  if (bytes <= bytes_max / 2 && count <= kAttributesMax / 2) return {};
  // Near the limit it is counted exactly: replaced values do not count twice.
  const Attributes empty;
  const auto after =
      merged(session == nullptr ? empty : *session->image.attributes, change.attributes);
  bytes = content_bytes(*after);
  if (session != nullptr) bytes += session->image.requests.bytes();
  if (bytes > bytes_max) {
    return "the session would have " + std::to_string(bytes) + " bytes; MaxSessionBytes allows " +
           std::to_string(bytes_max);
  }
  if (after->size() > kAttributesMax) {
    return "the session would have " + std::to_string(after->size()) + " attributes; at most " +
           std::to_string(kAttributesMax) + " are possible";
  }
  return {};
}

void Sessions::commit_new(const Active& active, Change change, CommitCallback callback) {
  if (change.is_empty() || change.invalidate) {
    // Nothing is left in it: the session never existed. A dead cookie is taken away.
    CommitOutcome outcome = plain(CommitOutcome::Kind::kReleased);
    outcome.lost = active.lost;
    outcome.clear_cookie = active.token.has_value();
    call(std::move(callback), std::move(outcome));
    return;
  }
  CommitOutcome refused;
  refused.text = too_large(nullptr, change);
  if (!refused.text.empty() || store_.size() >= options_.sessions_max) {
    refused.kind =
        refused.text.empty() ? CommitOutcome::Kind::kUnavailable : CommitOutcome::Kind::kTooLarge;
    refused.reason = Unavailable::kTooMany;
    refused.retry_after = options_.retry_after;
    call(std::move(callback), std::move(refused));
    return;
  }
  SessionImage image;
  image.position = {.epoch = 1, .version = 0};
  image.ttl = options_.timeout;
  Session& session =
      store_.create(change.new_id.value_or(active.sid), std::move(image), clock_.now());
  ++statistics_.created;
  change.new_id.reset();
  write(session, active, change);
  Ticket ticket;
  ticket.needed = session.image.position.version;
  ticket.done = [this, active, callback = std::move(callback)](const Verdict& verdict) {
    call(callback, outcome_of(active, verdict));
  };
  wait_at_gate(session, std::move(ticket));
}

void Sessions::commit_here(const Active& active, Session& session, Change change,
                           CommitCallback callback) {
  if (session.channel != 0 && replicator_->primary(session.channel)->is_outvoted()) {
    CommitOutcome outcome = plain(CommitOutcome::Kind::kFenced);
    outcome.route = replicator_->primary(session.channel)->parties().secondary;
    ++statistics_.rerouted;
    call(std::move(callback), std::move(outcome));
    return;
  }
  // Committed before, or by another life of the same request: its change must not happen again.
  const bool known = session.image.requests.find(active.request_id) != nullptr;
  const bool ignored = known || active.replayed || session.is_ended;
  Active seen = active;
  seen.replayed = known || active.replayed;
  if (!ignored && change.invalidate) {
    end_session(session, active, std::move(callback));
    return;
  }
  Ticket ticket;
  ticket.needed = ignored ? session.image.position.version : active.version;
  ticket.reads_only = ignored || change.is_empty();
  if (!ticket.reads_only) {
    std::string text = too_large(&session, change);
    if (!text.empty()) {
      CommitOutcome outcome = plain(CommitOutcome::Kind::kTooLarge);
      outcome.text = std::move(text);
      call(std::move(callback), std::move(outcome));
      return;
    }
    write(session, active, change);
    ticket.needed = session.image.position.version;
  } else {
    if (session.channel == 0) protect(session, false);
    tell_access(session);
  }
  ticket.done = [this, active = std::move(seen), callback = std::move(callback)](
                    const Verdict& verdict) { call(callback, outcome_of(active, verdict)); };
  wait_at_gate(session, std::move(ticket));
}

// One commit: a version, and a delta in the channel's stream (R2).
void Sessions::write(Session& session, const Active& active, const Change& change) {
  ++statistics_.commits;
  SessionDelta delta;
  delta.base = session.image.position.version;
  delta.position = {session.image.position.epoch, delta.base + 1};
  delta.request_id = active.request_id;
  delta.ttl = std::clamp<Duration>(change.ttl.value_or(session.image.ttl),
                                   std::chrono::milliseconds(1), kTtlMax);
  delta.changes = change.attributes;
  const bool shorter = delta.ttl < session.image.ttl;
  // An answer that would make the session too large for a frame is not kept; the handler will be
  // asked again, with `replayed`.
  const bool keeps =
      change.response && active.request_id != 0 &&
      change.response->size() <= options_.stored_response_max &&
      session.image.bytes() + added_bytes(change) + change.response->size() <= kImageBytesMax;
  if (keeps) delta.response = change.response;
  const RequestMemory& requests = session.image.requests;
  if (active.request_id != 0 && requests.size() >= kRequestsRemembered) {
    delta.forgotten.push_back(requests.oldest_first().front().id);
  }
  session.image.apply(delta, clock_.now());
  release_repeated(session, active.request_id);
  session.last_access = session.told = clock_.now();
  if (shorter) store_.watch_expiry(session, session.expires());
  const size_t bytes = session.image.bytes();
  if (bytes > options_.bytes_soft && !session.was_warned) {
    session.was_warned = true;
    LOG(kWarn, "a session has {} bytes, more than SoftSessionBytes {}; every change is copied",
        bytes, options_.bytes_soft);
  }
  if (change.new_id) rename(session, *change.new_id);
  if (session.channel == 0) {
    protect(session, false);
  } else if (change.new_id) {
    send_full(session, false);
  } else if (!session.is_dirty) {
    ReplPayload repl{.sid = session.sid, .delta = std::move(delta)};
    std::string payload;
    encode(repl, payload);
    // Not past those that wait for room already.
    const bool sent = !dirty_.contains(session.channel) &&
                      replicator_->primary(session.channel)
                          ->append(FrameType::kRepl, {session.sid, session.image.position},
                                   std::move(payload), false, clock_.now());
    if (!sent) mark_dirty(session);
  }
}

// The same request may also stand in the queue for exclusivity, sent again while the first waited:
// it is answered from the ring now, not when the ring may have forgotten it (S11).
void Sessions::release_repeated(Session& session, RequestId request) {
  if (request == 0) return;
  std::erase_if(session.exclusive_queue, [&](PendingId id) {
    const auto found = parked_.find(id);
    if (found == parked_.end() || found->second->request.request_id != request) return false;
    ready_.push_back([this, id] { readmit(id); });
    return true;
  });
}

void Sessions::rename(Session& session, const SessionId& new_id) {
  const SessionId old_id = session.sid;
  history_.rename(old_id, new_id, tombstone_min(), clock_.now());
  store_.rename(session, new_id);
  if (session.former_ids.size() == kFormerIdsMax) {
    session.former_ids.erase(session.former_ids.begin());
  }
  session.former_ids.push_back(old_id);
  for (const TicketId id : session.tickets) tickets_.at(id).sid = new_id;
}

void Sessions::end_session(Session& session, const Active& active, CommitCallback callback) {
  session.is_ended = true;
  ++statistics_.commits;
  Ticket ticket;
  ticket.needed = UINT64_MAX;  // only the acknowledged INVALIDATE opens the gate
  ticket.done = [this, active, callback = std::move(callback)](const Verdict& verdict) {
    call(callback, outcome_of(active, verdict));
  };
  if (session.channel == 0) {
    if (end_elsewhere(session)) {
      wait_at_gate(session, std::move(ticket));
    } else {
      wait_at_gate(session, std::move(ticket));
      finish_end(session);
    }
    return;
  }
  session.is_dirty = false;
  SidPayload about{session.sid, session.image.position};
  std::string payload;
  encode(InvalidatePayload{session.sid, session.image.position, session.former_ids}, payload);
  const bool sent =
      replicator_->primary(session.channel)
          ->append(FrameType::kInvalidate, about, std::move(payload), false, clock_.now());
  if (!sent) mark_dirty(session);
  wait_at_gate(session, std::move(ticket));
}

// --- the gate ----------------------------------------------------------------------------------

void Sessions::wait_at_gate(Session& session, Ticket ticket) {
  ticket.sid = session.sid;
  ticket.deadline = clock_.now() + replication_.ack_deadline;
  if (const auto verdict = judge(session, ticket)) {
    conclude(std::move(ticket), *verdict);
    return;
  }
  const TicketId id = ++last_ticket_;
  session.tickets.push_back(id);
  tickets_until_.emplace_back(ticket.deadline, id);
  schedule(ticket.deadline);
  const bool wants_lease =
      session.channel != 0 && ticket.reads_only && session.acked && *session.acked >= ticket.needed;
  tickets_.emplace(id, std::move(ticket));
  if (wants_lease) {
    waiting_for_lease_[session.channel].push_back(id);
    replicator_->primary(session.channel)->renew(clock_.now());
  }
}

// Nothing: it has to wait. R1 and R4 in one place.
std::optional<Sessions::Verdict> Sessions::judge(const Session& session,
                                                 const Ticket& ticket) const {
  Verdict verdict;
  if (session.channel == 0) {
    if (session.is_ended) return std::nullopt;
    // Nobody else can have it, and nobody holds a copy.
    if (replication_.solo == SoloPolicy::kDeny) return std::nullopt;
    verdict.token = token_of(session, ticket.needed);
    verdict.solo = true;
    return verdict;
  }
  const PrimaryChannel& channel = *replicator_->primary(session.channel);
  if (channel.is_outvoted()) {
    verdict.kind = Verdict::Kind::kFenced;
    verdict.route = channel.parties().secondary;
    return verdict;
  }
  const bool held = session.acked && *session.acked >= ticket.needed;
  const bool may = held && (!ticket.reads_only || channel.may_serve(clock_.now()));
  if (!may && !replication_.faults.dirty_reads) return std::nullopt;
  CHECK(held || replication_.faults.dirty_reads, "no response shows what B does not hold (S3)");
  verdict.token = token_of(session, ticket.needed);
  return verdict;
}

void Sessions::open_gate(Session& session) {
  const std::vector<TicketId> waiting = std::move(session.tickets);
  session.tickets.clear();
  for (const TicketId id : waiting) {
    const auto found = tickets_.find(id);
    if (const auto verdict = judge(session, found->second)) {
      Ticket ticket = std::move(found->second);
      tickets_.erase(found);
      conclude(std::move(ticket), *verdict);
      continue;
    }
    session.tickets.push_back(id);
    const bool wants_lease = session.channel != 0 && found->second.reads_only && session.acked &&
                             *session.acked >= found->second.needed;
    if (wants_lease) waiting_for_lease_[session.channel].push_back(id);
  }
}

void Sessions::settle_tickets(Session& session, const Verdict& verdict) {
  const std::vector<TicketId> waiting = std::move(session.tickets);
  session.tickets.clear();
  for (const TicketId id : waiting) {
    const auto found = tickets_.find(id);
    Ticket ticket = std::move(found->second);
    tickets_.erase(found);
    conclude(std::move(ticket), verdict);
  }
}

void Sessions::conclude(Ticket ticket, const Verdict& verdict) {
  if (verdict.kind == Verdict::Kind::kReleased && !verdict.ended) {
    if (Session* session = store_.find(ticket.sid); session != nullptr) session->was_shown = true;
  }
  ticket.done(verdict);
}

SessionToken Sessions::token_of(const Session& session, uint64_t version) const {
  SessionToken token;
  token.sid = session.sid;
  token.primary = self_;
  if (session.channel != 0) {
    token.secondary = replicator_->primary(session.channel)->parties().secondary;
  }
  token.floor = {session.image.position.epoch, version};
  return token;
}

CommitOutcome Sessions::outcome_of(const Active& active, const Verdict& verdict) {
  CommitOutcome outcome;
  switch (verdict.kind) {
    case Verdict::Kind::kReleased: {
      outcome.kind = CommitOutcome::Kind::kReleased;
      outcome.lost = active.lost;
      outcome.recovered = active.recovered;
      outcome.replayed = active.replayed;
      outcome.solo = verdict.solo;
      outcome.clear_cookie = verdict.ended;
      if (verdict.solo) ++statistics_.solo_responses;
      if (verdict.ended) break;
      // By default only what changes rarely is kept current in the cookie: epoch and members.
      const SessionToken& now = verdict.token;
      const bool current = active.token && !active.token->is_to_renew &&
                           active.token->sid == now.sid && active.token->primary == now.primary &&
                           active.token->secondary == now.secondary &&
                           active.token->floor.epoch == now.floor.epoch;
      // While nobody holds a copy, only the cookie knows how far the session has come.
      if (!current || (verdict.solo && active.token != now)) outcome.cookie = now;
      break;
    }
    case Verdict::Kind::kFenced:
      outcome.kind = CommitOutcome::Kind::kFenced;
      outcome.route = verdict.route;
      ++statistics_.rerouted;
      break;
    case Verdict::Kind::kUnavailable:
      outcome.kind = CommitOutcome::Kind::kUnavailable;
      outcome.reason = verdict.reason;
      outcome.retry_after = options_.retry_after;
      ++statistics_.unavailable;
      break;
  }
  return outcome;
}

}  // namespace understudy
