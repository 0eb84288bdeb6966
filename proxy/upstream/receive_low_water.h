// SPDX-License-Identifier: Apache-2.0
// ReceiveLowWater: while a large body is moved by splice(2), the worker is woken when a good piece
// of it has arrived, not for every segment: SO_RCVLOWAT (socket(7), tcp(7)), which bounds what
// poll reports and nothing else. A member that does not deliver a piece in kPieceWait is slow: what
// it has sent is reported then, and the rest of that body as it comes. An end or a reset is
// reported at once in any case. Part of Http1Upstream; worker thread only.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/event_loop.h"
#include "base/timer_wheel.h"

namespace understudy {

class ReceiveLowWater final {
 public:
  static constexpr uint64_t kPieceBytes = 256 * 1024;
  static constexpr Duration kPieceWait = std::chrono::milliseconds(20);

  // Does not own `fd`.
  ReceiveLowWater(EventLoop& loop, int fd);

  // Bytes were moved: so many of the body are still to come, and the socket is dry or not.
  void on_moved(uint64_t bytes_left, bool is_dry);
  // The body is over: every byte is reported again.
  void reset();
  bool is_raised() const { return raised_; }

 private:
  void on_waited();
  void set(bool raised);

  EventLoop& loop_;
  const int fd_;
  Timer timer_;
  bool raised_ = false;
  bool waits_ = false;  // for the next piece
  bool slow_ = false;   // this body's sender
};

}  // namespace understudy
