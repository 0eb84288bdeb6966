// SPDX-License-Identifier: Apache-2.0
#pragma once

// The SDK's session in the looks of other products, for balancers that know those: the signed
// native value with '~' for its dots stands where their session's id does. So every look is checked
// like the native one, and each of them is read whichever is written. Pure functions, any thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "cookies/affinity.h"

namespace understudy {

// `1~...` becomes `1~...!PRIMARY!SECONDARY` (kWeblogic) or `1~....ROUTE` (kRoute; without one, the
// id alone). kNative: as it is. Nothing when it cannot be written so.
struct SessionText {
  Dialect dialect = Dialect::kNative;
  std::string_view native;
  std::optional<std::uint32_t> primary = {};
  std::optional<std::uint32_t> secondary = {};
  std::string_view route = {};  // the primary's name
};
std::optional<AffinityText> write_session_text(const SessionText& session);

using NativeRoom = std::array<char, kNativeValueBytesMax>;
struct ReadSessionText {
  Dialect dialect = Dialect::kNative;  // of the look
  std::string_view native;             // into `value` or `room`; whether it is one, its codec says
};
ReadSessionText read_session_text(std::string_view value, NativeRoom& room);

}  // namespace understudy
