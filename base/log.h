// SPDX-License-Identifier: Apache-2.0
// The error log: one line of text with time, level and thread. Apache's levels. Set up once by
// main; any thread writes. Not the access log, and never on the path of a request that goes well.
#pragma once

#include <fmt/core.h>

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy {

enum class LogLevel { kTrace, kDebug, kInfo, kNotice, kWarn, kError };

// `path` "-" or empty: standard error. Without a call nothing below kNotice is written, to stderr.
Result<void> open_log(const std::string& path, LogLevel level, std::string_view program);
// Opens the file again after it was moved away (logrotate).
void reopen_log();
// "warn", "info" ...; kInvalid names the words that are known.
Result<LogLevel> parse_log_level(std::string_view text);
// Gets each line that is written, in place of the file, as the message alone; null: the file again.
// Called by the thread that writes, so by several at once. What it throws is dropped.
void set_log_writer(std::function<void(LogLevel, std::string_view)> writer);
bool log_enabled(LogLevel level);
void log_line(LogLevel level, std::string_view line);

}  // namespace understudy

// LOG(kWarn, "member {} is {}", name, state)
#define LOG(level, ...)                                                                  \
  do {                                                                                   \
    if (::understudy::log_enabled(::understudy::LogLevel::level)) {                      \
      ::understudy::log_line(::understudy::LogLevel::level, ::fmt::format(__VA_ARGS__)); \
    }                                                                                    \
  } while (false)
