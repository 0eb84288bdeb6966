// SPDX-License-Identifier: Apache-2.0
// LogThrottle: lets one line of a kind through a second, and counts those that it holds back: a
// dead cluster must not fill the disk with what one line and a number say. Time is handed in. One
// thread.
//
//   if (const auto held = throttle.admit(now)) LOG(kWarn, "...{}", repeated(*held));
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"

namespace understudy {

class LogThrottle final {
 public:
  // How many lines were held back since the last one that was written; nothing: hold this one back.
  std::optional<uint64_t> admit(TimePoint now) {
    if (has_written_ && now - written_ < kInterval) {
      ++held_;
      return std::nullopt;
    }
    has_written_ = true;
    written_ = now;
    return std::exchange(held_, 0);
  }

 private:
  static constexpr std::chrono::seconds kInterval{1};

  bool has_written_ = false;
  TimePoint written_{};
  uint64_t held_ = 0;
};

// For the end of the line.
inline std::string repeated(uint64_t held) {
  return held == 0 ? std::string() : " (and " + std::to_string(held) + " more such lines)";
}

}  // namespace understudy
