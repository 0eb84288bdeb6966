// SPDX-License-Identifier: Apache-2.0
// ReadinessBoard: how far a node is, and who wants to know: threads that wait, the application's
// hook, the service manager. Owned by Node::Running. set() on the node's thread, the rest on any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "backend_sdk/membership/view.h"
#include "understudy/node.h"

namespace understudy {

// Of a member that knows `view` and is in it when `is_admitted`.
Readiness readiness_of(const MemberView& view, MemberId self, bool is_admitted);

class ReadinessBoard final {
 public:
  // `least`: from then on it serves, and the service manager hears that it is ready.
  ReadinessBoard(std::string member_name, Readiness least,
                 std::function<void(Readiness)> on_change);

  // Nothing follows kLeaving.
  void set(Readiness now);

  Readiness current() const;
  std::optional<Failure> wait(std::chrono::milliseconds at_most, Readiness least) const;

 private:
  void tell_manager(Readiness now);

  // Constant after construction.
  const std::string member_name_;
  const Readiness least_;
  const std::function<void(Readiness)> on_change_;

  bool is_manager_told_ = false;  // READY=1; the node's thread

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Readiness current_ = Readiness::kJoining;  // guarded by mutex_
};

}  // namespace understudy
