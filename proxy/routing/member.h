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
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "cookies/member_tag.h"
#include "cookies/view.h"
#include "proxy/routing/back_off.h"
#include "proxy/routing/operator_order.h"
#include "proxy/routing/outlier.h"

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
// No view, or none that knows it, says that it is there.
constexpr bool is_gone(Liveness liveness) {
  return liveness == Liveness::kDead || liveness == Liveness::kLeft ||
         liveness == Liveness::kUnlisted;
}

// What the health check of this process says.
enum class Checked : std::uint8_t {
  kNot,  // it has not spoken yet, or there is none
  kWorking,
  kFailing,
};
std::string_view to_text(Checked checked);

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
  std::uint64_t ejections = 0;
  std::uint32_t in_flight = 0;  // exchanges waiting for it now
};

// Member::share is the weight times this, while nothing reduces it.
inline constexpr std::uint32_t kWholeShare = 100;

struct Member {
  // Constant while it lives.
  std::uint32_t slot = 0;    // below kSlotsMax; used again some time after its member is gone
  std::uint64_t serial = 0;  // never used again
  bool is_seed = false;      // named in the configuration

  // What it is. A new mid is a new member, but a seed gets its first one.
  std::optional<std::uint32_t> mid = {};     // in dialect weblogic the JVMID's bits
  std::string name = {};                     // from the view, else the address
  std::string route = {};                    // BalancerMember route=
  std::string redirect = {};                 // redirect=: the route of its substitute
  std::string address_text = {};             // "host:port"
  Address address = {};                      // unset until the host's name has been resolved
  std::vector<Address> more_addresses = {};  // of the same name
  // SessionCookieFormat insert: its names in cookies, by key; they stay through reloads and
  // restarts, for they are made of the route, or the address where there is none.
  MemberTags tags = {};
  std::uint16_t weight = 100;

  // What is said of it. Whether an operator wants it is the stricter of what he ordered (or the
  // configuration says) and what the view says.
  Liveness liveness = Liveness::kAssumed;
  Checked checked = Checked::kNot;
  OperatorState view_state = OperatorState::kReady;
  OperatorOrder order = {};
  bool is_standby = false;  // status=+H: only while no other can be asked
  // What comes of it: the state in force, and the part of new clients that it gets.
  OperatorState operator_state = OperatorState::kReady;
  std::uint32_t share = 100 * kWholeShare;

  // What this worker has seen.
  BackOff back_off = {};
  Outlier outlier = {};
  TimePoint ramp_ends{};   // new or back: SlowStart
  std::uint32_t busy = 0;  // exchanges of this worker under way, from the choice to their end
  MemberCounters counters = {};

  // "name (mid)", the mid as cookies have it; the name alone where no mid is known.
  std::string label() const;
  // A success need not be told to the table.
  bool has_clean_record() const {
    return back_off.last_failure() == Failure::kNone && !outlier.has_failures();
  }
  // Its sessions are to go to their secondary, where there is one.
  bool sends_sessions_away() const {
    return operator_state == OperatorState::kDraining && order.state == OperatorState::kDraining &&
           order.mode == DrainMode::kMove;
  }
};

}  // namespace understudy::routing
