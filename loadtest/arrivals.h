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

// "500" is constant; "0s:100,10s:1000,20s:1000" goes in straight lines from point to point and
// stays at the last. kInvalid with what is wrong.
Result<std::vector<RatePoint>> parse_curve(std::string_view text);

class Arrivals final {
 public:
  enum class Spacing : uint8_t { kEven, kPoisson };
  struct Options {
    std::vector<RatePoint> curve;  // ascending; at least one
    Spacing spacing = Spacing::kEven;
    uint64_t seed = 1;
  };
  explicit Arrivals(const Options& options);

  // The next intended start, counted from the beginning.
  Duration next();

 private:
  double requests_until(double seconds) const;

  const Options options_;
  SeededRandom random_;
  double due_ = 0;      // in requests since the beginning
  double reached_ = 0;  // in seconds: where `due_` was met last
  bool is_first_ = true;
};

}  // namespace understudy::loadtest
