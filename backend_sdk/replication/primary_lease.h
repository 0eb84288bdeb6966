// SPDX-License-Identifier: Apache-2.0
// PrimaryLease: until when the primary of a channel may answer reads, and until when the secondary
// cannot have begun to claim (PROTOCOL 2.2). Both count from the moment at which a frame was sent
// that is acknowledged. Pure. Owned by PrimaryChannel.
#pragma once

#include <algorithm>

#include "base/clock.h"

namespace understudy {

class PrimaryLease final {
 public:
  explicit PrimaryLease(Duration length) : length_(length) {}

  Duration length() const { return length_; }

  // The secondary's grace begins with its first grant, which comes after the OPEN.
  void on_open(TimePoint now) { unclaimed_until_ = now + length_; }
  void renew(TimePoint sent_at) {
    end_ = std::max(end_, sent_at + length_);
    unclaimed_until_ = std::max(unclaimed_until_, end_);
  }
  void end() { end_ = TimePoint{}; }
  // GRANT: the primary stops before the secondary starts, which may claim from now on.
  void give_up(TimePoint now) {
    end();
    granted_at_ = now;
  }

  bool is_valid(TimePoint read) const { return read < end_; }
  bool is_given_up() const { return granted_at_ != TimePoint::max(); }
  TimePoint granted_at() const { return granted_at_; }
  // False: the secondary cannot have begun to claim yet.
  bool may_be_claimed(TimePoint now) const {
    return now >= std::min(unclaimed_until_, granted_at_);
  }
  // Until then no other member can have taken the channel over.
  TimePoint last_certain() const { return std::min(granted_at_, unclaimed_until_ - length_); }

 private:
  const Duration length_;
  TimePoint end_{};
  TimePoint unclaimed_until_{};
  TimePoint granted_at_ = TimePoint::max();
};

}  // namespace understudy
