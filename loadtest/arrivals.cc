// SPDX-License-Identifier: Apache-2.0
#include "loadtest/arrivals.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/check.h"
#include "conf/values.h"

namespace understudy::loadtest {
namespace {

constexpr double kRateMax = 1e7;

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

}  // namespace

Result<std::vector<RatePoint>> parse_curve(std::string_view text) {
  std::vector<RatePoint> curve;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    begin = end + 1;
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
    if (!parse_rate(rate, point.requests_per_second)) {
      return invalid(part, "requests per second from 0 to 10000000 are wanted");
    }
    if (!curve.empty() && point.at <= curve.back().at) {
      return invalid(part, "each point comes after the one before it");
    }
    curve.push_back(point);
  }
  if (curve.back().requests_per_second <= 0) {
    return invalid(text, "the last rate stays for the rest of the run and cannot be 0");
  }
  return curve;
}

Arrivals::Arrivals(const Options& options) : options_(options), random_(options.seed) {
  CHECK(!options_.curve.empty() && options_.curve.back().requests_per_second > 0);
}

// Requests up to `seconds`: the area under the curve, which starts flat and ends flat.
double Arrivals::requests_until(double seconds) const {
  const auto& curve = options_.curve;
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
