// SPDX-License-Identifier: Apache-2.0
// Apart: an installation whose members start in two halves that cannot reach each other, each with
// its own proxies. So they found two groups, and both serve. When the cut is healed they are to
// become one. Waiting turns the loop. Loop thread only; the installation outlives it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "loadtest/installation.h"

namespace understudy::loadtest {

class Apart final {
 public:
  // Uses the installation's network; nothing has been added to it yet.
  explicit Apart(Installation& installation) : installation_(installation) {}

  // The first half of `members` members, and every second proxy beginning with the first, on one
  // side; the others on the other side. False: not in time.
  bool open(size_t members, const MemberOptions& member, size_t proxies, const ProxyOptions& proxy);
  // Begins; the commands end soon after.
  void heal();
  // All members know each other, as each of them says.
  bool is_one();
  const std::vector<std::string>& side(size_t index) const { return sides_[index]; }

 private:
  bool open_side(const std::vector<std::string>& names);
  bool cut(const std::string& host, const std::vector<std::string>& others);
  bool wait_for(const Network::Commands& commands);

  Installation& installation_;
  std::vector<std::string> sides_[2];  // members
  Network::Commands commands_;
};

}  // namespace understudy::loadtest
