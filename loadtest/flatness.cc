// SPDX-License-Identifier: Apache-2.0
#include "loadtest/flatness.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/check.h"

namespace understudy::loadtest {
namespace {

double hours(Duration duration) {
  return std::chrono::duration<double, std::ratio<3600>>(duration).count();
}

}  // namespace

double growth_per_hour(const std::vector<std::pair<double, double>>& points) {
  if (points.empty()) return 0;
  const double begin = points.front().first;
  const double part = (points.back().first - begin) / kFlatnessParts;
  if (part <= 0) return 0;
  std::array<double, kFlatnessParts> floors;
  floors.fill(std::numeric_limits<double>::infinity());
  for (const auto& [at, value] : points) {
    const auto index = std::min(static_cast<size_t>((at - begin) / part), kFlatnessParts - 1);
    floors[index] = std::min(floors[index], value);
  }
  std::array<double, kFlatnessParts - 1> steps;
  for (size_t i = 0; i < steps.size(); ++i) steps[i] = floors[i + 1] - floors[i];
  if (!std::all_of(floors.begin(), floors.end(),
                   [](double floor) { return std::isfinite(floor); })) {
    return 0;
  }
  std::sort(steps.begin(), steps.end());
  const double between = std::accumulate(steps.begin() + 1, steps.end() - 1, 0.0);
  return between / (static_cast<double>(steps.size() - 2) * part);
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
  flatness.memory_kib_per_hour = growth_per_hour(memory);
  flatness.descriptors_per_hour = growth_per_hour(descriptors);
  flatness.is_flat =
      !flatness.is_judged || (flatness.memory_kib_per_hour <= bounds.memory_kib_per_hour &&
                              flatness.descriptors_per_hour <= bounds.descriptors_per_hour);
  return flatness;
}

}  // namespace understudy::loadtest
