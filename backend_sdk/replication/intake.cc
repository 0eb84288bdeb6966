// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/intake.h"

#include <algorithm>

namespace understudy {

namespace {

constexpr uint8_t kBulkFlag = 1;

SecondaryChannel::Applied malformed() {
  return {.malformed = true, .refusal = {}, .sid = {}};
}

}  // namespace

Intake::Intake(const ReplicationOptions& options, ReplicaStore& replicas, Judge& judge)
    : options_(options), replicas_(replicas), judge_(judge) {}

SecondaryChannel::Applied Intake::apply(SecondaryChannel& channel, const Frame& frame,
                                        TimePoint now) {
  switch (frame.type) {
    case FrameType::kOpen:
    case FrameType::kRenew:
      return {};
    case FrameType::kFull:
      return apply_full(channel, frame, now);
    case FrameType::kRepl:
      return apply_repl(channel, frame, now);
    case FrameType::kTouch:
      return apply_touch(channel, frame, now);
    case FrameType::kInvalidate:
      return apply_invalidate(channel, frame);
    default:
      return malformed();
  }
}

SecondaryChannel::Applied Intake::apply_full(SecondaryChannel& channel, const Frame& frame,
                                             TimePoint now) {
  const auto full = decode_full(frame.payload);
  if (!full) return malformed();
  SecondaryChannel::Applied applied{.refusal = {}, .sid = full->sid};
  if ((frame.flags & kBulkFlag) != 0) {
    const bool may =
        bulk_senders_.contains(channel.id()) || bulk_senders_.size() < options_.bulk_senders_max;
    if (may) bulk_senders_[channel.id()] = now;
  }
  if (channel.bar(full->sid)) {
    applied.refusal = NackCode::kStale;
    return applied;
  }
  applied.refusal =
      judge_.on_copy_offered(channel.parties().primary, full->sid, full->image.position);
  if (!applied.refusal) applied.refusal = replicas_.apply_full(channel.id(), *full, now);
  if (applied.refusal) return applied;
  for (const auto& [former, alias_left] : full->former_ids) {
    drop(channel.id(), former);
    judge_.on_copy_renamed(former, full->sid, alias_left);
  }
  applied.resolves = true;
  return applied;
}

SecondaryChannel::Applied Intake::apply_repl(SecondaryChannel& channel, const Frame& frame,
                                             TimePoint now) {
  const auto repl = decode_repl(frame.payload);
  if (!repl) return malformed();
  SecondaryChannel::Applied applied{.refusal = {}, .sid = repl->sid};
  if (channel.bar(repl->sid)) {
    applied.refusal = NackCode::kStale;
    return applied;
  }
  applied.refusal =
      judge_.on_copy_offered(channel.parties().primary, repl->sid, repl->delta.position);
  if (!applied.refusal) applied.refusal = replicas_.apply_repl(channel.id(), *repl, now);
  return applied;
}

SecondaryChannel::Applied Intake::apply_touch(SecondaryChannel& channel, const Frame& frame,
                                              TimePoint now) {
  const auto about = decode_sid(frame.payload);
  if (!about) return malformed();
  SecondaryChannel::Applied applied{.refusal = {}, .sid = about->sid};
  // Epoch 0: the primary has understood a refusal. What it acknowledged before stays passed over
  // until the session is held elsewhere, which a later epoch says.
  applied.resolves = about->position.epoch == 0;
  if (applied.resolves) {
    replicas_.erase(channel.id(), about->sid);
  } else {
    replicas_.supersede(about->sid, about->position.epoch);
    replicas_.touch(channel.id(), about->sid, now);
  }
  return applied;
}

// Also while it is barred for want of room: an end needs none, and the copy that was acknowledged
// before must not outlive it (S6).
SecondaryChannel::Applied Intake::apply_invalidate(SecondaryChannel& channel, const Frame& frame) {
  const auto about = decode_invalidate(frame.payload);
  if (!about) return malformed();
  SecondaryChannel::Applied applied{.refusal = {}, .sid = about->sid};
  const ReplicaStore::Replica* replica = replicas_.find(about->sid);
  const bool elsewhere = replica != nullptr && replica->channel != channel.id() &&
                         replica->image.position.epoch > about->position.epoch;
  if (elsewhere || channel.bar(about->sid) == NackCode::kStale) {
    applied.refusal = NackCode::kStale;
    return applied;
  }
  applied.refusal = judge_.on_copy_offered(channel.parties().primary, about->sid, about->position);
  if (applied.refusal) return applied;
  drop(channel.id(), about->sid);
  judge_.on_copy_ended(about->sid);
  // A former id may be all that this member knows the session by.
  for (const SessionId& former : about->former_ids) {
    drop(channel.id(), former);
    judge_.on_copy_ended(former);
  }
  applied.resolves = true;
  return applied;
}

void Intake::drop(ChannelId channel, const SessionId& sid) {
  replicas_.erase(channel, sid);
  replicas_.supersede(sid, UINT32_MAX);
}

uint32_t Intake::bulk_credit(ChannelId channel, TimePoint now) {
  std::erase_if(bulk_senders_,
                [&](const auto& entry) { return entry.second + options_.ack_timeout < now; });
  if (!bulk_senders_.contains(channel)) return 0;
  return static_cast<uint32_t>(std::min<size_t>(options_.window_bytes / 2, UINT32_MAX));
}

}  // namespace understudy
