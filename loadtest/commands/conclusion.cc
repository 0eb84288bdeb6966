// SPDX-License-Identifier: Apache-2.0
#include "loadtest/commands/conclusion.h"

#include <fmt/core.h>

#include <cstdio>
#include <ctime>
#include <filesystem>

#include "loadtest/commands/load_arguments.h"
#include "loadtest/process.h"

namespace understudy::loadtest {
namespace {

Result<void> write_report(const std::string& directory, const Report& report) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return invalid(fmt::format("--out '{}': {}", directory, error.message()));
  write_file(directory + "/summary.txt", to_text(report));
  write_file(directory + "/result.json", to_json(report));
  write_file(directory + "/report.html", to_html(report));
  fmt::print(stderr, "report: {}/report.html\n", directory);
  return {};
}

}  // namespace

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text;
}

std::string own_directory() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

std::string peers_directory() {
  const std::filesystem::path installed =
      std::filesystem::path(own_directory()) / UNDERSTUDY_PEERS_INSTALLED;
  if (std::filesystem::exists(installed)) return installed.lexically_normal().string();
  return UNDERSTUDY_PEERS;
}

Result<void> has_programs(const Installation& installation) {
  for (const char* name : {"understudy", "counter"}) {
    if (std::filesystem::exists(installation.program(name))) continue;
    return Error{.code = ErrorCode::kUnavailable,
                 .detail = fmt::format("{} is missing; it is built beside this program",
                                       installation.program(name))};
  }
  return {};
}

int fail(const Error& error, int status) {
  fmt::print(stderr, "loadtest: {}\n", error.detail);
  return status;
}

void Progress::on_turn() {
  const Duration elapsed = load_.elapsed();
  if (elapsed < next_) return;
  next_ = elapsed + every_;
  const Timeline& timeline = load_.timeline();
  fmt::print(stderr,
             "{:7.1f} s  {} started  {} answered  {} failed  median {:.2f} ms  longest {:.1f} ms\n",
             std::chrono::duration<double>(elapsed).count(), timeline.started(),
             timeline.succeeded(), timeline.failed(),
             std::chrono::duration<double, std::milli>(timeline.latencies().percentile(50)).count(),
             std::chrono::duration<double, std::milli>(timeline.latencies().longest()).count());
}

int conclude(Report report, const std::string& out) {
  report.date = utc_now();
  std::fputs(to_text(report).c_str(), stdout);
  if (!out.empty()) {
    if (auto written = write_report(out, report); !written) return fail(written.error());
  }
  return is_good(report) ? 0 : kFailed;
}

}  // namespace understudy::loadtest
