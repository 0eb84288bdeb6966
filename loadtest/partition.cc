// SPDX-License-Identifier: Apache-2.0
#include "loadtest/partition.h"

#include "base/check.h"

namespace understudy::loadtest {

std::vector<std::pair<std::string, std::string>> pairs_meant(
    const ChaosStep& step, const std::vector<std::string>& hosts) {
  const auto is_meant = [&step](const std::string& one, const std::string& other) {
    if (step.member.empty()) return true;
    if (step.other.empty()) return one == step.member || other == step.member;
    return (one == step.member && other == step.other) ||
           (one == step.other && other == step.member);
  };
  std::vector<std::pair<std::string, std::string>> pairs;
  for (size_t one = 0; one < hosts.size(); ++one) {
    for (size_t other = one + 1; other < hosts.size(); ++other) {
      if (is_meant(hosts[one], hosts[other])) pairs.emplace_back(hosts[one], hosts[other]);
    }
  }
  return pairs;
}

Network::Commands part_or_heal(Network& network, const ChaosStep& step) {
  CHECK(step.action == ChaosAction::kPartition || step.action == ChaosAction::kHeal);
  Network::Commands all;
  for (const auto& [one, other] : pairs_meant(step, network.host_names())) {
    auto commands = step.action == ChaosAction::kPartition ? network.part(one, other)
                                                           : network.heal(one, other);
    for (auto& command : commands) all.push_back(std::move(command));
  }
  return all;
}

}  // namespace understudy::loadtest
