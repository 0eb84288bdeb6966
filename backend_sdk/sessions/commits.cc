// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/commits.h"

#include <algorithm>
#include <utility>

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

void Commits::commit(const Active& active, RequestHandle handle, Change change,
                     CommitCallback callback) {
  Stay* stay = layer_.store.find_stay(active.stay);
  if (stay != nullptr) stay = parts_.turnover.settle(*stay);
  if (stay != nullptr) {
    commit_here(active, *stay, std::move(change), std::move(callback));
    abandon(active, handle);
  } else if (active.stay == 0 && layer_.replicator != nullptr) {
    commit_new(active, std::move(change), std::move(callback));
  } else {
    commit_gone(active, std::move(callback));
  }
}

// The request does not use its session any more.
void Commits::abandon(const Active& active, RequestHandle handle) {
  Stay* stay = layer_.store.find_stay(active.stay);
  if (stay != nullptr) parts_.queues.leave(*stay, active, handle);
}

// The session's stay here ended while the handler ran.
void Commits::commit_gone(const Active& active, CommitCallback callback) {
  const SessionId sid = layer_.resolve(active.sid);
  CommitOutcome outcome;
  if (active.stay != 0 && layer_.history.is_ended(sid)) {
    // Another request logged out meanwhile; there is nothing left to show or to change.
    outcome.kind = CommitOutcome::Kind::kReleased;
    outcome.clear_cookie = true;
  } else {
    outcome.kind = CommitOutcome::Kind::kFenced;
    outcome.route = layer_.store.find(sid) != nullptr ? layer_.self : layer_.history.owner(sid);
    ++layer_.statistics.rerouted;
  }
  layer_.call(std::move(callback), std::move(outcome));
}

CommitOutcome Commits::refusal(Unavailable reason) const {
  CommitOutcome outcome = plain(CommitOutcome::Kind::kUnavailable);
  outcome.reason = reason;
  outcome.retry_after = layer_.options.retry_after;
  return outcome;
}

std::string Commits::too_large(const SessionImage& image, const Change& change) const {
  size_t bytes = image.bytes();
  size_t count = image.attributes->size();
  for (const AttributeChange& attribute : change.attributes) {
    if (attribute.name.empty() || attribute.name.size() > kAttributeNameMax) {
      return "an attribute's name must have 1 to " + std::to_string(kAttributeNameMax) + " bytes";
    }
    if (attribute.value) bytes += attribute.name.size() + attribute.value->size();
    ++count;
  }
  const size_t bytes_max = std::min(layer_.options.bytes_max, kImageBytesMax);
  if (bytes <= bytes_max / 2 && count <= kAttributesMax / 2) return {};
  // Near the limit it is counted exactly: replaced values do not count twice.
  const auto after = merged(*image.attributes, change.attributes);
  bytes = content_bytes(*after) + image.requests.bytes();
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

// The member's memory is full, or no more ids of this session can be told to a secondary that has
// not answered yet.
bool Commits::has_no_room(const Stay& stay, const Change& change) const {
  if (change.new_id && !stay.placement.has_room_for_id()) return true;
  return layer_.store.bytes() >= layer_.options.sessions_bytes_max && added_bytes(change) > 0;
}

void Commits::commit_new(const Active& active, Change change, CommitCallback callback) {
  if (change.is_empty() || change.invalidate) {
    // Nothing is left in it: the session never existed. A dead cookie is taken away.
    CommitOutcome outcome = plain(CommitOutcome::Kind::kReleased);
    outcome.lost = active.lost;
    outcome.clear_cookie = active.token.has_value();
    layer_.call(std::move(callback), std::move(outcome));
    return;
  }
  SessionImage image;
  image.position = {.epoch = 1, .version = 0};
  image.ttl = layer_.options.timeout;
  if (active.attributes) image.attributes = active.attributes;
  if (std::string text = too_large(image, change); !text.empty()) {
    CommitOutcome outcome = plain(CommitOutcome::Kind::kTooLarge);
    outcome.text = std::move(text);
    return layer_.call(std::move(callback), std::move(outcome));
  }
  const bool is_full = layer_.store.size() >= layer_.options.sessions_max ||
                       layer_.store.bytes() >= layer_.options.sessions_bytes_max;
  if (is_full) return layer_.call(std::move(callback), refusal(Unavailable::kTooMany));
  Stay& stay =
      layer_.store.create(change.new_id.value_or(active.sid), std::move(image), layer_.now());
  ++layer_.statistics.created;
  change.new_id.reset();
  write(stay, active, change);
  Active seen = active;
  seen.named = stay.sid;
  wait_at_gate(stay, seen, {.needed = stay.image.position.version, .done = {}},
               std::move(callback));
}

// A login with an id that another login has ended: an attacker may know that one, and gets no id of
// what the session has become (I7). What it saw of before, and changed, is a session of its own.
void Commits::commit_apart(const Active& active, Change change, CommitCallback callback) {
  Active own = active;
  own.stay = 0;
  own.token.reset();
  commit_new(own, std::move(change), [callback = std::move(callback)](CommitOutcome outcome) {
    outcome.is_apart = outcome.kind == CommitOutcome::Kind::kReleased;
    callback(std::move(outcome));
  });
}

void Commits::commit_here(const Active& active, Stay& stay, Change change,
                          CommitCallback callback) {
  if (stay.placement.channel() != 0 && layer_.channel_of(stay).is_outvoted()) {
    CommitOutcome outcome = plain(CommitOutcome::Kind::kFenced);
    outcome.route = layer_.channel_of(stay).parties().secondary;
    ++layer_.statistics.rerouted;
    return layer_.call(std::move(callback), std::move(outcome));
  }
  // Committed before, or by another life of the same request: its change must not happen again.
  const bool is_known = stay.image.requests.find(active.request_id) != nullptr;
  Active seen = active;
  seen.replayed = is_known || active.replayed;
  const bool is_ignored = seen.replayed || stay.placement.is_dead();
  if (!is_ignored && change.invalidate) return end_session(stay, active, std::move(callback));
  const bool is_former = active.token && active.token->sid != stay.sid;
  if (!is_ignored && change.new_id && is_former) {
    return commit_apart(active, std::move(change), std::move(callback));
  }
  seen.named = change.new_id;
  if (is_ignored) seen.named.reset();
  if (is_known && stay.image.named_by == active.request_id) seen.named = stay.sid;
  Gate::Ticket ticket;
  ticket.needed = is_ignored ? stay.image.position.version : active.version;
  ticket.reads_only = is_ignored || change.is_empty();
  // Another request logs out: what this one has seen or done does not happen any more, and its
  // answer takes the cookie away as that one's does.
  if (stay.placement.is_dead()) ticket.needed = UINT64_MAX;
  if (!ticket.reads_only) {
    if (std::string text = too_large(stay.image, change); !text.empty()) {
      CommitOutcome outcome = plain(CommitOutcome::Kind::kTooLarge);
      outcome.text = std::move(text);
      return layer_.call(std::move(callback), std::move(outcome));
    }
    if (has_no_room(stay, change)) {
      ++layer_.statistics.unavailable;
      return layer_.call(std::move(callback), refusal(Unavailable::kTooMany));
    }
    write(stay, active, change);
    ticket.needed = stay.image.position.version;
  } else {
    if (stay.placement.state() == Placement::State::kSolo) parts_.protection.protect(stay, false);
    parts_.protection.tell_access(stay);
  }
  wait_at_gate(stay, seen, std::move(ticket), std::move(callback));
}

void Commits::wait_at_gate(Stay& stay, const Active& active, Gate::Ticket ticket,
                           CommitCallback callback) {
  ticket.done = [this, active, callback = std::move(callback)](const Gate::Passage& passage) {
    layer_.call(callback, outcome_of(active, passage));
  };
  parts_.gate.wait(stay, std::move(ticket));
}

SessionDelta Commits::delta_of(const Stay& stay, const Active& active, const Change& change) const {
  SessionDelta delta;
  delta.base = stay.image.position.version;
  delta.position = {stay.image.position.epoch, delta.base + 1};
  delta.request_id = active.request_id;
  delta.ttl = std::clamp<Duration>(change.ttl.value_or(stay.image.ttl),
                                   std::chrono::milliseconds(1), kTtlMax);
  delta.changes = change.attributes;
  delta.forgotten = stay.forgotten;
  // An answer that would make the session too large for a frame is not kept; the handler will be
  // asked again, with `replayed`.
  const bool is_kept =
      change.response && active.request_id != 0 &&
      change.response->size() <= layer_.options.stored_response_max &&
      stay.image.bytes() + added_bytes(change) + change.response->size() <= kImageBytesMax;
  if (is_kept) delta.response = change.response;
  return delta;
}

// One commit: a version, and a delta in the channel's stream (R2).
void Commits::write(Stay& stay, const Active& active, const Change& change) {
  ++layer_.statistics.commits;
  SessionDelta delta = delta_of(stay, active, change);
  stay.forgotten.clear();
  const bool is_shorter = delta.ttl < stay.image.ttl;
  stay.image.apply(delta, layer_.now());
  parts_.queues.on_committed(stay, active.request_id);
  stay.last_access = stay.access_told = layer_.now();
  if (is_shorter) layer_.store.watch_expiry(stay, stay.expires());
  layer_.store.count_bytes(stay);
  if (stay.counted_bytes < stay.refused_bytes) Protection::may_fit(stay);
  if (stay.counted_bytes > layer_.options.bytes_soft && !stay.was_warned) {
    stay.was_warned = true;
    LOG(kWarn, "a session has {} bytes, more than SoftSessionBytes {}; every change is copied",
        stay.counted_bytes, layer_.options.bytes_soft);
  }
  if (change.new_id) rename(stay, active.request_id, *change.new_id);
  if (stay.placement.channel() == 0) {
    parts_.protection.protect(stay, false);
  } else if (change.new_id) {
    parts_.protection.send_whole(stay);
  } else {
    parts_.protection.send_delta(stay, std::move(delta));
  }
}

void Commits::rename(Stay& stay, RequestId login, const SessionId& new_id) {
  stay.image.named_by = login;
  layer_.history.rename(stay.sid, new_id,
                        {.alias = layer_.options.alias_kept, .kept = layer_.tombstone_min()},
                        layer_.now());
  stay.placement.rename(stay.sid, stay.image.position.version);
  layer_.store.rename(stay, new_id);
}

void Commits::end_session(Stay& stay, const Active& active, CommitCallback callback) {
  stay.placement.end();
  stay.ended_at = layer_.now();
  ++layer_.statistics.commits;
  // Only the acknowledged INVALIDATE opens the gate, or that there is no member to tell.
  wait_at_gate(stay, active, {.needed = UINT64_MAX, .done = {}}, std::move(callback));
  if (stay.placement.channel() != 0) {
    parts_.protection.send_end(stay);
  } else {
    parts_.turnover.end_solo(stay);
  }
}

CommitOutcome Commits::outcome_of(const Active& active, const Gate::Passage& passage) {
  CommitOutcome outcome;
  switch (passage.kind) {
    case Gate::Passage::Kind::kReleased: {
      outcome.kind = CommitOutcome::Kind::kReleased;
      outcome.lost = active.lost;
      outcome.recovered = active.recovered;
      outcome.replayed = active.replayed;
      outcome.solo = passage.solo;
      outcome.clear_cookie = passage.ended;
      if (passage.solo) ++layer_.statistics.solo_responses;
      if (passage.ended) break;
      // By default only what changes rarely is kept current in the cookie: epoch and members.
      const SessionToken& now = passage.token;
      // Its client knows the id already, or this was the login (I6).
      const bool is_known = active.token && active.token->sid == now.sid;
      if (!is_known && active.named != now.sid) break;
      const bool is_current =
          active.token && !active.token->is_to_renew && active.token->sid == now.sid &&
          active.token->primary == now.primary && active.token->secondary == now.secondary &&
          active.token->floor.epoch == now.floor.epoch;
      // While no member holds a copy, only the cookie knows how far the session has come.
      if (!is_current || (passage.solo && active.token != now)) outcome.cookie = now;
      break;
    }
    case Gate::Passage::Kind::kFenced:
      outcome.kind = CommitOutcome::Kind::kFenced;
      outcome.route = passage.route;
      ++layer_.statistics.rerouted;
      break;
    case Gate::Passage::Kind::kUnavailable:
      outcome = refusal(passage.reason);
      ++layer_.statistics.unavailable;
      break;
  }
  return outcome;
}

}  // namespace understudy
