// SPDX-License-Identifier: Apache-2.0
// The methods by name. Pure; called once for each Cluster.
#pragma once

#include <cstdint>
#include <memory>

#include "proxy/config/balancing.h"
#include "proxy/routing/method.h"

namespace understudy::routing {

// `seed` is for those that draw lots: workers must not draw the same.
std::unique_ptr<Method> make_method(config::Method method, std::uint64_t seed);

}  // namespace understudy::routing
