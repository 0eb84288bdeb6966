// SPDX-License-Identifier: Apache-2.0
// RivalViews: which members have given us a view of another group than the one in force, and
// whether they are more than those that may still hold to ours. It only counts; view_keeper.h says
// what follows. Owned by a ViewKeeper; worker thread only; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>

#include "proxy/routing/member.h"

namespace understudy::routing {

class RivalViews final {
 public:
  // The last view that this member gave us was of that group, and not of ours.
  void add(const Member& member, std::uint64_t group) { group_of_[member.serial] = group; }
  // Or it was of ours.
  void remove(const Member& member) {
    if (!group_of_.empty()) group_of_.erase(member.serial);
  }
  void clear() { group_of_.clear(); }
  bool is_empty() const { return group_of_.empty(); }
  bool has(const Member& member) const { return group_of_.contains(member.serial); }

  // Alive in the view in force, not failing here, and not known to hold to another group. What we
  // have not heard from counts as ours.
  bool may_hold_to_ours(const Member& member) const;
  struct Count {
    std::size_t ours = 0;
    std::size_t theirs = 0;
  };
  // `speaker` is one of the members, and has just been heard: it does not fail.
  Count count(std::uint64_t group, std::span<const std::unique_ptr<Member>> members,
              const Member& speaker) const;

 private:
  std::unordered_map<std::uint64_t, std::uint64_t> group_of_;  // by the member's serial
};

}  // namespace understudy::routing
