// SPDX-License-Identifier: Apache-2.0
// QuietLog: lets one line for each peer through in a minute, so that a wrong key or a foreign
// cluster is told clearly and does not fill the disk. Pure; the caller writes the line.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"

namespace understudy {

class QuietLog final {
 public:
  static constexpr size_t kPeersMax = 1024;  // beyond, all are forgotten at once
  static constexpr Duration kSilence = std::chrono::minutes(1);

  bool may_write(const std::string& peer, TimePoint now);

 private:
  std::map<std::string, TimePoint> written_;
};

}  // namespace understudy
