// SPDX-License-Identifier: Apache-2.0
// Protection: gives each session a copy at another member and keeps it current: places sessions in
// channels, sends FULL, REPL, INVALIDATE and TOUCH, and queues what the window has no room for. In
// the background, within a bulk budget, it protects again what lost its copy. Owned by Sessions,
// loop thread only.
#pragma once

#include <deque>
#include <unordered_map>

#include "backend_sdk/sessions/layer.h"

namespace understudy {

class Protection final {
 public:
  explicit Protection(SessionLayer& layer) : layer_(layer) {}

  void begin_life();
  void end_life();

  // Enters a channel and sends the whole session. False: no member can hold it now. `any`: also one
  // that has failed a moment ago.
  bool protect(Stay& stay, bool any);
  // A dead session that has no channel, but of which a copy was passed over: another member must
  // know its end, or that copy brings the session back. False: there is none to tell now.
  bool end_elsewhere(Stay& stay);
  // There is no copy that could bring it back: never was, is proven gone, or has expired.
  bool has_no_trace(const Stay& stay) const;
  // Dead sessions that no member had to be told of any more; out of the last advance().
  std::vector<StayId> take_traceless();

  // The newest commit, or that the session ended; queued as a whole where there is no room.
  void send_delta(Stay& stay, SessionDelta delta);
  void send_whole(Stay& stay);
  void send_end(Stay& stay);
  // Reading sends nothing but, now and then, that the session is in use.
  void tell_access(Stay& stay);

  // The secondary has no room; it has passed over what it had acknowledged.
  void on_overload(Stay& stay);
  // It is smaller than what was refused, or a secondary holds it: the next try is not put off.
  static void may_fit(Stay& stay);
  // Held in its channel now; the copy that was passed over in `fallback` is needed no more.
  void on_held(Stay& stay, ChannelId fallback);
  // There may be room in the window.
  void flush(PrimaryChannel& channel);
  void on_adopted(ChannelId from, ChannelId to);
  void forget_channel(ChannelId channel);
  bool owes(ChannelId channel) const { return dirty_.contains(channel); }

  // Not before: the cluster is in motion. Now: there is nothing to wait for.
  void wait_for_quiet(Duration quiet) { bulk_after_ = layer_.now() + quiet; }
  // One slice of those without a copy. `is_urgent`: the member goes down or gives away.
  void advance(bool is_urgent);

 private:
  struct Release {
    SessionId sid;
    Position position;
  };
  void send_full(Stay& stay, bool bulk);
  void mark_dirty(Stay& stay);
  bool send_dirty(Stay& stay, PrimaryChannel& channel);
  void release(PrimaryChannel& channel);
  bool place_in_background(Stay& stay);
  void end_in_background(Stay& stay);

  SessionLayer& layer_;
  std::unordered_map<ChannelId, std::deque<StayId>> dirty_;
  std::unordered_map<ChannelId, std::deque<Release>> releases_;  // passed over there, held elsewhere
  std::vector<StayId> traceless_;
  TimePoint bulk_after_{};
  double bulk_bytes_ = 0;  // may be sent now
  TimePoint bulk_filled_{};
};

}  // namespace understudy
