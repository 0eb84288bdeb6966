// SPDX-License-Identifier: Apache-2.0
// Admission: the way in. May this request be served here, must it wait, or which member should the
// proxy ask (R1, R7, S4, S11)? A request that waited comes through admit() again and is decided
// anew. Owned by Sessions, loop thread only.
#pragma once

#include <unordered_map>

#include "backend_sdk/sessions/gate.h"
#include "backend_sdk/sessions/hand_over.h"
#include "backend_sdk/sessions/layer.h"
#include "backend_sdk/sessions/parking.h"
#include "backend_sdk/sessions/protection.h"
#include "backend_sdk/sessions/recovery.h"
#include "backend_sdk/sessions/session_queues.h"
#include "backend_sdk/sessions/suspects.h"
#include "backend_sdk/sessions/turnover.h"

namespace understudy {

class Admission final : public Parking::Owner, public Recovery::Owner {
 public:
  // What it asks of the other parts; each outlives it.
  struct Parts {
    Gate& gate;
    Parking& parking;
    SessionQueues& queues;
    Protection& protection;
    Turnover& turnover;
    Recovery& recovery;
    HandOver& hand_over;
    Suspects& suspects;
  };
  Admission(SessionLayer& layer, const Parts& parts) : layer_(layer), parts_(parts) {}

  // Of the verified cookies of one request: the first whose session is here, else the first whose
  // session may live at another member, else the first. An id of before a login comes after those.
  std::optional<SessionToken> choose(const std::vector<SessionToken>& tokens) const;
  void begin(const BeginRequest& request, BeginCallback callback);
  // Nothing: the handle is unknown, or was taken before.
  std::optional<Active> take(RequestHandle handle);
  const std::unordered_map<RequestHandle, Active>& active() const { return active_; }

  // A probe found out whether the member lives.
  void on_probe(MemberId member, bool is_answered);
  // Requests that wait for a grace period look again when it is over.
  void want_channels();

  // Parking::Owner and Recovery::Owner.
  void admit(WaitingPtr waiting) override;
  void refuse(WaitingPtr waiting, Unavailable reason) override;
  void on_looked_up(WaitingId waiting, const Lookups::Finished& finished) override;

 private:
  void admit_outside(WaitingPtr waiting);
  void admit_new(WaitingPtr waiting, bool is_lost);
  void admit_here(WaitingPtr waiting, Stay& stay);
  void admit_at_end(WaitingPtr waiting, Stay& stay);
  bool waits_for_channel(WaitingPtr& waiting, Stay& stay);
  void admit_overtaken(WaitingPtr waiting, Stay& stay);
  bool is_held_as_suspect(WaitingPtr& waiting);
  void answer_again(WaitingPtr waiting, Stay& stay, const CommittedRequest& committed);
  void proceed(WaitingPtr waiting, Stay& stay, bool is_replayed);
  void admit_at_copy(WaitingPtr waiting, SecondaryChannel& channel);
  void await_hand_over(WaitingPtr waiting, SecondaryChannel& channel);
  void admit_at_passed_over(WaitingPtr waiting, const ReplicaStore::PassedOver& passed_over);
  void admit_as_stranger(WaitingPtr waiting);
  void look_up(WaitingPtr waiting, const SessionId& sid);
  void redirect(WaitingPtr waiting, MemberId route);
  bool seems_alive(MemberId member) const;
  enum class Chance : uint8_t { kEnded, kNotHere, kFormer, kElsewhere, kHere };
  Chance chance_of(const SessionToken& token) const;
  const SessionImage* known_image(const SessionId& sid) const;
  bool may_be_forgotten(const Waiting& waiting) const;
  Duration patience() const;

  SessionLayer& layer_;
  const Parts parts_;
  std::unordered_map<RequestHandle, Active> active_;
  RequestHandle last_handle_ = 0;
  WaitingId last_waiting_ = 0;
};

}  // namespace understudy
