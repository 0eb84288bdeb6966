// SPDX-License-Identifier: Apache-2.0
#include "loadtest/failover.h"

#include <algorithm>
#include <array>

namespace understudy::loadtest {
namespace {

constexpr std::array<std::string_view, 10> kFaults = {
    "kill",   "stop",      "restart", "rolling-restart", "drain",
    "reload", "partition", "join",    "scale-out",       "start"};
// What comes later than this after a fault is not its doing.
constexpr Duration kReach = std::chrono::seconds(10);

}  // namespace

std::vector<FaultCost> fault_costs(const Timeline& timeline) {
  std::vector<FaultCost> costs;
  for (const TimelineEvent& event : timeline.events()) {
    std::string kind = event.text.substr(0, event.text.find(' '));
    if (std::find(kFaults.begin(), kFaults.end(), kind) == kFaults.end()) continue;
    costs.push_back(
        {.at = event.at, .text = event.text, .kind = std::move(kind), .longest = {}, .failed = 0});
  }
  const std::vector<TimelinePoint> points = timeline.points();
  const Duration interval = timeline.interval();
  for (size_t i = 0; i < costs.size(); ++i) {
    FaultCost& cost = costs[i];
    // From the interval that the event lies in, whole: a request that was under way waits too. The
    // one that the next event lies in is the next one's.
    const auto first = static_cast<size_t>(cost.at / interval);
    auto end = static_cast<size_t>((cost.at + kReach) / interval);
    if (i + 1 < costs.size()) end = std::min(end, static_cast<size_t>(costs[i + 1].at / interval));
    end = std::min(std::max(end, first + 1), points.size());
    for (size_t point = first; point < end; ++point) {
      cost.longest = std::max(cost.longest, points[point].longest);
      cost.failed += points[point].failed;
    }
  }
  return costs;
}

std::vector<FaultKind> by_kind(const std::vector<FaultCost>& costs) {
  std::vector<FaultKind> kinds;
  std::vector<std::vector<Duration>> waits;
  for (const FaultCost& cost : costs) {
    auto it = std::find_if(kinds.begin(), kinds.end(),
                           [&](const FaultKind& kind) { return kind.kind == cost.kind; });
    if (it == kinds.end()) {
      it = kinds.insert(kinds.end(),
                        {.kind = cost.kind, .times = 0, .median = {}, .longest = {}, .failed = 0});
      waits.emplace_back();
    }
    ++it->times;
    it->longest = std::max(it->longest, cost.longest);
    it->failed += cost.failed;
    waits[static_cast<size_t>(it - kinds.begin())].push_back(cost.longest);
  }
  for (size_t i = 0; i < kinds.size(); ++i) {
    std::sort(waits[i].begin(), waits[i].end());
    kinds[i].median = waits[i][waits[i].size() / 2];
  }
  return kinds;
}

}  // namespace understudy::loadtest
