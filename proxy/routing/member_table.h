// SPDX-License-Identifier: Apache-2.0
// The members of one cluster as one worker sees them: the configured ones (seeds) and those of the
// view in force. It finds members by every name they have and sorts them by how far they are to be
// trusted with a new session. It neither judges views (view_keeper.h does) nor chooses
// (affinity_choice.h does). Owned by a Cluster; worker thread only. Lookups allocate nothing.
#pragma once

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
#include "cookies/affinity.h"
#include "cookies/view_header.h"
#include "proxy/config/balancing.h"
#include "proxy/routing/member.h"

namespace understudy::routing {

// A member that the configuration names: an entry of BackendCluster, or a BalancerMember.
struct Seed {
  std::string address_text = {};
  Address address = {};  // resolved at start
  std::vector<Address> more_addresses = {};
  std::string name = {};
  std::string route = {};
  std::string redirect = {};  // the route of the member that takes its place
  std::uint16_t weight = 100;
  OperatorOrder order = {};  // status=D, status=N
  bool is_standby = false;   // status=H
  bool is_checked = true;    // false: it has no health check, though others of its cluster may
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
  struct Options {
    Duration skip_time = std::chrono::seconds(10);
    std::size_t members_max = kMembersMax;  // never above kMembersMax, never below the seeds
    Duration slow_start = {};               // SlowStart; 0: none
    config::Ejection ejection = {};
    bool is_checked = false;  // a member unknown to the view is not good before its first check
    const AffinityCodec* tags = nullptr;  // names members for dialect insert; outlives the table
  };
  MemberTable(const std::vector<Seed>& seeds, const Options& options);

  Member* by_mid(std::uint32_t mid) const;  // and by JVMID
  Member* by_route(std::string_view route) const;
  Member* by_tag(MemberTag tag) const;                      // dialect insert; of any key
  Member* by_address(std::string_view address_text) const;  // a living one before a dead one
  Member* by_serial(std::uint64_t serial) const;
  // All, in the order of their serials: seeds as configured, then as they came.
  std::span<const std::unique_ptr<Member>> members() const { return members_; }

  bool has_view() const { return has_view_; }
  // Replaces what earlier views said, all at once. A member keeps its object, counters and slot
  // while its mid and address stay. A seed that had no mid takes the one that the view gives its
  // address; an address with another mid than before is a new member, also in place of the old
  // seed. No seed is ever without a member. Entries beyond members_max are left out.
  ViewChange apply(const ClusterView& view, TimePoint now);
  // For members whose address is a host's name. Applies to those with this address_text. The one in
  // use stays as long as it is among them; `addresses` is not empty.
  void set_addresses(std::string_view address_text, std::span<const Address> addresses);
  // What a member said about itself (X-WebLogic-JVMID): a process that was started again has
  // another id than before. One that another member has is not taken.
  void learn_mid(Member& member, std::uint32_t mid);

  // By address, also of members that come later. Nothing: as the configuration says. At most
  // kMembersMax orders are remembered.
  void set_order(std::string_view address_text, const std::optional<OperatorOrder>& order,
                 TimePoint now);
  // What the process's health check says. True when a member has changed by it.
  bool set_checked(std::string_view address_text, Checked checked, TimePoint now);

  void on_failure(Member& member, Failure failure, TimePoint now);
  // It answered 502 or 504.
  void on_bad_answer(Member& member, TimePoint now);
  void on_success(Member& member, TimePoint now);
  // This exchange will try a member that failed before; others pass it by meanwhile.
  void begin_trial(Member& member, TimePoint now);

  // The members by how good they are for a new session, each in the order of members(). A member
  // whose skip time is over comes back by itself; hence `now`.
  struct Rings {
    std::vector<Member*> good;         // alive, ready, not skipped; else the standbys that are
    std::vector<Member*> doubtful;     // ready, but suspect, skipped, ejected or not yet checked
    std::vector<Member*> failing;      // ready, but the health check says that they do not work
    std::vector<Member*> last_resort;  // seeds that are dead, left or unlisted in the view
  };
  const Rings& rings(TimePoint now);
  // Whether no member can be asked before an operator orders so.
  bool waits_for_orders() const;
  // Whether it would stand in rings().good, or among the standbys.
  bool is_good(const Member& member, TimePoint now) const;
  // Changes with rings(), which also sets the shares.
  std::uint64_t rings_version() const { return rings_version_; }
  // Something has changed since rings() was called; the members that it named may be gone.
  bool rings_are_stale() const { return rings_are_stale_; }

 private:
  Member& add(const Seed& seed);
  void update(Member& member, const ViewEntry& entry, TimePoint now);
  void settle(Member& member);
  void begin_ramp(Member& member, TimePoint begin);
  void set_share(Member& member, TimePoint now);
  void consider_ejection(Member& member, TimePoint now);
  void sort(Member& member, TimePoint now);
  void move_out(const ClusterView& view, ViewChange& change);
  void restore_seeds();
  Member* seed_without_mid(const ViewEntry& entry) const;
  const Seed* seed_of(const Member& member) const;
  void rebuild_index();
  void rebuild_rings(TimePoint now);

  const std::vector<Seed> seeds_;
  const Options options_;

  // State of the worker thread.
  std::vector<std::unique_ptr<Member>> members_;  // ascending by serial
  std::vector<std::uint32_t> free_slots_;         // below slots_used_
  std::vector<std::uint32_t> retired_slots_;      // free from the next change on
  std::uint32_t slots_used_ = 0;
  std::uint64_t last_serial_ = 0;
  bool has_view_ = false;

  std::unordered_map<std::uint32_t, Member*> by_mid_;
  std::unordered_map<std::string_view, Member*> by_route_;
  std::unordered_map<MemberTag, Member*> by_tag_;  // empty but in dialect insert
  std::unordered_map<std::string_view, Member*> by_address_;

  std::unordered_map<std::string, OperatorOrder> orders_;  // by address text
  std::unordered_map<std::string, Checked> checks_;        // by address text

  Rings rings_;
  std::vector<Member*> standby_;  // of the last sorting
  std::uint64_t rings_version_ = 0;
  bool rings_are_stale_ = true;
  TimePoint next_return_ = TimePoint::max();  // of a skipped member, or a step of a ramp
};

}  // namespace understudy::routing
