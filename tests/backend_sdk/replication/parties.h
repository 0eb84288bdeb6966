// SPDX-License-Identifier: Apache-2.0
// The three of a channel in the tests of its ends, and the channel.
#pragma once

#include "backend_sdk/wire/ids.h"

namespace understudy {

inline constexpr MemberId kA = 1;  // the primary
inline constexpr MemberId kB = 2;  // the secondary
inline constexpr MemberId kW = 3;  // the witness
inline constexpr ChannelId kChannel = uint64_t{kA} << 32 | 1;

}  // namespace understudy
