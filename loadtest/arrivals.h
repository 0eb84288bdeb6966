// SPDX-License-Identifier: Apache-2.0
// Arrivals: when the requests of a run are meant to start: at a rate that follows a curve, evenly
// or as a Poisson process. The whole schedule is fixed before the run: same options, same schedule.
// Pure; one thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace understudy::loadtest {

struct RatePoint {
  Duration at{};
  double requests_per_second = 0;
};

struct RateCurve {
  std::vector<RatePoint> points;  // ascending; at least one
  Duration period{};              // zero: stays at the last; else begins again after so long
};

// "500" is constant; "0s:100,10s:1000,20s:1000" goes in straight lines from point to point and
// stays at the last, or with "...,30s:repeat" begins again then. "sine:100-1000/30s" swings between
// the two rates, from the lower one, once in 30 s. "burst:100-1000/30s/2s" is at the first rate but
// for the last 2 of every 30 s. kInvalid with what is wrong.
Result<RateCurve> parse_curve(std::string_view text);

class Arrivals final {
 public:
  enum class Spacing : uint8_t { kEven, kPoisson };
  struct Options {
    RateCurve curve;
    Spacing spacing = Spacing::kEven;
    uint64_t seed = 1;
  };
  explicit Arrivals(const Options& options);

  // The next intended start, counted from the beginning.
  Duration next();

 private:
  double requests_until(double seconds) const;
  double requests_in_first_run_until(double seconds) const;

  const Options options_;
  double period_requests_ = 0;
  SeededRandom random_;
  double due_ = 0;      // in requests since the beginning
  double reached_ = 0;  // in seconds: where `due_` was met last
  bool is_first_ = true;
};

}  // namespace understudy::loadtest
