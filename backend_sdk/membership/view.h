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

  Peer peer() const { return {mid, cluster_address}; }
  // Serves and stores: alive or merely suspected.
  bool is_usable() const { return liveness == Liveness::kAlive || liveness == Liveness::kSuspect; }
  bool operator==(const Member&) const = default;
};

// Which group this is, the same for its whole life. Groups that meet merge into the older one.
struct GroupId {
  uint64_t founded_us = 0;  // the founder's wall clock; only ever compared with its like
  uint32_t id = 0;          // random; 0 is no group
  auto operator<=>(const GroupId&) const = default;
};

struct MemberView {
  GroupId group;
  uint32_t term = 0;            // +1 whenever another leader takes over
  uint32_t seq = 0;             // +1 per change; goes on from term to term
  std::vector<Member> members;  // by join_seq; the dead and left stay for a while (tombstones)

  uint64_t version() const { return uint64_t{term} << 32 | seq; }
  // Over everything a proxy or member acts on (a suspect counts as alive, the version not at all):
  // equal views, equal hashes.
  uint64_t hash() const;
  const Member* find(MemberId mid) const;
  const Member* leader() const;  // the usable member with the lowest (join_seq, mid)
  bool operator==(const MemberView&) const = default;
};

}  // namespace understudy
