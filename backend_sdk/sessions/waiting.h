// SPDX-License-Identifier: Apache-2.0
// Waiting: a request that has not begun, from begin() until it proceeds or is answered. A value.
#pragma once

#include <memory>

#include "backend_sdk/sessions/requests.h"
#include "backend_sdk/sessions/session_store.h"
#include "base/clock.h"

namespace understudy {

struct Waiting {
  WaitingId id = 0;
  BeginRequest request;
  BeginCallback callback;
  TimePoint arrived;
  TimePoint began;                               // at the proxy, at the earliest
  TimePoint came;                                // there, at the latest
  TimePoint deadline = TimePoint::max();         // of what it waits for now
  Unavailable reason = Unavailable::kWaitedOut;  // when the deadline passes
  ChannelId channel = 0;                         // what it waits for; 0: something else
  MemberId answered = kNobody;                   // the primary that a probe found alive
  enum class HandOver : uint8_t { kNotAsked, kAwaited, kOverdue } hand_over = {};
  bool has_run = false;    // as this member, or the copy here, knew when it came
  bool is_held = false;    // it has waited as a suspect (P14), whatever came of that
  bool is_called = false;  // its turn has come: it does not queue again behind later ones
};
using WaitingPtr = std::unique_ptr<Waiting>;

}  // namespace understudy
