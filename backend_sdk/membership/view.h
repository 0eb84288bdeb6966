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

  Peer peer() const { return {mid, cluster_address}; }
  // Serves and stores: alive or merely suspected.
  bool is_usable() const { return liveness == Liveness::kAlive || liveness == Liveness::kSuspect; }
};

struct MemberView {
  uint32_t term = 0;            // +1 whenever another leader takes over
  uint32_t seq = 0;             // +1 per change within a term
  std::vector<Member> members;  // by join_seq; the dead and left stay for a while (tombstones)

  uint64_t version() const { return uint64_t{term} << 32 | seq; }
  uint64_t hash() const;  // over everything a proxy or member acts on; equal views, equal hashes
  const Member* find(MemberId mid) const;
  const Member* leader() const;  // the usable member with the lowest (join_seq, mid)
};

}  // namespace understudy
