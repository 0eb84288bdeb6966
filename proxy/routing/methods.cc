// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/methods.h"

#include "proxy/routing/least_busy.h"
#include "proxy/routing/random_two.h"
#include "proxy/routing/round_robin.h"

namespace understudy::routing {

std::unique_ptr<BalancingMethod> make_method(config::MethodName method, std::uint64_t seed,
                                             std::size_t first) {
  switch (method) {
    case config::MethodName::kRoundRobin:
      break;
    case config::MethodName::kLeastBusy:
      return std::make_unique<LeastBusy>(first);
    case config::MethodName::kRandomTwo:
      return std::make_unique<RandomTwo>(seed);
  }
  return std::make_unique<RoundRobin>(first);
}

}  // namespace understudy::routing
