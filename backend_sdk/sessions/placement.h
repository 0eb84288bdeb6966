// SPDX-License-Identifier: Apache-2.0
// Placement: where one session's copy is, what of the session is acknowledged there, and what the
// copy replaces (PROTOCOL 2.1, 2.4). A pure state machine: it knows no channels, sends nothing, and
// holds the one rule of the layer: what was acknowledged stands until what replaces it does. Owned
// by a Stay; SessionStore calls enter(), leave() and follow(), which its indexes follow.
//
//   SOLO -> MOVING (enter) -> LIVE (acknowledged);  MOVING, LIVE -> SOLO (leave)
//   LIVE -> MOVING (the secondary needs a FULL);  any -> DEAD (end)
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "backend_sdk/wire/ids.h"

namespace understudy {

class Placement final {
 public:
  enum class State : uint8_t {
    kSolo,    // in no channel: this member has the only copy that may be served
    kMoving,  // in a channel whose secondary has acknowledged nothing yet
    kLive,    // in a channel whose secondary holds acknowledged()
    kDead,    // invalidated; goes when the secondary knows
  };

  State state() const;
  bool is_dead() const { return is_dead_; }
  ChannelId channel() const { return channel_; }  // 0: none
  // The secondary of channel() is known to hold this version, or a later one, and the session's id.
  bool holds(uint64_t version) const {
    return acknowledged_ && *acknowledged_ >= std::max(version, renamed_in_);
  }
  std::optional<uint64_t> acknowledged() const { return acknowledged_; }
  // The channel of which the other member keeps, passed over, the newest copy but ours; 0: none is
  // needed.
  ChannelId fallback() const { return fallback_; }
  // The secondary lacks something that could not be sent yet.
  bool is_dirty() const { return is_dirty_; }
  // Ids that some secondary may still know the session by; the oldest first.
  const std::vector<SessionId>& former_ids() const { return former_ids_; }
  bool has_room_for_id() const;
  // Of those the one by which channel()'s secondary knows what it has acknowledged, as long as it
  // has acknowledged no login after it. Nothing: the session's own, or it has acknowledged nothing.
  std::optional<SessionId> held_as() const;

  // From no channel into one. True: the epoch has to rise, for the session was seen elsewhere.
  [[nodiscard]] bool enter(ChannelId channel);
  // Out of the channel: it was sealed, or the secondary refused for want of room. Either way the
  // secondary has passed over what it had acknowledged.
  void leave();
  // All that the channel's secondary keeps moves to its successor and is held there.
  void follow(ChannelId successor);
  void set_fallback(ChannelId channel) { fallback_ = channel; }  // 0: none is needed

  void on_sent();      // the secondary will hold what there is when it has read the stream
  void on_not_sent();  // no room in the window
  void on_acknowledged(uint64_t version, uint64_t newest);
  void on_full_needed();
  void show() { was_shown_ = true; }                       // a client knows the position
  void rename(const SessionId& former, uint64_t version);  // that the login made
  void end();

 private:
  ChannelId channel_ = 0;
  std::optional<uint64_t> acknowledged_;
  ChannelId fallback_ = 0;
  bool is_dirty_ = false;
  bool is_dead_ = false;
  bool was_shown_ = false;
  std::vector<SessionId> former_ids_;
  std::vector<uint64_t> left_in_;  // the versions of the logins that ended former_ids_
  uint64_t renamed_in_ = 0;        // the version of the last login
};

const char* to_string(Placement::State state);

}  // namespace understudy
