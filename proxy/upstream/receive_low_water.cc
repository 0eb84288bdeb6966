// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/receive_low_water.h"

#include <sys/socket.h>

namespace understudy {

ReceiveLowWater::ReceiveLowWater(EventLoop& loop, int fd)
    : loop_(loop), fd_(fd), timer_(Timer::of<&ReceiveLowWater::on_waited>(loop.timers(), *this)) {}

void ReceiveLowWater::on_moved(uint64_t bytes_left, bool is_dry) {
  if (bytes_left <= kPieceBytes) return reset();
  waits_ = is_dry && !slow_;
  if (!waits_) return;
  set(true);
  timer_.start_at(loop_.now() + kPieceWait);
}

void ReceiveLowWater::reset() {
  waits_ = false;
  slow_ = false;
  set(false);
}

// The timer runs on while a slow client keeps us from reading; that says nothing of the member.
void ReceiveLowWater::on_waited() {
  if (!waits_) return;
  waits_ = false;
  slow_ = true;
  set(false);
}

// Lowering it makes the kernel report what is there already.
void ReceiveLowWater::set(bool raised) {
  if (raised == raised_) return;
  raised_ = raised;
  const int bytes = raised ? static_cast<int>(kPieceBytes) : 1;
  // Where the socket knows no such mark, every segment is reported, as without it.
  (void)::setsockopt(fd_, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes);
}

}  // namespace understudy
