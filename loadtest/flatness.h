// SPDX-License-Identifier: Apache-2.0
// Flatness: does a process hold what it has, or does it grow? The slope of its memory and of its
// open descriptors after a warm-up, as the median of the slopes between all pairs of samples
// (Theil-Sen), which a single burst does not bend. Pure.
#pragma once

#include <utility>
#include <vector>

#include "loadtest/process_watch.h"

namespace understudy::loadtest {

struct FlatnessBounds {
  Duration warm_up = std::chrono::minutes(3);  // of each life; not judged
  Duration judged_min = std::chrono::minutes(10);
  double memory_kib_per_hour = 1024;
  double descriptors_per_hour = 8;
};

struct Flatness {
  bool is_judged = false;  // the life was long enough
  double memory_kib_per_hour = 0;
  double descriptors_per_hour = 0;
  bool is_flat = true;  // also when it was not judged
};

// Of points (hours, value); 0 for fewer than two different hours.
double slope_per_hour(const std::vector<std::pair<double, double>>& points);

Flatness judge(const ProcessLife& life, const FlatnessBounds& bounds);

}  // namespace understudy::loadtest
