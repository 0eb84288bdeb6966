// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/worker_context.h"

#include "proxy/exchange/routes.h"

namespace understudy {

uint64_t WorkerContext::replay_file_room() const {
  const uint64_t share = routes->config->replay_file_bytes_max / workers;
  return share > replay_file_bytes ? share - replay_file_bytes : 0;
}

}  // namespace understudy
