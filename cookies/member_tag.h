// SPDX-License-Identifier: Apache-2.0
#pragma once

// A member as the proxy's own cookie (dialect insert) names it. A value; any thread.

#include <array>
#include <cstdint>

#include "cookies/keyring.h"

namespace understudy {

// Keyed, so that clients learn neither addresses nor how many members there are. 0 names none.
using MemberTag = std::uint64_t;
// Of one member, one for each key of the ring, zeros behind them: the first goes into new cookies,
// all are met in old ones. Never 0 for a key.
using MemberTags = std::array<MemberTag, kKeySlotsMax>;

}  // namespace understudy
