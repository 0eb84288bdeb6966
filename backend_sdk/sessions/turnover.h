// SPDX-License-Identifier: Apache-2.0
// Turnover: sessions that change hands with their channel: promoted to this member, fenced because
// another member owns them, or free again because this member sealed the channel. A channel changes
// at once; its sessions follow in slices, so that no turn of the loop is long, and those that a
// request or a response needs follow at once (find(), settle()). Until then a session obeys its
// channel: nothing reads its placement before settle(). Owned by Sessions, loop thread only.
#pragma once

#include <deque>
#include <set>

#include "backend_sdk/sessions/gate.h"
#include "backend_sdk/sessions/layer.h"
#include "backend_sdk/sessions/parking.h"
#include "backend_sdk/sessions/protection.h"
#include "backend_sdk/sessions/session_queues.h"

namespace understudy {

class Turnover final {
 public:
  Turnover(SessionLayer& layer, Gate& gate, Parking& parking, SessionQueues& queues,
           Protection& protection)
      : layer_(layer), gate_(gate), parking_(parking), queues_(queues), protection_(protection) {}

  // The session as this member serves it now; null: not here (any more).
  Stay* find(const SessionId& sid);
  // The same for one that was found before its channel changed.
  Stay* settle(Stay& stay);

  // The channel is sealed by us: what waits gets a new copy at once, the rest in the background.
  void on_owned(PrimaryChannel& channel);
  // Sealed by the secondary, or lost.
  void on_fenced(PrimaryChannel& channel);
  // The channel is ours, with its copies.
  void on_promoted(SecondaryChannel& channel);

  // The session is not ours any more: what waits for it is told, or looks again.
  void fence(Stay& stay, MemberId route);
  // `owner` has the session, at this position, under an id that a login here has ended: that login
  // did not happen if its secondary has not heard of it, and the channel may be that one's (I8).
  void give_way(const SessionId& former, MemberId owner, Position position);
  // It is over, and the members that must know it do.
  void finish_end(Stay& stay);
  // Dead and without a channel: tells another member, or finishes, or leaves it to the background.
  void end_solo(Stay& stay);

  void advance();  // one slice
  // Copies of promoted channels that are not sessions yet.
  bool is_idle() const { return channels_.empty(); }
  void clear() { channels_.clear(); }

 private:
  bool advance_channel(ChannelId id, size_t& left);
  bool take_over(ChannelId id, size_t& left);
  void free(Stay& stay, PrimaryChannel& channel);
  void dismiss(Stay& stay, PrimaryChannel& channel);
  Stay* promote(const SessionId& sid, ChannelId from, SessionImage image);
  void watch(ChannelId channel);

  SessionLayer& layer_;
  Gate& gate_;
  Parking& parking_;
  SessionQueues& queues_;
  Protection& protection_;
  std::set<ChannelId> channels_;  // whose sessions follow
};

}  // namespace understudy
