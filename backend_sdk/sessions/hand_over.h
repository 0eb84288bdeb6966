// SPDX-License-Identifier: Apache-2.0
// HandOver: sessions that are handed over while both members live: because this member goes down
// (drain), because an operator wants its sessions elsewhere (move), or because a proxy cannot reach
// it (yield). All end in GRANT, channel by channel. Owned by Sessions, loop thread only.
//
// A draining member keeps back what arrives until its channels are quiet; it has nothing else to
// do, and DrainTimeout ends it. A member that only moves goes on serving: it keeps back for a while
// and serves for as long in turns, so that a slow request in a channel delays the others' requests
// a little, but never makes one of them fail.
#pragma once

#include <map>

#include "backend_sdk/sessions/layer.h"
#include "backend_sdk/sessions/parking.h"

namespace understudy {

class HandOver final {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // No request and no response uses a session of the channel, and nothing waits to be sent.
    virtual bool is_unused(const PrimaryChannel& channel) const = 0;
    // All sessions of this member are elsewhere, and no request is under way.
    virtual bool has_nothing_left() const = 0;
  };
  HandOver(SessionLayer& layer, Parking& parking, const Owner& owner)
      : layer_(layer), parking_(parking), owner_(owner) {}

  void start_drain();
  bool is_draining() const { return is_draining_; }
  bool is_drained() const;

  // Said anew with every request of a proxy, so that it need not be taken back.
  void obey(ProxyOrder order);
  // A secondary asks for the channel, or for all that this member has.
  void on_asked(PrimaryChannel& channel, bool is_only_this);
  bool is_moving() const { return layer_.now() < move_until_; }
  // Requests of the channel's sessions are kept back: they would only delay its hand-over.
  bool keeps_back(const PrimaryChannel& channel) const;
  // The last request of a session has ended.
  void on_idle();

  void advance();
  void end_life();

 private:
  void grant(PrimaryChannel& channel) const;
  void start_move();
  void stop_move();
  bool holds_back() const;
  void advance_move();
  void yield(PrimaryChannel& channel);
  void advance_yield();

  SessionLayer& layer_;
  Parking& parking_;
  const Owner& owner_;
  bool is_draining_ = false;
  TimePoint drain_until_ = TimePoint::max();
  TimePoint move_since_{};
  TimePoint move_until_{};  // an operator drains this member; told anew with every request
  bool held_back_ = false;  // at the last look
  std::map<ChannelId, TimePoint> yielding_;  // until when their requests are kept back
  std::map<MemberId, TimePoint> yielded_;    // the last time to each secondary
};

}  // namespace understudy
