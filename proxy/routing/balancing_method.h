// SPDX-License-Identifier: Apache-2.0
// In which order members get the clients that have no session yet. A method sees only the members
// that take new sessions now; who those are is member_table's decision, what a cookie says is
// affinity_choice's. Owned by a Cluster; worker thread only.
//
// This is where a method of one's own goes: implement the interface, and name it in methods.cc and
// in config::MethodName. Weight, ramps of SlowStart and what the operator wants have been worked
// into Member::share already, so a method that goes by share honours them all.
#pragma once

#include <span>

namespace understudy::routing {

struct Member;

class BalancingMethod {
 public:
  virtual ~BalancingMethod() = default;

  // The members that may be chosen, or their shares, have changed; called before the next next().
  // The span is lent for the call, the members live until the following call.
  virtual void set_members(std::span<Member* const> members) = 0;

  // The member whose turn it is; null when there are none. Constant time (or that of a small heap),
  // no allocation.
  virtual Member* next() = 0;

  // Whether on_busy is to be called.
  virtual bool heeds_busy() const { return false; }
  // Member::busy of one of the members has changed. Not called for others.
  virtual void on_busy(const Member&) {}
};

}  // namespace understudy::routing
