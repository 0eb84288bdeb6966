// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/methods.h"

#include "proxy/routing/least_busy.h"
#include "proxy/routing/random_two.h"
#include "proxy/routing/round_robin.h"

namespace understudy::routing {

std::unique_ptr<Method> make_method(config::Method method, std::uint64_t seed, std::size_t first) {
  switch (method) {
    case config::Method::kRoundRobin:
      break;
    case config::Method::kLeastBusy:
      return std::make_unique<LeastBusy>(first);
    case config::Method::kRandomTwo:
      return std::make_unique<RandomTwo>(seed);
  }
  return std::make_unique<RoundRobin>(first);
}

}  // namespace understudy::routing
