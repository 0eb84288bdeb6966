// SPDX-License-Identifier: Apache-2.0
// Flatness: does a process hold what it has, or does it grow? Judged by the least that it held in
// each of six equal parts of its life after the warm-up: what a burst needs while it lasts is in no
// floor, and a floor that a burst has raised once is one step, while a leak raises all of them.
// A step that comes less often than that is seen only in a longer run. Pure.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "loadtest/process_watch.h"

namespace understudy::loadtest {

inline constexpr size_t kFlatnessParts = 6;

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

// How fast the floor of points (hours, value; in the order of time) rises: the steps from one
// part's floor to the next one's, without the largest and the smallest. 0 where a part has no
// point.
double growth_per_hour(const std::vector<std::pair<double, double>>& points);

Flatness judge(const ProcessLife& life, const FlatnessBounds& bounds);

}  // namespace understudy::loadtest
