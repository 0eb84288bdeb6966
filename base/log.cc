// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>

namespace understudy {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"trace",  "debug", "info",
                                                    "notice", "warn",  "error"};

using LogWriter = std::function<void(LogLevel, std::string_view)>;

struct Log {
  std::mutex mutex;
  std::shared_ptr<spdlog::sinks::sink> sink;                // guarded by mutex
  std::shared_ptr<spdlog::sinks::basic_file_sink_mt> file;  // guarded by mutex; may be null
  std::string path;                                         // guarded by mutex
  std::string program = "understudy";                       // guarded by mutex
  std::shared_ptr<const LogWriter> writer;                  // guarded by mutex; may be null
  std::atomic<LogLevel> level{LogLevel::kNotice};
};

// The one process-wide object: a log is where a process speaks, not something it owns.
Log& the_log() {
  static Log* log = new Log;
  return *log;
}

// Control bytes from outside must not forge lines or drive a terminal.
std::string printable(std::string_view line) {
  std::string out;
  out.reserve(line.size());
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

void set_pattern(spdlog::sinks::sink& sink) {
  sink.set_pattern("[%Y-%m-%dT%H:%M:%S.%f%z] %v");
}

}  // namespace

Result<void> open_log(const std::string& path, LogLevel level, std::string_view program) {
  Log& log = the_log();
  std::lock_guard lock(log.mutex);
  log.level = level;
  log.program = program;
  log.path = path;
  log.file = nullptr;
  log.sink = nullptr;
  if (path.empty() || path == "-") return {};
  try {
    log.file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
  } catch (const spdlog::spdlog_ex& failure) {
    return Error{.code = ErrorCode::kSystem,
                 .detail = "cannot open the log '" + path + "': " + failure.what()};
  }
  set_pattern(*log.file);
  log.sink = log.file;
  return {};
}

void reopen_log() {
  Log& log = the_log();
  std::string path;
  std::string program;
  {
    std::lock_guard lock(log.mutex);
    path = log.path;
    program = log.program;
  }
  if (auto opened = open_log(path, log.level, program); !opened) {
    log_line(LogLevel::kError, opened.error().detail);
  }
}

Result<LogLevel> parse_log_level(std::string_view text) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (text == kNames[i]) return static_cast<LogLevel>(i);
  }
  return Error{.code = ErrorCode::kInvalid,
               .detail = "'" + std::string(text) +
                         "' is no log level; known are trace, debug, info, notice, warn, error"};
}

bool log_enabled(LogLevel level) {
  return level >= the_log().level.load(std::memory_order_relaxed);
}

void set_log_writer(std::function<void(LogLevel, std::string_view)> writer) {
  Log& log = the_log();
  std::lock_guard lock(log.mutex);
  log.writer = writer ? std::make_shared<const LogWriter>(std::move(writer)) : nullptr;
}

void log_line(LogLevel level, std::string_view line) {
  Log& log = the_log();
  std::unique_lock lock(log.mutex);
  if (const auto writer = log.writer) {
    lock.unlock();  // it may log, or replace itself
    try {
      (*writer)(level, printable(line));
    } catch (...) {  // there is no place left to tell it
    }
    return;
  }
  if (!log.sink) {
    log.sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    set_pattern(*log.sink);
  }
  const std::string text =
      fmt::format("[{}] [{}] {}", log.program, kNames[static_cast<size_t>(level)], printable(line));
  log.sink->log(spdlog::details::log_msg("", spdlog::level::info, text));
  log.sink->flush();
}

}  // namespace understudy
