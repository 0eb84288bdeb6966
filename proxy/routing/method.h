// SPDX-License-Identifier: Apache-2.0
// In which order members get the clients that have no session yet. A method sees only the members
// that take new sessions now; who those are is member_table's decision, what a cookie says is
// affinity_choice's. Owned by a Cluster; worker thread only.
#pragma once

#include <span>

namespace understudy::routing {

struct Member;

class Method {
 public:
  virtual ~Method() = default;

  // The members that may be chosen have changed; called before the next next(). The span is lent
  // for the call, the members live until the following call.
  virtual void set_members(std::span<Member* const> members) = 0;

  // The member whose turn it is; null when there are none. Constant time, no allocation.
  virtual Member* next() = 0;
};

}  // namespace understudy::routing
