// SPDX-License-Identifier: Apache-2.0
#include "loadtest/flatness.h"

#include <algorithm>

#include "base/check.h"

namespace understudy::loadtest {
namespace {

// More samples than these are thinned out evenly: the pairs are their square.
constexpr size_t kPointsMax = 1000;

double hours(Duration duration) {
  return std::chrono::duration<double, std::ratio<3600>>(duration).count();
}

}  // namespace

double slope_per_hour(const std::vector<std::pair<double, double>>& points) {
  const size_t step = points.size() / kPointsMax + 1;
  std::vector<double> slopes;
  for (size_t one = 0; one < points.size(); one += step) {
    for (size_t other = one + step; other < points.size(); other += step) {
      const double apart = points[other].first - points[one].first;
      if (apart > 0) slopes.push_back((points[other].second - points[one].second) / apart);
    }
  }
  if (slopes.empty()) return 0;
  const auto middle = slopes.begin() + static_cast<ptrdiff_t>(slopes.size() / 2);
  std::nth_element(slopes.begin(), middle, slopes.end());
  return *middle;
}

Flatness judge(const ProcessLife& life, const FlatnessBounds& bounds) {
  CHECK(!life.samples.empty());
  const Duration begin = life.samples.front().at + bounds.warm_up;
  std::vector<std::pair<double, double>> memory;
  std::vector<std::pair<double, double>> descriptors;
  for (const Vitals& vitals : life.samples) {
    if (vitals.at < begin) continue;
    memory.emplace_back(hours(vitals.at), static_cast<double>(vitals.resident_kib));
    descriptors.emplace_back(hours(vitals.at), static_cast<double>(vitals.descriptors));
  }
  Flatness flatness;
  flatness.is_judged = life.samples.back().at >= begin + bounds.judged_min;
  flatness.memory_kib_per_hour = slope_per_hour(memory);
  flatness.descriptors_per_hour = slope_per_hour(descriptors);
  flatness.is_flat =
      !flatness.is_judged || (flatness.memory_kib_per_hour <= bounds.memory_kib_per_hour &&
                              flatness.descriptors_per_hour <= bounds.descriptors_per_hour);
  return flatness;
}

}  // namespace understudy::loadtest
