// SPDX-License-Identifier: Apache-2.0
// What happens between members, as seen from the sessions: acknowledged, refused, sealed, taken
// over, moved.
#include <algorithm>

#include "backend_sdk/replication/lease.h"
#include "backend_sdk/sessions/sessions.h"
#include "base/check.h"
#include "base/log.h"

namespace understudy {

namespace {

constexpr Duration kTellMax = std::chrono::seconds(60);
constexpr Duration kBulkRefill = std::chrono::milliseconds(20);
constexpr Duration kPlaceRetry = std::chrono::seconds(1);

}  // namespace

// --- giving a session a copy -------------------------------------------------------------------

// False: nobody can hold it now.
bool Sessions::protect(Session& session, bool any) {
  CHECK(session.channel == 0 && !session.is_ended);
  const bool deny = replication_.solo == SoloPolicy::kDeny;
  PrimaryChannel* channel = replicator_->place(session.sid, any || deny);
  if (channel == nullptr) return false;
  store_.attach(session, channel->id());
  // A new place is a new epoch, unless nobody has seen the old one.
  if (session.was_shown) ++session.image.position.epoch;
  session.was_shown = true;
  send_full(session, false);
  return true;
}

void Sessions::send_full(Session& session, bool bulk) {
  FullPayload full{.sid = session.sid, .image = session.image, .former_ids = session.former_ids};
  std::string payload;
  encode(full, payload);
  const bool sent = replicator_->primary(session.channel)
                        ->append(FrameType::kFull, {session.sid, session.image.position},
                                 std::move(payload), bulk, clock_.now());
  if (sent) {
    session.is_dirty = false;
    session.told = clock_.now();
  } else {
    mark_dirty(session);
  }
}

void Sessions::mark_dirty(Session& session) {
  if (session.is_dirty) return;
  session.is_dirty = true;
  dirty_[session.channel].push_back(session.sid);
}

// What did not fit into the window goes as whole sessions: many changes, one frame.
void Sessions::flush_dirty(PrimaryChannel& channel) {
  const auto found = dirty_.find(channel.id());
  if (found == dirty_.end()) return;
  std::deque<SessionId>& waiting = found->second;
  while (!waiting.empty() && channel.takes_frames()) {
    Session* session = store_.find(waiting.front());
    const bool wanted = session != nullptr && session->is_dirty && session->channel == channel.id();
    if (!wanted) {
      waiting.pop_front();
      continue;
    }
    std::string payload;
    const FrameType type = session->is_ended ? FrameType::kInvalidate : FrameType::kFull;
    const SidPayload about{session->sid, session->image.position};
    if (session->is_ended) {
      encode(InvalidatePayload{session->sid, session->image.position, session->former_ids},
             payload);
    } else {
      encode(FullPayload{session->sid, session->image, session->former_ids}, payload);
    }
    if (!channel.append(type, about, std::move(payload), false, clock_.now())) return;
    session->is_dirty = false;
    waiting.pop_front();
  }
  if (waiting.empty()) dirty_.erase(found);
}

void Sessions::protect_in_background() {
  const TimePoint now = clock_.now();
  if (store_.unprotected_count() == 0) return;
  const TimePoint start = draining_ || is_moving() ? now : bulk_after_;
  if (now < start) {
    schedule(start);
    return;
  }
  const double rate = static_cast<double>(options_.bulk_bytes_per_second);
  const double passed = std::chrono::duration<double>(now - bulk_filled_).count();
  bulk_bytes_ = std::min(rate / 4, bulk_bytes_ + passed * rate);
  bulk_filled_ = now;
  for (size_t left = store_.unprotected_count(); left > 0 && bulk_bytes_ > 0; --left) {
    Session& session = *store_.next_unprotected();
    PrimaryChannel* channel = replicator_->place(session.sid, true);
    if (channel == nullptr) {
      schedule(now + kPlaceRetry);
      return;
    }
    if (!channel->has_bulk_room(session.image.bytes())) break;
    store_.attach(session, channel->id());
    if (session.was_shown) ++session.image.position.epoch;
    session.was_shown = true;
    bulk_bytes_ -= static_cast<double>(session.image.bytes());
    send_full(session, true);
  }
  if (store_.unprotected_count() > 0) schedule(now + kBulkRefill);
}

// --- acknowledged and refused ------------------------------------------------------------------

void Sessions::on_acked(ChannelId channel, const SessionId& sid, Position position, bool ended) {
  Session* session = store_.find(sid);
  if (session == nullptr || session->channel != channel) return;
  if (session->image.position.epoch != position.epoch) return;
  if (ended) {
    if (session->is_ended) finish_end(*session);
    return;
  }
  CHECK(position <= session->image.position, "nothing is acknowledged before it is written");
  session->acked = std::max(session->acked.value_or(0), position.version);
  store_.set_passed_over(*session, 0);
  if (*session->acked == session->image.position.version) session->former_ids.clear();
  open_gate(*session);
}

void Sessions::on_refused(ChannelId channel, const Nack& nack) {
  Session* session = store_.find(nack.sid);
  if (session == nullptr || session->channel != channel) return;
  const MemberId secondary = replicator_->primary(channel)->parties().secondary;
  switch (nack.code) {
    case NackCode::kNeedFull:
      session->acked.reset();
      if (session->is_ended) {
        mark_dirty(*session);
        flush_dirty(*replicator_->primary(channel));
      } else {
        send_full(*session, false);
      }
      return;
    case NackCode::kStale:
      ++statistics_.fenced;
      fence(*session, secondary);
      return;
    case NackCode::kOverload:
      store_.detach(*session);
      if (session->is_ended) {
        finish_end(*session);
      } else {
        if (!session->tickets.empty()) protect(*session, false);
        open_gate(*session);
        schedule(clock_.now());
      }
      return;
  }
}

void Sessions::finish_end(Session& session) {
  const SessionId sid = session.sid;
  history_.end(sid, tombstone_min(), clock_.now());
  for (const SessionId& former : session.former_ids) {
    history_.end(former, tombstone_min(), clock_.now());
  }
  Verdict verdict;
  verdict.ended = true;
  settle_tickets(session, verdict);
  const ChannelId channel = session.channel;
  fence(session, kNobody);
  wake(channel);
}

// --- channels of ours --------------------------------------------------------------------------

void Sessions::on_primary(PrimaryChannel& channel) {
  const ChannelId id = channel.id();
  using State = PrimaryChannel::State;
  switch (channel.state()) {
    case State::kOpening:
    case State::kOpen:
      flush_dirty(channel);
      [[fallthrough]];
    case State::kAdopting: {
      const auto found = waiting_for_lease_.find(id);
      if (found == waiting_for_lease_.end()) break;
      const std::vector<TicketId> waiting = std::move(found->second);
      waiting_for_lease_.erase(found);
      for (const TicketId ticket : waiting) {
        const auto entry = tickets_.find(ticket);
        if (entry == tickets_.end()) continue;
        if (Session* session = store_.find(entry->second.sid)) open_gate(*session);
      }
      break;
    }
    case State::kClaiming:
      if (channel.is_outvoted()) {
        Verdict verdict;
        verdict.kind = Verdict::Kind::kFenced;
        verdict.route = channel.parties().secondary;
        for (Session* session : store_.in_channel(id)) settle_tickets(*session, verdict);
      }
      break;
    case State::kOwned:
      if (channel.is_owned()) on_owned(channel);
      break;
    case State::kFenced:
    case State::kGranted:
      fence_all(channel);
      break;
    default:
      break;
  }
  schedule(clock_.now());
  wake(id);
}

// Sealed by us: the copies there are worth nothing. Whoever waits gets a new one at once, the rest
// follow in the background.
void Sessions::on_owned(PrimaryChannel& channel) {
  for (Session* session : store_.in_channel(channel.id())) {
    // What the secondary knows is what is left of it if we die now. In doubt it has adopted it.
    const bool is_newest = session->acked.has_value() || session->passed_over == 0;
    if (is_newest) store_.set_passed_over(*session, channel.id());
    if (channel.successor() != nullptr) ++session->image.position.epoch;
    store_.detach(*session);
    if (session->is_ended) {
      if (!end_elsewhere(*session)) finish_end(*session);
      continue;
    }
    if (session->tickets.empty()) continue;
    protect(*session, false);
    open_gate(*session);
  }
  dirty_.erase(channel.id());
  waiting_for_lease_.erase(channel.id());
  // Given up on purpose, not in a storm: there is nothing to wait for.
  if (replicator_->fate(channel.parties().secondary) == Fate::kUsable) bulk_after_ = clock_.now();
}

void Sessions::fence_all(PrimaryChannel& channel) {
  const MemberId route = channel.is_lost() ? kNobody : channel.parties().secondary;
  const bool overtaken = channel.state() == PrimaryChannel::State::kFenced;
  for (Session* session : store_.in_channel(channel.id())) {
    if (overtaken) ++statistics_.fenced;
    if (!session->is_ended) replicator_->pass_over(channel, session->sid, session->image);
    fence(*session, route);
  }
  dirty_.erase(channel.id());
  waiting_for_lease_.erase(channel.id());
}

// The session is not ours any more; whoever waits for it is told or asked to look again.
void Sessions::fence(Session& session, MemberId route) {
  Verdict verdict;
  verdict.kind = Verdict::Kind::kFenced;
  verdict.route = route;
  settle_tickets(session, verdict);
  for (const PendingId id : session.exclusive_queue) {
    ready_.push_back([this, id] { readmit(id); });
  }
  for (const auto& [request, id] : session.repeated) {
    ready_.push_back([this, id = id] { readmit(id); });
  }
  session.exclusive_queue.clear();
  session.repeated.clear();
  history_.move(session.sid, route, clock_.now());
  store_.erase(session);
}

void Sessions::on_adopted(ChannelId from, ChannelId to) {
  for (Session* session : store_.in_channel(from)) ++session->image.position.epoch;
  store_.move_all(from, to);
  if (const auto found = dirty_.find(from); found != dirty_.end()) {
    std::deque<SessionId>& waiting = dirty_[to];
    waiting.insert(waiting.end(), found->second.begin(), found->second.end());
    dirty_.erase(from);
  }
  if (const auto found = waiting_for_lease_.find(from); found != waiting_for_lease_.end()) {
    const std::vector<TicketId> waiting = std::move(found->second);
    waiting_for_lease_.erase(found);
    std::vector<TicketId>& there = waiting_for_lease_[to];
    there.insert(there.end(), waiting.begin(), waiting.end());
  }
  wake(from);  // on_primary for the new channel follows
}

// --- channels of others ------------------------------------------------------------------------

void Sessions::on_promoted(SecondaryChannel& channel) {
  const TimePoint now = clock_.now();
  const bool is_kept = replicator_->fate(channel.parties().primary) != Fate::kProven;
  for (auto& [sid, image] : replicator_->take_promoted(channel.id(), SIZE_MAX)) {
    if (history_.is_ended(sid)) continue;
    if (store_.find(sid) != nullptr) {
      ++statistics_.conflicts;
      LOG(kError, "a session was served here while its copy was kept here too");
      continue;
    }
    ++statistics_.promoted;
    ++image.position.epoch;  // a new owner is a new epoch
    history_.forget_move(sid);
    Session& session = store_.create(sid, std::move(image), now);
    session.was_shown = true;
    if (is_kept) store_.set_passed_over(session, channel.id());
  }
  wake(channel.id());
  schedule(now);
}

void Sessions::on_passed_over(SecondaryChannel& channel) {
  wake(channel.id());
  schedule(clock_.now());
}

void Sessions::on_secondary(SecondaryChannel& channel) {
  wake(channel.id());
  const bool is_passed_over =
      channel.state() == SecondaryChannel::State::kOut && channel.primary_fate() == Fate::kProven;
  if (is_passed_over) schedule(clock_.now());
}

std::optional<NackCode> Sessions::on_copy_offered(MemberId primary, const SessionId& sid,
                                                  Position position) {
  if (history_.is_ended(sid)) return NackCode::kStale;  // S6
  Session* session = store_.find(sid);
  if (session == nullptr) {
    history_.forget_move(sid);
    return std::nullopt;
  }
  const Position ours = session->image.position;
  const bool yields = position > ours;
  // Sealed by us or held under a lease, and offered as something newer: two owners. Something older
  // only comes late, out of a link that was blocked.
  const bool owned =
      session->channel == 0 || replicator_->primary(session->channel)->may_serve(clock_.read());
  if (owned && position.epoch >= ours.epoch) {
    ++statistics_.conflicts;
    ready_.push_back(
        [this, sid, kept = std::max(position, ours), dropped = std::min(position, ours)] {
          host_.on_conflict(sid, kept, dropped);
        });
  }
  if (!yields) return NackCode::kStale;
  ++statistics_.fenced;
  fence(*session, primary);
  history_.forget_move(sid);
  return std::nullopt;
}

void Sessions::on_copy_ended(const SessionId& sid) {
  history_.end(sid, tombstone_min(), clock_.now());
}

void Sessions::on_copy_renamed(const SessionId& old_id, const SessionId& new_id) {
  history_.rename(old_id, new_id, tombstone_min(), clock_.now());
}

// --- accesses and expiry -----------------------------------------------------------------------

// Reading sends nothing but, now and then, that the session is in use.
void Sessions::tell_access(Session& session) {
  session.last_access = clock_.now();
  const Duration every = std::min<Duration>(session.image.ttl / 10, kTellMax);
  if (session.channel == 0 || session.is_dirty || clock_.now() < session.told + every) return;
  SidPayload about{session.sid, session.image.position};
  std::string payload;
  encode(about, payload);
  // Without a position the channel does not report it as a version that is held.
  const bool sent =
      replicator_->primary(session.channel)
          ->append(FrameType::kTouch, {session.sid, {}}, std::move(payload), false, clock_.now());
  if (sent) session.told = clock_.now();
}

// The primary decides; the secondary would keep it for another minute.
void Sessions::expire_session(Session& session) {
  if (session.channel != 0) {
    std::string payload;
    encode(InvalidatePayload{session.sid, session.image.position, session.former_ids}, payload);
    PrimaryChannel& channel = *replicator_->primary(session.channel);
    const bool sent = channel.append(FrameType::kInvalidate, {session.sid, {}}, std::move(payload),
                                     false, clock_.now());
    if (!sent) {  // not ours to end while the channel is in doubt
      store_.watch_expiry(session, clock_.now() + std::chrono::seconds(1));
      return;
    }
  }
  ++statistics_.expired;
  const SessionId sid = session.sid;
  history_.end(sid, tombstone_min(), clock_.now());
  fence(session, kNobody);
}

// --- questions of others -----------------------------------------------------------------------

FoundPayload Sessions::on_lookup(const LookupPayload& lookup) {
  FoundPayload found;
  found.nonce = lookup.nonce;
  found.sid = lookup.sid;
  const SessionId sid = history_.resolve(lookup.sid, clock_.now());
  if (Session* session = store_.find(sid); session != nullptr && !session->is_ended) {
    const bool outvoted =
        session->channel != 0 && replicator_->primary(session->channel)->is_outvoted();
    found.role = outvoted ? FoundRole::kPointer : FoundRole::kOwner;
    found.owner = outvoted ? replicator_->primary(session->channel)->parties().secondary : self_;
    found.position = session->image.position;
    return found;
  }
  if (const ReplicaStore::Replica* copy = replicator_->copies().find(sid)) {
    found.role = FoundRole::kCopy;
    found.owner = replicator_->secondary(copy->channel)->parties().primary;
    found.position = copy->image.position;
  } else if (history_.is_ended(sid)) {
    found.role = FoundRole::kEnded;
  } else if (const auto passed_over = replicator_->copies().find_passed_over(sid);
             passed_over && replicator_->fate(passed_over->owner) != Fate::kUsable) {
    found.role = FoundRole::kPassedOver;
    found.owner = passed_over->owner;
    found.position = passed_over->image->position;
  } else if (const MemberId owner = history_.owner(sid); owner != kNobody) {
    found.role = FoundRole::kPointer;
    found.owner = owner;
  }
  return found;
}

void Sessions::on_found(MemberId from, const FoundPayload& found) {
  lookups_.on_found(from, found);
  schedule(clock_.now());
}

void Sessions::on_probe(MemberId member, bool answered) {
  std::vector<ChannelId> channels;
  for (const auto& [id, waiting] : parked_by_channel_) {
    const SecondaryChannel* channel = replicator_->secondary(id);
    if (channel == nullptr || channel->parties().primary != member) continue;
    channels.push_back(id);
    if (!answered) continue;
    for (const PendingId pending : waiting) {
      const auto found = parked_.find(pending);
      if (found != parked_.end()) found->second->answered = member;
    }
  }
  // A probe that failed without proof leaves them waiting for the grace period.
  if (!answered) return;
  for (const ChannelId id : channels) wake(id);
}

}  // namespace understudy
