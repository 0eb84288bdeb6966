// SPDX-License-Identifier: Apache-2.0
// Relayed::State: what stands behind a Relayed: the exchange at the other member, and the way to
// the loop that it belongs to. Travels with the handle from thread to thread; the exchange itself
// is touched on the loop only.
#pragma once

#include <memory>
#include <vector>

#include "backend_sdk/node/node_door.h"
#include "backend_sdk/node/relay_exchange.h"
#include "understudy/executor.h"
#include "understudy/relayed.h"

namespace understudy {

struct Relayed::State {
  State() = default;
  ~State();
  State(const State&) = delete;

  int status = 0;
  std::vector<Header> headers;
  std::shared_ptr<RelayExchange> exchange;
  std::shared_ptr<UnderWay> under_way;
  std::shared_ptr<Executor> executor;
};

}  // namespace understudy
