// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/placement.h"

#include <algorithm>
#include <utility>

#include "backend_sdk/replication/payloads.h"
#include "base/check.h"

namespace understudy {

Placement::State Placement::state() const {
  if (is_dead_) return State::kDead;
  if (channel_ == 0) return State::kSolo;
  return acknowledged_ ? State::kLive : State::kMoving;
}

bool Placement::has_room_for_id() const {
  return former_ids_.size() < kFormerIdsMax;
}

std::optional<SessionId> Placement::held_as() const {
  if (!acknowledged_) return std::nullopt;
  const auto unheard = std::ranges::upper_bound(left_in_, *acknowledged_);
  if (unheard == left_in_.end()) return std::nullopt;
  return former_ids_[static_cast<size_t>(unheard - left_in_.begin())];
}

bool Placement::enter(ChannelId channel) {
  CHECK(channel_ == 0 && channel != 0, "a session is in one channel");
  channel_ = channel;
  acknowledged_.reset();
  is_dirty_ = false;
  return std::exchange(was_shown_, true);
}

void Placement::leave() {
  CHECK(channel_ != 0);
  // In doubt the newer channel's secondary has the newest copy: it may have adopted it.
  if (acknowledged_ || fallback_ == 0) fallback_ = channel_;
  channel_ = 0;
  acknowledged_.reset();
  is_dirty_ = false;
}

void Placement::follow(ChannelId successor) {
  CHECK(channel_ != 0 && successor != 0);
  channel_ = successor;
}

void Placement::on_sent() {
  CHECK(channel_ != 0);
  is_dirty_ = false;
}

void Placement::on_not_sent() {
  CHECK(channel_ != 0);
  is_dirty_ = true;
}

void Placement::on_acknowledged(uint64_t version, uint64_t newest) {
  CHECK(channel_ != 0 && version <= newest, "nothing is acknowledged before it is written");
  acknowledged_ = std::max(acknowledged_.value_or(0), version);
  fallback_ = 0;
  if (*acknowledged_ != newest) return;
  former_ids_.clear();
  left_in_.clear();
}

void Placement::on_full_needed() {
  acknowledged_.reset();
}

void Placement::rename(const SessionId& former, uint64_t version) {
  CHECK(has_room_for_id(), "an id that a secondary may know is not forgotten");
  former_ids_.push_back(former);
  left_in_.push_back(version);
  renamed_in_ = version;
}

void Placement::end() {
  is_dead_ = true;
  is_dirty_ = false;
}

const char* to_string(Placement::State state) {
  switch (state) {
    case Placement::State::kSolo:
      return "solo";
    case Placement::State::kMoving:
      return "moving";
    case Placement::State::kLive:
      return "live";
    case Placement::State::kDead:
      return "dead";
  }
  return "unknown";
}

}  // namespace understudy
