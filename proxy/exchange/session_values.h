// SPDX-License-Identifier: Apache-2.0
// The values that a request's head has for its session: those of the cookies of that name, one
// after another, then those of the path's parameters. With Apache's stickysession= the path and the
// query go first, as there. Each lives until the next one is asked for. Used by exchange.cc, within
// one call.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "proxy/exchange/worker_cluster.h"
#include "proxy/http/message.h"
#include "proxy/upstream/io_context.h"

namespace understudy {

class SessionValues final {
 public:
  SessionValues(const http::RequestHead& head, const WorkerCluster& cluster, std::span<char> room);

  std::optional<std::string_view> next();

 private:
  std::optional<std::string_view> next_of_cookies();
  std::optional<std::string_view> next_of_path();
  std::optional<std::string_view> next_of_query();

  const http::RequestHead& head_;
  const WorkerCluster& cluster_;
  const std::span<char> room_;
  const http::Field* field_;
  std::string_view rest_;    // of that field
  std::string_view target_;  // what is left of it
  std::string_view query_;   // the same; empty unless it is looked at
};

// The value of the first `name=value` in a query, which may begin with '?': ends at '&'. Exactly
// this name, nothing decoded, as in mod_proxy_balancer.
std::optional<std::string_view> find_query_parameter(std::string_view query, std::string_view name);

}  // namespace understudy
