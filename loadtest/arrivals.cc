// SPDX-License-Identifier: Apache-2.0
#include "loadtest/arrivals.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

#include "base/check.h"
#include "conf/values.h"

namespace understudy::loadtest {
namespace {

constexpr double kRateMax = 1e7;
constexpr int kSineSteps = 64;  // straight lines that make a swing
constexpr Duration kWaveShortest = std::chrono::milliseconds(100);
constexpr Duration kEdge = std::chrono::milliseconds(1);  // how steep a burst begins

double to_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

Error invalid(std::string_view part, std::string_view why) {
  return {.code = ErrorCode::kInvalid, .detail = fmt::format("rate '{}': {}", part, why)};
}

bool parse_rate(std::string_view text, double& rate) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
  return error == std::errc() && end == text.data() + text.size() && rate >= 0 && rate <= kRateMax;
}

bool has_rate(const RateCurve& curve) {
  return std::any_of(curve.points.begin(), curve.points.end(),
                     [](const RatePoint& point) { return point.requests_per_second > 0; });
}

// "sine:LOW-HIGH/PERIOD" or "burst:LOW-HIGH/PERIOD/LENGTH", in points.
Result<RateCurve> parse_wave(std::string_view text, bool is_burst) {
  const std::string_view example =
      is_burst ? "wanted is LOW-HIGH/PERIOD/LENGTH, as in burst:100-1000/30s/2s"
               : "wanted is LOW-HIGH/PERIOD, as in sine:100-1000/30s";
  const std::string_view body = text.substr(text.find(':') + 1);
  const size_t dash = body.find('-');
  const size_t slash = std::min(body.find('/'), body.size());
  const size_t second = std::min(body.find('/', slash + 1), body.size());
  double low = 0;
  double high = 0;
  if (dash >= slash || !parse_rate(body.substr(0, dash), low) ||
      !parse_rate(body.substr(dash + 1, slash - dash - 1), high) || slash == body.size() ||
      (second < body.size()) != is_burst) {
    return invalid(text, example);
  }
  const auto period =
      conf::parse_duration(body.substr(slash + 1, second - slash - 1), conf::TimeUnit::kSeconds);
  if (!period || *period < kWaveShortest) return invalid(text, "a period is at least 100ms");
  if (low > high || high <= 0) return invalid(text, "LOW is at most HIGH, and HIGH above 0");
  RateCurve curve{.points = {}, .period = *period};
  if (!is_burst) {
    for (int step = 0; step <= kSineSteps; ++step) {
      const double turn = 2 * std::numbers::pi * step / kSineSteps;
      curve.points.push_back(
          {.at = *period * step / kSineSteps,
           .requests_per_second = low + (high - low) * (1 - std::cos(turn)) / 2});
    }
    return curve;
  }
  const auto length = conf::parse_duration(body.substr(second + 1), conf::TimeUnit::kSeconds);
  if (!length || *length < kEdge * 2 || *length + kEdge > *period) {
    return invalid(text, "a burst is at least 2ms long and shorter than the period");
  }
  const Duration begin = *period - *length;
  curve.points = {{.at = Duration{}, .requests_per_second = low},
                  {.at = begin, .requests_per_second = low},
                  {.at = begin + kEdge, .requests_per_second = high},
                  {.at = *period, .requests_per_second = high}};
  return curve;
}

}  // namespace

Result<RateCurve> parse_curve(std::string_view text) {
  if (text.starts_with("sine:")) return parse_wave(text, false);
  if (text.starts_with("burst:")) return parse_wave(text, true);
  RateCurve curve;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    begin = end + 1;
    if (curve.period.count() > 0) return invalid(part, "nothing comes after repeat");
    const size_t colon = part.find(':');
    RatePoint point;
    std::string_view rate = part;
    if (colon != std::string_view::npos) {
      const auto at = conf::parse_duration(part.substr(0, colon), conf::TimeUnit::kSeconds);
      if (!at) return invalid(part, "before the colon a time is wanted, as in 10s:500");
      point.at = *at;
      rate = part.substr(colon + 1);
    } else if (text.find(',') != std::string_view::npos) {
      return invalid(part, "with more than one point each has a time, as in 0s:100,10s:500");
    }
    if (!curve.points.empty() && point.at <= curve.points.back().at) {
      return invalid(part, "each point comes after the one before it");
    }
    if (rate == "repeat" && !curve.points.empty()) {
      curve.period = point.at;
      continue;
    }
    if (!parse_rate(rate, point.requests_per_second)) {
      return invalid(part, "requests per second from 0 to 10000000 are wanted");
    }
    curve.points.push_back(point);
  }
  if (curve.period.count() == 0 && curve.points.back().requests_per_second <= 0) {
    return invalid(text, "the last rate stays for the rest of the run and cannot be 0");
  }
  if (!has_rate(curve)) return invalid(text, "some rate has to be above 0");
  return curve;
}

Arrivals::Arrivals(const Options& options) : options_(options), random_(options.seed) {
  CHECK(!options_.curve.points.empty() && has_rate(options_.curve));
  if (options_.curve.period.count() > 0) {
    period_requests_ = requests_in_first_run_until(to_seconds(options_.curve.period));
  }
}

double Arrivals::requests_until(double seconds) const {
  const double period = to_seconds(options_.curve.period);
  if (period == 0) return requests_in_first_run_until(seconds);
  const double runs = std::floor(seconds / period);
  return runs * period_requests_ + requests_in_first_run_until(seconds - runs * period);
}

// Requests up to `seconds`: the area under the curve, which starts flat and ends flat.
double Arrivals::requests_in_first_run_until(double seconds) const {
  const auto& curve = options_.curve.points;
  double area = curve.front().requests_per_second * std::min(seconds, to_seconds(curve.front().at));
  for (size_t index = 0; index + 1 < curve.size(); ++index) {
    const double begin = to_seconds(curve[index].at);
    if (seconds <= begin) return area;
    const double length = to_seconds(curve[index + 1].at) - begin;
    const double passed = std::min(seconds - begin, length);
    const double rise =
        (curve[index + 1].requests_per_second - curve[index].requests_per_second) / length;
    area += curve[index].requests_per_second * passed + rise * passed * passed / 2;
  }
  const double tail = seconds - to_seconds(curve.back().at);
  return tail > 0 ? area + curve.back().requests_per_second * tail : area;
}

Duration Arrivals::next() {
  // Uniform in (0, 1]; its logarithm makes the gaps of a Poisson process of rate one.
  const auto uniform = static_cast<double>((random_.next() >> 11) + 1) * 0x1p-53;
  due_ += options_.spacing == Spacing::kPoisson ? -std::log(uniform) : is_first_ ? 0 : 1;
  is_first_ = false;
  double low = reached_;
  double high = reached_ + 1e-3;
  while (requests_until(high) < due_) high = reached_ + (high - reached_) * 2;
  for (int step = 0; step < 60 && high - low > 1e-10; ++step) {
    const double middle = (low + high) / 2;
    (requests_until(middle) < due_ ? low : high) = middle;
  }
  reached_ = high;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(high));
}

}  // namespace understudy::loadtest
