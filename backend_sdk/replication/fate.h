// SPDX-License-Identifier: Apache-2.0
// Fate: what replication believes about another life. Suspicion changes nothing here: safety never
// depends on the detector, and a suspect may still answer. A value.
#pragma once

#include <cstdint>

namespace understudy {

enum class Fate : uint8_t {
  kUsable,  // in the view, alive or suspected
  kDead,    // the view says dead, or nobody has heard of it; it may still run somewhere
  kProven,  // its process is gone or has given up everything: left, refused, reborn (PROTOCOL 2.3)
};

}  // namespace understudy
