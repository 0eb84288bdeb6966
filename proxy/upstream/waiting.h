// SPDX-License-Identifier: Apache-2.0
// Who waits for a member's answer, or in a queue for a connection to it, oldest first: an intrusive
// list, so that joining and leaving cost a few stores. Owned by the member's connections; worker
// thread only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace understudy {

class WaitingList;

// An exchange, from the moment it asks a member until the response's head is there. Destroying it
// leaves the list.
class Waiter {
 public:
  virtual ~Waiter() { leave(); }
  // A view says that the member is dead or left. Has left the list already.
  virtual void on_member_gone() = 0;
  // In a queue: it is its turn, and the member of this serial has room. Has left the list already.
  virtual void on_room(std::uint64_t serial) = 0;

  bool is_waiting() const { return list_ != nullptr; }
  TimePoint waiting_since() const { return since_; }
  void leave();

 protected:
  Waiter() = default;
  Waiter(const Waiter&) = delete;

 private:
  friend class WaitingList;
  WaitingList* list_ = nullptr;
  Waiter* next_ = nullptr;
  Waiter* previous_ = nullptr;
  TimePoint since_{};
};

class WaitingList final {
 public:
  // `total`, where given, counts the waiters of several lists; it outlives this one.
  explicit WaitingList(std::size_t* total = nullptr) : total_(total) {}
  ~WaitingList();
  WaitingList(const WaitingList&) = delete;

  void join(Waiter& waiter, TimePoint now);
  bool is_empty() const { return first_ == nullptr; }
  Waiter* oldest() { return first_; }
  // Calls on_member_gone for each that waits now; those that join meanwhile stay. Returns how many.
  std::size_t dismiss_all();

 private:
  friend class Waiter;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
  std::size_t* const total_;
};

}  // namespace understudy
