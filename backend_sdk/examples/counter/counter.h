// SPDX-License-Identifier: Apache-2.0
// counter: the smallest application whose sessions are worth keeping. What each path does stands at
// its handler in counter.cc; loadtest/ and tests/integration rely on the answers.
#pragma once

#include "understudy/evhttp.h"

struct event_base;

namespace examples {

inline constexpr std::size_t kSizeBytesMax = 64u << 20;  // GET /size/N
inline constexpr long kSlowMsMax = 10 * 60 * 1000;       // GET /slow/MS
inline constexpr std::size_t kEchoBytesMax = 64u << 20;  // POST /echo

void add_counter_handlers(understudy::Node& node, understudy::EvhttpServer& server,
                          event_base* base);
// GET /die: SIGKILL to the process itself, for tests of what a proxy and the other members do then.
void add_die_handler(understudy::EvhttpServer& server);

}  // namespace examples
