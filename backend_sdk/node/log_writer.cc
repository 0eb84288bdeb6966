// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "base/log.h"
#include "understudy/log.h"

namespace understudy {

static_assert(static_cast<int>(Severity::kError) == static_cast<int>(LogLevel::kError));

void set_log(std::function<void(Severity severity, std::string_view line)> writer) {
  if (!writer) return set_log_writer(nullptr);
  set_log_writer([writer = std::move(writer)](LogLevel level, std::string_view line) {
    writer(static_cast<Severity>(level), line);
  });
}

void write_log(Severity severity, std::string_view line) {
  const auto level = static_cast<LogLevel>(severity);
  if (log_enabled(level)) log_line(level, line);
}

}  // namespace understudy
