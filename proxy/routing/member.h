// SPDX-License-Identifier: Apache-2.0
// A member as one worker sees it: what the configuration and the view say of it, what this worker
// has experienced, and what it has counted. It decides nothing. Owned by the worker's MemberTable;
// worker thread only. proxy/upstream keys its pools by `slot`.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/clock.h"
#include "cookies/affinity.h"
#include "cookies/view_header.h"
#include "proxy/routing/back_off.h"

namespace understudy::routing {

inline constexpr std::size_t kMembersMax = 4096;           // of one cluster, seeds included
inline constexpr std::size_t kSlotsMax = 2 * kMembersMax;  // those that just left keep theirs

enum class Liveness : std::uint8_t {
  kAssumed,  // named in the configuration, and no view has spoken of it
  kAlive,
  kSuspect,
  kDead,
  kLeft,
  kUnlisted,  // named in the configuration, absent from the view
};
std::string_view to_text(Liveness liveness);
std::string_view to_text(OperatorState state);

// Written by proxy/exchange and proxy/upstream; summed over the workers by message.
struct MemberCounters {
  std::uint64_t requests = 0;     // sent to it, re-sent ones included
  std::uint64_t responses = 0;    // final ones that came back whole or in part
  std::uint64_t refused = 0;      // connects
  std::uint64_t timeouts = 0;     // connects and answers
  std::uint64_t resets = 0;       // before the answer
  std::uint64_t unavailable = 0;  // 503 of its own
  std::uint64_t failovers = 0;    // exchanges of its sessions that went elsewhere
  std::uint64_t connections = 0;  // opened
  std::uint32_t in_flight = 0;    // exchanges waiting for it now
};

struct Member {
  // Constant while it lives.
  std::uint32_t slot = 0;    // below kSlotsMax; used again some time after its member is gone
  std::uint64_t serial = 0;  // never used again
  bool is_seed = false;      // named in the configuration

  // What it is. A new mid is a new member, but a seed gets its first one.
  std::optional<std::uint32_t> mid = {};  // in dialect weblogic the JVMID's bits
  std::string name = {};                  // from the view, else the address
  std::string route = {};                 // BalancerMember route=
  // SessionCookieFormat insert: its names in cookies, by key; they stay through reloads and
  // restarts, for they are made of the route, or the address where there is none.
  std::array<MemberTag, kKeySlotsMax> tags = {};
  std::string address_text = {};  // "host:port"
  Address address = {};           // unset until the host's name has been resolved
  std::uint16_t weight = 100;

  // What is said of it.
  Liveness liveness = Liveness::kAssumed;
  OperatorState operator_state = OperatorState::kReady;

  // What this worker has seen.
  BackOff back_off = {};
  MemberCounters counters = {};
};

}  // namespace understudy::routing
