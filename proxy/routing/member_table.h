// SPDX-License-Identifier: Apache-2.0
#pragma once

// The members of one cluster as one worker sees them: the configured ones (seeds) and those of the
// view in force. It finds members by every name they have and keeps the ring of those that take new
// sessions. It neither judges views (view_keeper.h does) nor chooses (affinity_choice.h does).
// Owned by a Cluster; worker thread only. Lookups and ring() allocate nothing.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "cookies/view_header.h"
#include "proxy/routing/member.h"

namespace understudy::routing {

// A member that the configuration names: an entry of BackendCluster, or a BalancerMember.
struct Seed {
  std::string address_text = {};
  Address address = {};  // resolved at start
  std::string name = {};
  std::string route = {};
  std::uint16_t weight = 100;
  OperatorState operator_state = OperatorState::kReady;
};

// What a view has changed. The caller ends the exchanges that wait for these members, closes their
// pools, and only then drops this value.
struct [[nodiscard]] ViewChange {
  std::vector<Member*> dead = {};                      // still listed, now dead or left
  std::vector<std::unique_ptr<Member>> vanished = {};  // no longer in the table

  bool is_empty() const { return dead.empty() && vanished.empty(); }
};

class MemberTable final {
 public:
  // Seeds beyond kMembersMax are a bug of the caller.
  MemberTable(const std::vector<Seed>& seeds, Duration skip_time);

  Member* by_mid(std::uint32_t mid) const;  // and by JVMID
  Member* by_route(std::string_view route) const;
  Member* by_address(std::string_view address_text) const;  // a living one before a dead one
  Member* by_serial(std::uint64_t serial) const;
  // All, in the order of their serials: seeds as configured, then as they came.
  std::span<const std::unique_ptr<Member>> members() const { return members_; }

  // Replaces what earlier views said, all at once. A member keeps its object, counters and slot
  // when its mid stays; a seed that had no mid takes the mid that the view gives its address; an
  // address with another mid than before is a new member. Seeds are never removed. Entries beyond
  // kMembersMax are left out.
  ViewChange apply(const ClusterView& view);
  // The view in force is no longer believed: back to the seeds.
  ViewChange forget_view();
  // For members whose address is a host's name. Applies to those with this address_text.
  void set_address(std::string_view address_text, const Address& address);
  // What a member said about itself (X-WebLogic-JVMID); only while it has no mid.
  void learn_mid(Member& member, std::uint32_t mid);

  void on_failure(Member& member, Failure failure, TimePoint now);
  void on_success(Member& member);
  // This exchange will try a member that failed before; others pass it by meanwhile.
  void begin_trial(Member& member, TimePoint now);

  // Members that take new sessions: alive, ready, not skipped. In the order of members(). Members
  // whose skip time is over return here.
  std::span<Member* const> ring(TimePoint now);
  // Changes whenever ring() does.
  std::uint64_t ring_version() const { return ring_version_; }

 private:
  Member& add(std::string address_text);
  void rebuild_index();
  void rebuild_ring(TimePoint now);
  Liveness placeless(const Member& seed) const;
  std::unique_ptr<Member> remove(std::size_t index);

  const Duration skip_time_;

  // State of the worker thread.
  std::vector<std::unique_ptr<Member>> members_;  // ascending by serial
  std::vector<std::uint32_t> free_slots_;
  std::vector<std::uint32_t> retired_slots_;  // free from the next change on
  std::uint64_t last_serial_ = 0;
  bool has_view_ = false;

  std::unordered_map<std::uint32_t, Member*> by_mid_;
  std::unordered_map<std::string_view, Member*> by_route_;
  std::unordered_map<std::string_view, Member*> by_address_;

  std::vector<Member*> ring_;
  std::uint64_t ring_version_ = 0;
  bool ring_is_stale_ = true;
  TimePoint next_return_ = TimePoint::max();  // of a skipped member into the ring
};

}  // namespace understudy::routing
