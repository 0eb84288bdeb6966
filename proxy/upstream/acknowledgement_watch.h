// SPDX-License-Identifier: Apache-2.0
// AcknowledgementWatch: for how long the machine at the other end of a connection has owed an
// acknowledgement of what it was sent. It says nothing about the application there: a slow handler,
// one that reads nothing and a stopped process leave acknowledging to their kernel. Pure: it is
// shown the connection now and then, with the time. Owned by a connection; worker thread only.
//
// While nothing is on its way there is nothing to owe: then the kernel's own probes find out
// (probe_when_idle).
#pragma once

#include "base/clock.h"
#include "base/tcp_path.h"

namespace understudy {

class AcknowledgementWatch final {
 public:
  // Zero: nothing is owed. Never too long, but too short by the time between two looks.
  Duration owed_for(const Acknowledgements& seen, TimePoint now);

 private:
  bool is_owed_ = false;
  TimePoint since_{};
};

}  // namespace understudy
