// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/protection.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace understudy {

namespace {

constexpr Duration kTellMax = std::chrono::seconds(60);
constexpr Duration kBulkRefill = std::chrono::milliseconds(20);

// All that no secondary has acknowledged, and as many more as there is room for: the members that
// hold a session have to know its ended ids, for a copy under one of them may be left elsewhere.
std::vector<SessionId> former_ids(const Stay& stay, const SessionLayer& layer) {
  std::vector<SessionId> ids = stay.placement.former_ids();
  for (const SessionId& former : layer.history.former(stay.sid, kFormerIdsMax)) {
    if (ids.size() == kFormerIdsMax) break;
    if (std::ranges::find(ids, former) == ids.end()) ids.insert(ids.begin(), former);
  }
  return ids;
}

std::string invalidate(const Stay& stay, const SessionLayer& layer) {
  std::string payload;
  encode(InvalidatePayload{stay.sid, stay.image.position, former_ids(stay, layer)}, payload);
  return payload;
}

std::string full(const Stay& stay, const SessionLayer& layer) {
  FullPayload whole{.sid = stay.sid, .image = stay.image};
  for (const SessionId& former : former_ids(stay, layer)) {
    whole.former_ids.push_back({former, layer.history.alias_left(former, layer.now())});
  }
  std::string payload;
  encode(whole, payload);
  return payload;
}

std::string touch(const SidPayload& about) {
  std::string payload;
  encode(about, payload);
  return payload;
}

}  // namespace

void Protection::begin_life() {
  bulk_after_ = bulk_filled_ = layer_.now();
}

void Protection::end_life() {
  dirty_.clear();
  releases_.clear();
}

// --- one session -------------------------------------------------------------------------------

bool Protection::protect(Stay& stay, bool any) {
  CHECK(stay.placement.state() == Placement::State::kSolo);
  const bool is_denied = layer_.replication.solo == SoloPolicy::kDeny;
  const bool is_patient = layer_.now() < stay.place_after;
  PrimaryChannel* channel = layer_.replicator->place(stay.sid, (any || is_denied) && !is_patient);
  if (channel == nullptr) {
    if (is_patient) layer_.schedule(stay.place_after);
    return false;
  }
  if (layer_.store.enter(stay, channel->id())) ++stay.image.position.epoch;
  send_full(stay, false);
  return true;
}

bool Protection::end_elsewhere(Stay& stay) {
  if (stay.placement.fallback() == 0) return false;
  PrimaryChannel* channel = layer_.replicator->place(stay.sid, true);
  if (channel == nullptr) return false;
  static_cast<void>(layer_.store.enter(stay, channel->id()));
  ++stay.image.position.epoch;
  send_end(stay);
  return true;
}

bool Protection::has_no_trace(const Stay& stay) const {
  const ChannelId fallback = stay.placement.fallback();
  if (fallback == 0) return true;
  if (stay.ended_at + layer_.replication.passed_over_kept <= layer_.now()) return true;
  const PrimaryChannel* ours = layer_.replicator->primary(fallback);
  const MemberId holder = ours != nullptr ? ours->parties().secondary : primary_of(fallback);
  return layer_.replicator->fate(holder) == Fate::kProven;
}

std::vector<StayId> Protection::take_traceless() {
  return std::exchange(traceless_, {});
}

void Protection::end_in_background(Stay& stay) {
  if (has_no_trace(stay)) traceless_.push_back(stay.id);
  if (!end_elsewhere(stay)) {
    layer_.store.put_back_last(stay);
    layer_.schedule(layer_.now() + layer_.options.place_retry);
  }
}

void Protection::send_full(Stay& stay, bool bulk) {
  const bool is_sent = layer_.channel_of(stay).append(
      FrameType::kFull, {stay.sid, stay.image.position}, full(stay, layer_), bulk, layer_.now());
  if (!is_sent) return mark_dirty(stay);
  stay.placement.on_sent();
  stay.forgotten.clear();
  stay.access_told = layer_.now();
}

void Protection::send_whole(Stay& stay) {
  send_full(stay, false);
}

void Protection::send_delta(Stay& stay, SessionDelta delta) {
  if (stay.placement.is_dirty()) return;  // goes as a whole
  const Position position = delta.position;
  std::string payload;
  encode(ReplPayload{.sid = stay.sid, .delta = std::move(delta)}, payload);
  // Not past those that wait for room already.
  PrimaryChannel& channel = layer_.channel_of(stay);
  const bool is_sent =
      !owes(channel.id()) && channel.append(FrameType::kRepl, {stay.sid, position},
                                            std::move(payload), false, layer_.now());
  if (!is_sent) mark_dirty(stay);
}

void Protection::send_end(Stay& stay) {
  const bool is_sent =
      layer_.channel_of(stay).append(FrameType::kInvalidate, {stay.sid, stay.image.position},
                                     invalidate(stay, layer_), false, layer_.now());
  if (!is_sent) mark_dirty(stay);
}

void Protection::tell_access(Stay& stay) {
  stay.last_access = layer_.now();
  const Duration every = std::min<Duration>(stay.image.ttl / 10, kTellMax);
  const bool is_due = layer_.now() >= stay.access_told + every;
  if (!is_due || stay.placement.channel() == 0 || stay.placement.is_dirty()) return;
  // Without a position the channel does not report it as a version that is held.
  const bool is_sent =
      layer_.channel_of(stay).append(FrameType::kTouch, {stay.sid, {}},
                                     touch({stay.sid, stay.image.position}), false, layer_.now());
  if (is_sent) stay.access_told = layer_.now();
}

// --- what did not fit into the window ----------------------------------------------------------

void Protection::mark_dirty(Stay& stay) {
  if (stay.placement.is_dirty()) return;
  stay.placement.on_not_sent();
  dirty_[stay.placement.channel()].push_back(stay.id);
}

bool Protection::send_dirty(Stay& stay, PrimaryChannel& channel) {
  const bool is_dead = stay.placement.is_dead();
  const FrameType type = is_dead ? FrameType::kInvalidate : FrameType::kFull;
  std::string payload = is_dead ? invalidate(stay, layer_) : full(stay, layer_);
  const SidPayload about{stay.sid, stay.image.position};
  if (!channel.append(type, about, std::move(payload), false, layer_.now())) return false;
  stay.placement.on_sent();
  stay.forgotten.clear();
  return true;
}

// Many changes of one session are one frame.
void Protection::flush(PrimaryChannel& channel) {
  release(channel);
  const auto found = dirty_.find(channel.id());
  if (found == dirty_.end()) return;
  std::deque<StayId>& waiting = found->second;
  while (!waiting.empty() && channel.takes_frames()) {
    Stay* stay = layer_.store.find_stay(waiting.front());
    const bool is_wanted =
        stay != nullptr && stay->placement.is_dirty() && stay->placement.channel() == channel.id();
    if (is_wanted && !send_dirty(*stay, channel)) return;
    waiting.pop_front();
  }
  if (waiting.empty()) dirty_.erase(found);
}

void Protection::release(PrimaryChannel& channel) {
  const auto found = releases_.find(channel.id());
  if (found == releases_.end()) return;
  while (!found->second.empty()) {
    const Release& next = found->second.front();
    const bool is_sent = channel.append(FrameType::kTouch, {next.sid, {}},
                                        touch({next.sid, next.position}), false, layer_.now());
    if (!is_sent) return;
    found->second.pop_front();
  }
  releases_.erase(found);
}

void Protection::on_adopted(ChannelId from, ChannelId to) {
  const auto move = [&](auto& queues) {
    auto node = queues.extract(from);
    if (!node) return;
    auto& there = queues[to];
    there.insert(there.end(), node.mapped().begin(), node.mapped().end());
  };
  move(dirty_);
  move(releases_);
}

void Protection::forget_channel(ChannelId channel) {
  dirty_.erase(channel);
  releases_.erase(channel);
}

// --- no room -----------------------------------------------------------------------------------

void Protection::on_overload(Stay& stay) {
  layer_.store.leave(stay);
  stay.place_pause =
      std::clamp(2 * stay.place_pause, layer_.options.place_retry, layer_.options.place_retry_max);
  stay.place_after = layer_.now() + stay.place_pause;
  stay.refused_bytes = stay.counted_bytes;
  layer_.schedule(layer_.now());
}

void Protection::may_fit(Stay& stay) {
  stay.place_pause = Duration::zero();
  stay.place_after = TimePoint{};
}

void Protection::on_held(Stay& stay, ChannelId fallback) {
  may_fit(stay);
  if (fallback == 0 || fallback == stay.placement.channel()) return;
  PrimaryChannel* channel = layer_.replicator->primary(fallback);
  if (channel == nullptr || !channel->takes_frames()) return;  // CLOSE says it
  // It may know the session by an id of before.
  std::vector<SessionId> ids = former_ids(stay, layer_);
  ids.push_back(stay.sid);
  for (const SessionId& id : ids) releases_[fallback].push_back({id, stay.image.position});
  release(*channel);
}

// --- in the background -------------------------------------------------------------------------

// False: no more for now.
bool Protection::place_in_background(Stay& stay) {
  const TimePoint now = layer_.now();
  PrimaryChannel* channel = layer_.replicator->place(stay.sid, now >= stay.place_after);
  if (channel == nullptr) {
    layer_.schedule(std::max(stay.place_after, now + layer_.options.place_retry));
    layer_.store.put_back_last(stay);
    return now < stay.place_after;
  }
  if (!channel->window().has_bulk_room(stay.image.bytes())) return false;
  if (layer_.store.enter(stay, channel->id())) ++stay.image.position.epoch;
  bulk_bytes_ -= static_cast<double>(stay.image.bytes());
  send_full(stay, true);
  return true;
}

void Protection::advance(bool is_urgent) {
  const TimePoint now = layer_.now();
  if (layer_.store.unprotected_count() == 0) return;
  if (!is_urgent && now < bulk_after_) return layer_.schedule(bulk_after_);
  const double rate = static_cast<double>(layer_.options.bulk_bytes_per_second);
  const double passed = std::chrono::duration<double>(now - bulk_filled_).count();
  bulk_bytes_ = std::min(rate / 4, bulk_bytes_ + passed * rate);
  bulk_filled_ = now;
  size_t left = std::min(layer_.store.unprotected_count(), layer_.options.slice);
  for (; left > 0 && bulk_bytes_ > 0; --left) {
    Stay& stay = *layer_.store.next_unprotected();
    if (stay.placement.is_dead()) {
      end_in_background(stay);
    } else if (!place_in_background(stay)) {
      break;
    }
  }
  if (layer_.store.unprotected_count() == 0) return;
  // The end of a slice, or of what may be sent now.
  layer_.schedule(left == 0 ? now : now + kBulkRefill);
}

}  // namespace understudy
