// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <syslog.h>
#include <unistd.h>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "base/fd.h"
#include "base/piped_program.h"

namespace understudy {
namespace {

constexpr const char* kPattern = "[%Y-%m-%dT%H:%M:%S.%f%z] %v";
constexpr std::string_view kSyslog = "syslog";

constexpr std::array<std::string_view, 6> kNames = {"trace",  "debug", "info",
                                                    "notice", "warn",  "error"};

struct Facility {
  std::string_view name;
  int code;
};
constexpr std::array<Facility, 13> kFacilities = {{{"user", LOG_USER},
                                                   {"daemon", LOG_DAEMON},
                                                   {"auth", LOG_AUTH},
                                                   {"authpriv", LOG_AUTHPRIV},
                                                   {"syslog", LOG_SYSLOG},
                                                   {"local0", LOG_LOCAL0},
                                                   {"local1", LOG_LOCAL1},
                                                   {"local2", LOG_LOCAL2},
                                                   {"local3", LOG_LOCAL3},
                                                   {"local4", LOG_LOCAL4},
                                                   {"local5", LOG_LOCAL5},
                                                   {"local6", LOG_LOCAL6},
                                                   {"local7", LOG_LOCAL7}}};

// "syslog:facility:tag"; Apache's own default is local7.
std::optional<int> facility_of(std::string_view path) {
  path.remove_prefix(kSyslog.size());
  if (path.empty()) return LOG_LOCAL7;
  path.remove_prefix(1);
  const std::string_view name = path.substr(0, path.find(':'));
  if (name.empty()) return LOG_LOCAL7;
  for (const Facility& known : kFacilities) {
    if (known.name == name) return known.code;
  }
  return std::nullopt;
}

int priority_of(LogLevel level) {
  constexpr std::array<int, 6> kPriorities = {LOG_DEBUG,  LOG_DEBUG,   LOG_INFO,
                                              LOG_NOTICE, LOG_WARNING, LOG_ERR};
  return kPriorities[static_cast<size_t>(level)];
}

// One of a file, a program, syslog or standard error.
struct Output {
  std::shared_ptr<spdlog::sinks::sink> sink;  // of a file and of standard error
  std::optional<PipedProgram> program;
  std::optional<int> facility;

  void write(LogLevel level, const std::string& text);
};

using LogWriter = std::function<void(LogLevel, std::string_view)>;

struct Log {
  std::mutex mutex;
  Output output;                       // guarded by mutex
  std::string path;                    // guarded by mutex
  std::map<std::string, Output> more;  // by path; guarded by mutex
  std::string program = "understudy";  // guarded by mutex
  std::shared_ptr<const LogWriter> writer;  // guarded by mutex; may be null
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
  sink.set_pattern(kPattern);
}

}  // namespace

bool is_program(std::string_view path) {
  return path.starts_with('|');
}

bool is_syslog(std::string_view path) {
  return path == kSyslog || (path.starts_with(kSyslog) && path[kSyslog.size()] == ':');
}

std::string why_no_syslog(std::string_view path) {
  if (facility_of(path)) return {};
  std::string text = "syslog has no such facility; known are";
  for (const Facility& known : kFacilities) text += " " + std::string(known.name);
  return text;
}

namespace {

Result<Output> open_output(const std::string& path) {
  Output output;
  if (is_program(path)) {
    auto program = PipedProgram::open(path);
    if (!program) return std::move(program).error();
    output.program.emplace(*std::move(program));
    return output;
  }
  if (is_syslog(path)) {
    output.facility = facility_of(path).value_or(LOG_LOCAL7);
    return output;
  }
  if (path.empty() || path == "-") return output;
  // The sink would make the directories of a path that is mistyped.
  if (!Fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644))) {
    return Error{.code = ErrorCode::kSystem,
                 .detail = "cannot open the log '" + path + "': " + std::strerror(errno)};
  }
  try {
    output.sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
  } catch (const spdlog::spdlog_ex& failure) {
    return Error{.code = ErrorCode::kSystem,
                 .detail = "cannot open the log '" + path + "': " + failure.what()};
  }
  set_pattern(*output.sink);
  return output;
}

// A file may have been moved away; a program and syslog go on.
bool is_opened_again(const Output& output) {
  return !output.program && !output.facility;
}

}  // namespace

Result<void> open_log(const std::string& path, LogLevel level, std::string_view program) {
  Log& log = the_log();
  std::lock_guard lock(log.mutex);
  log.level = level;
  log.program = program;
  log.path = path;
  log.output = {};
  auto output = open_output(path);
  if (!output) return std::move(output).error();
  log.output = *std::move(output);
  return {};
}

Result<void> open_more_log(const std::string& path) {
  Log& log = the_log();
  std::lock_guard lock(log.mutex);
  if (log.more.contains(path)) return {};
  auto output = open_output(path);
  if (!output) return std::move(output).error();
  log.more.emplace(path, *std::move(output));
  return {};
}

void reopen_log() {
  Log& log = the_log();
  std::string failure;
  {
    std::lock_guard lock(log.mutex);
    const auto reopen = [&failure](const std::string& path, Output& output) {
      if (!is_opened_again(output)) return;
      auto opened = open_output(path);
      if (opened) {
        output.sink = std::move(opened->sink);
      } else {
        failure = opened.error().detail;
      }
    };
    reopen(log.path, log.output);
    for (auto& [path, output] : log.more) reopen(path, output);
  }
  if (!failure.empty()) log_line(LogLevel::kError, failure);
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

namespace {

// What a program does not take at once is lost; the proxy never waits for it.
bool write_to(int fd, std::string_view text) {
  return ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

void write_to_stderr(std::shared_ptr<spdlog::sinks::sink>& sink, const std::string& text) {
  if (!sink) {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    set_pattern(*sink);
  }
  sink->log(spdlog::details::log_msg("", spdlog::level::info, text));
  sink->flush();
}

}  // namespace

void Output::write(LogLevel level, const std::string& text) {
  if (facility) return ::syslog(*facility | priority_of(level), "%s", text.c_str());
  if (!program) return write_to_stderr(sink, text);
  spdlog::memory_buf_t line;
  spdlog::pattern_formatter formatter(kPattern);
  formatter.format(spdlog::details::log_msg("", spdlog::level::info, text), line);
  const std::string_view bytes(line.data(), line.size());
  if (write_to(program->fd(), bytes) || errno != EPIPE) return;
  if (program->start_again(SystemClock().now())) write_to(program->fd(), bytes);
}

void set_log_writer(std::function<void(LogLevel, std::string_view)> writer) {
  Log& log = the_log();
  std::lock_guard lock(log.mutex);
  log.writer = writer ? std::make_shared<const LogWriter>(std::move(writer)) : nullptr;
}

void log_line(LogLevel level, std::string_view line, const std::string& path) {
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
  const auto more = path.empty() ? log.more.end() : log.more.find(path);
  Output& output = more == log.more.end() ? log.output : more->second;
  output.write(level, fmt::format("[{}] [{}] {}", log.program, kNames[static_cast<size_t>(level)],
                                  printable(line)));
}

}  // namespace understudy
