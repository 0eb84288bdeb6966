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
  // Why it is still joining, in words for the operator; empty: it only takes its time.
  void set_obstacle(const std::string& why);

  Readiness current() const;
  std::optional<Failure> wait(std::chrono::milliseconds at_most, Readiness least) const;

 private:
  void tell_manager(Readiness now, const std::string& status);
  std::string status() const;

  // Constant after construction.
  const std::string member_name_;
  const Readiness least_;
  const std::function<void(Readiness)> on_change_;

  bool is_manager_told_ = false;  // READY=1; the node's thread

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Readiness current_ = Readiness::kJoining;  // guarded by mutex_
  std::string obstacle_;                     // guarded by mutex_; empty but in kJoining
};

}  // namespace understudy
