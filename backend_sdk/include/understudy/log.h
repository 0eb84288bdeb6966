// SPDX-License-Identifier: Apache-2.0
// The log of the SDK, for applications that have one of their own. One per process, as the SDK's.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "understudy/export.h"

namespace understudy {

enum class Severity : std::uint8_t { kTrace, kDebug, kInfo, kNotice, kWarn, kError };

// From now on each line that LogLevel lets through goes to `writer` in place of ErrorLog; null: to
// ErrorLog again. `writer` is called by the thread that has something to say, so by several at
// once, and must not block. Lines are the messages alone: no time, no end of line.
UNDERSTUDY_API void set_log(std::function<void(Severity severity, std::string_view line)> writer);

// A line for the same log, of an adapter or the application; one that LogLevel lets not through is
// dropped. Any thread.
UNDERSTUDY_API void write_log(Severity severity, std::string_view line);

}  // namespace understudy
