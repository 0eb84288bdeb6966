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

// Where a log goes: a file; "-" or nothing, standard error; "|program", which reads the lines
// (piped_program.h); "syslog", "syslog:facility" or "syslog:facility:tag".
bool is_program(std::string_view path);
bool is_syslog(std::string_view path);
// Nothing wrong: empty; else why it is no such text.
std::string why_no_syslog(std::string_view path);

// Without a call nothing below kNotice is written, to stderr.
Result<void> open_log(const std::string& path, LogLevel level, std::string_view program);
// A second one of the same level, for those who log to its path: an error log of one virtual host.
// Open already: nothing happens.
Result<void> open_more_log(const std::string& path);
// Opens the files again after they were moved away (logrotate).
void reopen_log();
// "warn", "info" ...; kInvalid names the words that are known.
Result<LogLevel> parse_log_level(std::string_view text);
// Gets each line that is written, in place of the file, as the message alone; null: the file again.
// Called by the thread that writes, so by several at once. What it throws is dropped.
void set_log_writer(std::function<void(LogLevel, std::string_view)> writer);
bool log_enabled(LogLevel level);
// `path` is one that open_more_log() knows, else the log of the process gets the line.
void log_line(LogLevel level, std::string_view line, const std::string& path = {});

}  // namespace understudy

// LOG(kWarn, "member {} is {}", name, state)
#define LOG(level, ...)                                                                  \
  do {                                                                                   \
    if (::understudy::log_enabled(::understudy::LogLevel::level)) {                      \
      ::understudy::log_line(::understudy::LogLevel::level, ::fmt::format(__VA_ARGS__)); \
    }                                                                                    \
  } while (false)

// The same, in the log of this path.
#define LOG_TO(path, level, ...)                                                               \
  do {                                                                                         \
    if (::understudy::log_enabled(::understudy::LogLevel::level)) {                            \
      ::understudy::log_line(::understudy::LogLevel::level, ::fmt::format(__VA_ARGS__), path); \
    }                                                                                          \
  } while (false)
