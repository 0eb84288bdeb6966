// SPDX-License-Identifier: Apache-2.0
// KeptUpstream: a connection that serves one exchange at a time and is kept idle between them:
// HTTP/1.1 and AJP. What MemberConnections, which owns it, needs of it beyond Upstream. Worker
// thread only.
#pragma once

#include <cstddef>

#include "base/clock.h"
#include "proxy/io/io_context.h"
#include "proxy/upstream/upstream.h"

namespace understudy {

// Read from one connection in one turn of the loop before others get theirs.
inline constexpr std::size_t kReadPerTurnBytesMax = std::size_t{1024} * 1024;

class KeptUpstream : public Upstream, public ClosedList::Item {
 public:
  // Where its owner has it.
  struct Place {
    TimePoint idle_since{};
    std::size_t index = 0;
  };

  // The user of a connection that is new, or idle.
  virtual void attach(User& user) = 0;
  virtual void close() = 0;
  virtual Place& place() = 0;
};

}  // namespace understudy
