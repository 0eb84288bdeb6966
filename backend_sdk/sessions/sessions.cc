// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/sessions.h"

#include <algorithm>
#include <set>

#include "backend_sdk/replication/lease.h"
#include "base/check.h"

namespace understudy {

Sessions::Sessions(const SessionOptions& options, const ReplicationOptions& replication,
                   const Clock& clock, Random& random, SessionHost& host)
    : layer_{.options = options,
             .replication = replication,
             .clock = clock,
             .random = random,
             .host = host,
             .history = IdHistory(options)},
      parking_(layer_),
      queues_(layer_, parking_),
      gate_(layer_),
      protection_(layer_),
      suspects_(layer_, parking_, protection_),
      turnover_(layer_, gate_, parking_, queues_, protection_),
      hand_over_(layer_, parking_, *this),
      disputes_(layer_),
      former_life_(layer_, disputes_),
      recovery_(layer_, turnover_, parking_, disputes_),
      admission_(layer_, {.gate = gate_,
                          .parking = parking_,
                          .queues = queues_,
                          .protection = protection_,
                          .turnover = turnover_,
                          .recovery = recovery_,
                          .hand_over = hand_over_,
                          .suspects = suspects_}),
      commits_(
          layer_,
          {.gate = gate_, .queues = queues_, .protection = protection_, .turnover = turnover_}) {
  parking_.set_owner(admission_);
  recovery_.set_owner(admission_);
}

Sessions::~Sessions() = default;

// --- requests ----------------------------------------------------------------------------------

std::optional<SessionToken> Sessions::choose(const std::vector<SessionToken>& tokens) const {
  return admission_.choose(tokens);
}

void Sessions::begin(const BeginRequest& request, BeginCallback callback) {
  if (request.token) former_life_.let_go_of(request.token->sid);
  admission_.begin(request, std::move(callback));
}

void Sessions::commit(RequestHandle handle, Change change, CommitCallback callback) {
  if (const auto active = admission_.take(handle)) {
    commits_.commit(*active, handle, std::move(change), std::move(callback));
    hand_over_.on_idle();
    return;
  }
  CommitOutcome outcome;
  outcome.kind = CommitOutcome::Kind::kReadOnly;
  layer_.call(std::move(callback), std::move(outcome));
}

void Sessions::abandon(RequestHandle handle) {
  if (const auto active = admission_.take(handle)) {
    commits_.abandon(*active, handle);
    hand_over_.on_idle();
  }
}

// --- lives -------------------------------------------------------------------------------------

void Sessions::begin_life(Replicator& replicator, MemberId self) {
  CHECK(layer_.replicator == nullptr && layer_.store.size() == 0);
  layer_.replicator = &replicator;
  layer_.self = self;
  protection_.begin_life();
}

// What this member held belongs to the members that hold the copies; some of it may live on there.
void Sessions::end_life() {
  if (layer_.replicator == nullptr) return;
  fence_busy();
  former_life_.take();
  recovery_.end_life();
  turnover_.clear();
  layer_.replicator = nullptr;
  layer_.self = kNobody;
  protection_.end_life();
  suspects_.end_life();
  hand_over_.end_life();
  queues_.clear();
  parking_.admit_all();  // which answers that there is no member here
  CHECK(parking_.size() == 0);
  gate_.clear();
}

// Those that a request is in or waits for: it is told now.
void Sessions::fence_busy() {
  std::set<StayId> busy;  // in one order in every run
  for (const Stay* stay : gate_.waiting()) busy.insert(stay->id);
  for (const StayId id : queues_.waited_for()) busy.insert(id);
  for (const auto& [handle, active] : admission_.active()) busy.insert(active.stay);
  for (const StayId id : busy) {
    Stay* stay = layer_.store.find_stay(id);
    if (stay == nullptr) continue;
    if (stay->was_written_alone()) disputes_.remember(*stay);
    const bool is_copied = stay->placement.channel() != 0;
    turnover_.fence(*stay, is_copied ? layer_.channel_of(*stay).parties().secondary : kNobody);
  }
}

std::vector<ServedSession> Sessions::served() const {
  std::vector<ServedSession> result;
  for (const Stay* stay : layer_.store.all()) {
    result.push_back(
        {stay->sid, stay->image.position, stay->placement.channel(), layer_.may_answer_for(*stay)});
  }
  return result;
}

// --- time --------------------------------------------------------------------------------------

void Sessions::on_view() {
  protection_.wait_for_quiet(layer_.options.quiet_before_bulk);
  layer_.schedule(layer_.now());
}

// One slice. The primary decides; the secondary would keep the session for another minute.
void Sessions::expire_due() {
  const TimePoint now = layer_.now();
  for (size_t left = layer_.options.slice; left > 0; --left) {
    Stay* stay = layer_.store.next_expiring(now);
    if (stay == nullptr) break;
    if (stay->expires() > now) {
      layer_.store.watch_expiry(*stay, stay->expires());
    } else if (!stay->is_idle() || stay->placement.is_dead() || !expire(*stay)) {
      layer_.store.watch_expiry(*stay, now + std::chrono::seconds(1));
    }
  }
  layer_.history.expire(now, layer_.options.slice);
}

// False: not ours to end while the channel is in doubt.
bool Sessions::expire(Stay& stay) {
  Stay* settled = turnover_.settle(stay);
  if (settled == nullptr) return true;
  if (settled->placement.channel() != 0) {
    if (!layer_.may_answer_for(*settled)) return false;
    std::string payload;
    encode(
        InvalidatePayload{settled->sid, settled->image.position, settled->placement.former_ids()},
        payload);
    // Without a position the channel does not report it as a version that is held.
    const bool is_sent = layer_.channel_of(*settled).append(
        FrameType::kInvalidate, {settled->sid, {}}, std::move(payload), false, layer_.now());
    if (!is_sent) return false;
  }
  ++layer_.statistics.expired;
  layer_.history.end(settled->sid, layer_.tombstone_min(), layer_.now());
  turnover_.fence(*settled, kNobody);
  return true;
}

void Sessions::advance() {
  const TimePoint now = layer_.now();
  if (now < layer_.wake_at) return;
  layer_.wake_at = TimePoint::max();
  former_life_.advance();
  queues_.sweep();
  if (layer_.replicator != nullptr) {
    turnover_.advance();
    recovery_.advance();
    gate_.pass_deadlines(now);
    parking_.pass_deadlines(now);
    expire_due();
    queues_.advance();
    admission_.want_channels();
    suspects_.advance();
    protection_.advance(hand_over_.is_draining() || hand_over_.is_moving() || suspects_.are_held());
    hand_over_.advance();
  }
  layer_.schedule(gate_.wake_at());
  layer_.schedule(parking_.wake_at());
  layer_.schedule(recovery_.wake_at());
  layer_.schedule(layer_.store.expiry_wake_at());
  layer_.schedule(layer_.history.wake_at());
}

// --- hand-over ---------------------------------------------------------------------------------

bool Sessions::is_unused(const PrimaryChannel& channel) const {
  if (protection_.owes(channel.id()) || !gate_.waiting_in(channel.id()).empty()) return false;
  return std::none_of(admission_.active().begin(), admission_.active().end(),
                      [&](const auto& entry) {
                        const Stay* stay = layer_.store.find_stay(entry.second.stay);
                        return stay != nullptr && stay->placement.channel() == channel.id();
                      });
}

bool Sessions::has_nothing_left() const {
  return layer_.store.size() == 0 && admission_.active().empty() && turnover_.is_idle();
}

}  // namespace understudy
