// SPDX-License-Identifier: Apache-2.0
// Quarantine: requests on which a member's connection broke run one at a time at each other member.
// One of them may be what ended the member (a query of death). If it ends the next one too, it was
// the only such request there: the others had only one member die, and may be sent again. Without
// it all of them would have been with both members, and would have to be given up as suspects.
// Made by server/ for all workers of the process; any thread.
//
//   Quarantine::Place place = quarantine.enter(address, now);
//   if (!place) ...  // another one is there: look again later
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/clock.h"

namespace understudy {

// A request that has run for so long has not ended its member at once: the next one may follow.
inline constexpr Duration kQuarantineTurn = std::chrono::milliseconds(250);
// No request waits longer for its turn, in all.
inline constexpr Duration kQuarantineWait = std::chrono::seconds(1);

class Quarantine final {
 public:
  // The right to run at a member; given back in the destructor.
  class Place final {
   public:
    Place() = default;
    Place(Place&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), ticket_(other.ticket_) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(of_, other.of_);
      std::swap(ticket_, other.ticket_);
      return *this;
    }
    ~Place() { reset(); }

    void reset() {
      if (of_ != nullptr) std::exchange(of_, nullptr)->leave(ticket_);
    }
    explicit operator bool() const { return of_ != nullptr; }

   private:
    friend class Quarantine;
    Place(Quarantine& of, uint64_t ticket) : of_(&of), ticket_(ticket) {}

    Quarantine* of_ = nullptr;  // outlives us
    uint64_t ticket_ = 0;
  };

  Quarantine() = default;
  Quarantine(const Quarantine&) = delete;

  // No place while another request has had that of this member for less than kQuarantineTurn.
  Place enter(const Address& member, TimePoint now);

 private:
  struct Taken {
    Address member;
    TimePoint since;
    uint64_t ticket;
  };

  void leave(uint64_t ticket);

  std::mutex mutex_;
  std::vector<Taken> taken_;  // at most one of a member
  uint64_t last_ticket_ = 0;
};

}  // namespace understudy
