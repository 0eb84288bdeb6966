// SPDX-License-Identifier: Apache-2.0
// Search: is there another group, founded apart, that this one has not become one with? Asked when
// a client names a session whose primary the view has never known (Q2): the seeds at which no
// member of the view is are asked for their view. Pure: its owner, Meeting, sends.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "backend_sdk/membership/view.h"
#include "base/address.h"
#include "base/clock.h"

namespace understudy {

class Search final {
 public:
  enum class Finding : uint8_t {
    kUnderWay,
    kNoOther,  // each address has answered, refused or been silent
    kOther,    // another group was heard of a short while ago
  };
  static constexpr size_t kAddressesMax = 32;
  static constexpr size_t kGroupsMax = 16;

  explicit Search(Duration interval) : interval_(interval) {}

  // False: one is under way already, and this question joins it.
  bool begin(const std::vector<Address>& addresses, TimePoint now);
  // It is no other group's: a process of ours, a foreign one, or none.
  void on_answered(const Address& address) { waited_for_.erase(address); }
  void on_other(GroupId group, const Address& address, TimePoint now);
  Finding finding(const MemberView& view, TimePoint now) const;

 private:
  struct Heard {
    TimePoint first;
    TimePoint last;
  };
  bool is_under_way(TimePoint now) const;

  const Duration interval_;  // T
  TimePoint began_{};
  std::set<Address> waited_for_;
  std::map<GroupId, Heard> others_;
};

}  // namespace understudy
