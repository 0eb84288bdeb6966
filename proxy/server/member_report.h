// SPDX-License-Identifier: Apache-2.0
// A worker's answers to questions: its clusters and members as plain values, and how it would route
// a cookie. Pure readers of routing::Cluster; called on the worker's thread.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "proxy/routing/cluster.h"
#include "proxy/server/status.h"

namespace understudy {

ClusterStatus status_of(const routing::Cluster& cluster, TimePoint now);
CookieExplanation explain_cookie(const routing::Cluster& cluster, std::string_view value,
                                 TimePoint now);

}  // namespace understudy
