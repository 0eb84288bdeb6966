// SPDX-License-Identifier: Apache-2.0
// What SetHandler balancer-manager and server-status answer: a page about the clusters and members
// as the worker that is asked sees them. It only shows; orders are given at the Admin address.
// Worker thread only. Called by Exchange, behind the access rules.
#pragma once

#include <string>
#include <string_view>

#include "proxy/exchange/routes.h"
#include "proxy/exchange/worker_context.h"

namespace understudy {

// HTML.
std::string balancer_page(const Routes& routes);
std::string status_page(const WorkerCounters& counters, const Routes& routes);
// The plug-in's: `settings` has a line for each.
std::string bridge_page(std::string_view settings, const WorkerCluster& cluster);
// Lines "Name: value", for server-status?auto.
std::string status_text(const WorkerCounters& counters);

}  // namespace understudy
