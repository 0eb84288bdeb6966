// SPDX-License-Identifier: Apache-2.0
// The methods by name. Pure; called once for each Cluster.
#pragma once

#include <cstdint>
#include <memory>

#include "proxy/config/balancing.h"
#include "proxy/routing/balancing_method.h"

namespace understudy::routing {

// `seed` is for those that draw lots: workers must not draw the same.
// The first turn is that of the member at `first`, counted round, so that workers which have
// counted nothing yet do not all begin with the same one.
std::unique_ptr<BalancingMethod> make_method(config::MethodName method, std::uint64_t seed,
                                             std::size_t first = 0);

}  // namespace understudy::routing
