// SPDX-License-Identifier: Apache-2.0
#include "loadtest/commands/load_arguments.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "conf/values.h"

namespace understudy::loadtest {

void add_load_options(CLI::App& app, LoadArguments& load) {
  app.add_option("--rate", load.rate,
                 "requests per second, or a curve: 0s:100,10s:1000 (at its end :repeat), "
                 "sine:100-1000/30s, burst:100-1000/30s/2s")
      ->capture_default_str();
  app.add_option("--duration", load.duration, "how long requests are started")
      ->capture_default_str();
  app.add_flag("--poisson", load.poisson, "arrivals as a Poisson process instead of evenly");
  app.add_option("--seed", load.seed, "of the arrivals")->capture_default_str();
  app.add_option("--sessions", load.sessions, "clients, each with its own cookies")
      ->capture_default_str()
      ->check(CLI::Range(size_t{1}, size_t{1'000'000}));
  app.add_option("--visit", load.requests_per_visit,
                 "requests of a client one after the other; the rate starts visits then")
      ->capture_default_str()
      ->check(CLI::Range(size_t{1}, size_t{1'000'000}));
  app.add_option("--think-time", load.think_time, "between two requests of a visit")
      ->capture_default_str();
  app.add_option("--post-share", load.post_share, "the share of POST; the others are GET")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--body", load.body_bytes, "bytes of a POST's body")->capture_default_str();
  app.add_flag("--fresh", load.fresh, "a connection for each request");
  app.add_option("--timeout", load.timeout, "how long an answer may take")->capture_default_str();
  app.add_option("--interval", load.interval, "of the plot over time")->capture_default_str();
  app.add_option("--out", load.out, "folder for result.json, report.html and summary.txt");
}

Error invalid(std::string detail) {
  return {.code = ErrorCode::kInvalid, .detail = std::move(detail)};
}

Result<Duration> parse_time(std::string_view option, const std::string& text, bool may_be_zero) {
  const auto parsed = conf::parse_duration(text, conf::TimeUnit::kSeconds);
  if (parsed && (may_be_zero || parsed->count() > 0)) return Duration(*parsed);
  return invalid(fmt::format("{} '{}': a time is wanted, as in 500ms, 10s or 5m", option, text));
}

Result<SessionLoadOptions> session_load_options(const LoadArguments& load) {
  SessionLoadOptions options;
  auto curve = parse_curve(load.rate);
  if (!curve) return std::move(curve).error();
  const auto duration = parse_time("--duration", load.duration, false);
  if (!duration) return duration.error();
  const auto think = parse_time("--think-time", load.think_time, true);
  if (!think) return think.error();
  const auto timeout = parse_time("--timeout", load.timeout, false);
  if (!timeout) return timeout.error();
  const auto interval = parse_time("--interval", load.interval, false);
  if (!interval) return interval.error();
  options.sessions = load.sessions;
  options.schedule.arrivals = {
      .curve = *std::move(curve),
      .spacing = load.poisson ? Arrivals::Spacing::kPoisson : Arrivals::Spacing::kEven,
      .seed = load.seed};
  options.schedule.duration = *duration;
  options.post_share = load.post_share;
  options.body_bytes = load.body_bytes;
  options.requests_per_visit = load.requests_per_visit;
  options.think_time = *think;
  options.interval = *interval;
  options.client.keep_alive = !load.fresh;
  options.client.timeout = *timeout;
  return options;
}

}  // namespace understudy::loadtest
