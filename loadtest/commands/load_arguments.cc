// SPDX-License-Identifier: Apache-2.0
#include "loadtest/commands/load_arguments.h"

#include <fmt/core.h>

#include "conf/values.h"

namespace understudy::loadtest {

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
