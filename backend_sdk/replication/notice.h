// SPDX-License-Identifier: Apache-2.0
// Notice: a word that must arrive, however long a link is cut: said at once, then after pauses that
// double up to eight times the first, until the other member says that it has heard it, or until it
// matters no more. Pure; part of a channel, which sends.
#pragma once

#include <algorithm>

#include "base/clock.h"

namespace understudy {

class Notice final {
 public:
  static constexpr int kPausesMax = 8;  // a link that heals is used soon

  void begin(TimePoint now, Duration pause, TimePoint until) {
    if (is_begun_) return;
    is_begun_ = true;
    at_ = now;
    pause_ = pause;
    pause_max_ = kPausesMax * pause;
    until_ = until;
  }
  bool is_begun() const { return is_begun_; }
  bool is_over() const { return is_begun_ && at_ == TimePoint::max(); }
  void on_heard() {
    if (is_begun_) at_ = TimePoint::max();
  }
  // True: to be said now.
  bool take(TimePoint now) {
    if (now < at_) return false;
    at_ = now + pause_ <= until_ ? now + pause_ : TimePoint::max();
    pause_ = std::min(2 * pause_, pause_max_);
    return true;
  }
  TimePoint wake_at() const { return at_; }

 private:
  bool is_begun_ = false;
  TimePoint at_ = TimePoint::max();
  Duration pause_{};
  Duration pause_max_{};
  TimePoint until_{};
};

}  // namespace understudy
