// SPDX-License-Identifier: Apache-2.0
// ReplayWindow: which counters of one sender were seen already: everything at or below the highest
// minus 1,024 is old, what lies between is remembered bit by bit (RFC 4303 appendix A2). Pure.
#pragma once

#include <bitset>
#include <cstdint>

namespace understudy {

class ReplayWindow final {
 public:
  static constexpr uint64_t kSize = 1024;

  // True once for each counter above 0 that is not too old. Ask only about authentic datagrams.
  bool accept(uint64_t counter);

 private:
  uint64_t highest_ = 0;
  std::bitset<kSize> seen_;  // by counter modulo kSize
};

}  // namespace understudy
