// SPDX-License-Identifier: Apache-2.0
// MemberView: who is in the cluster, as one immutable value with a version and a hash (PROTOCOL
// section 3). Written by the group's leader, spread to all members, told to the proxies in the view
// header. Not a detector: membership.h decides, this only says. A value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backend_sdk/transport/transport.h"
#include "backend_sdk/wire/ids.h"
#include "cookies/view_header.h"  // OperatorState

namespace understudy {

enum class Liveness : uint8_t { kAlive, kSuspect, kDead, kLeft };

const char* to_string(Liveness liveness);

struct Member {
  MemberId mid = kNobody;
  std::string name;  // the stable identity; unique among those alive
  std::string machine;
  std::string replication_group;
  std::string preferred_secondary_group;
  uint32_t weight = 100;     // 1..100
  std::string http_address;  // HOST:PORT as the proxies connect to it
  Address cluster_address;
  uint32_t join_seq = 0;  // numbered at admission; the lowest alive leads
  Liveness liveness = Liveness::kAlive;
  OperatorState operator_state = OperatorState::kReady;
  // Of a dead one: its process is known to be gone (refused, reborn, left), not merely silent.
  bool is_proven = false;
  // Belongs to the last stable membership, against which a quorum is counted (quorum.h).
  bool is_counted = false;
  // Belongs to the membership that is about to become the measure; then a quorum is one of both.
  bool is_next = false;
  // A quorum has the view that admitted it, and it has come: it may hold copies and votes. Who was
  // admitted a moment ago may be unknown to those that go on without its leader.
  bool is_confirmed = false;

  Peer peer() const { return {mid, cluster_address}; }
  // Serves and stores: alive or merely suspected.
  bool is_usable() const { return liveness == Liveness::kAlive || liveness == Liveness::kSuspect; }
  bool operator==(const Member&) const = default;
};

// Which group this is, the same for its whole life: random, drawn by its founder. 0 is no group.
using GroupId = uint32_t;
inline constexpr GroupId kNoGroup = 0;

// This group goes over to another one (merging.h). Until then it has no quorum.
struct Yield {
  GroupId group = kNoGroup;
  Peer leader;  // of that group, when this was written
  bool operator==(const Yield&) const = default;
};

// Another group has come over to this one, as it was in that version. Its members follow when
// `is_confirmed`: a quorum here has the view that names them.
struct Absorbed {
  GroupId group = kNoGroup;
  uint64_t version = 0;
  bool is_confirmed = false;
  bool operator==(const Absorbed&) const = default;
};
inline constexpr size_t kAbsorbedMax = 16;  // the oldest goes first

struct MemberView {
  GroupId group = kNoGroup;
  uint32_t term = 0;            // +1 whenever another leader takes over
  uint32_t seq = 0;             // +1 per change; goes on from term to term
  std::vector<Member> members;  // by join_seq; the dead and left stay for a while (tombstones)
  Yield yields{};
  std::vector<Absorbed> absorbed{};

  uint64_t version() const { return uint64_t{term} << 32 | seq; }
  // Over everything a proxy or member acts on (a suspect counts as alive, the version not at all):
  // equal views, equal hashes.
  uint64_t hash() const;
  const Member* find(MemberId mid) const;
  const Absorbed* find_absorbed(GroupId other) const;
  bool is_yielding() const { return yields.group != kNoGroup; }
  const Member* leader() const;  // the usable member with the lowest (join_seq, mid)
  bool operator==(const MemberView&) const = default;
};

}  // namespace understudy
