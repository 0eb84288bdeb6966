// SPDX-License-Identifier: Apache-2.0
// Executor: where callbacks of the SDK run. The application implements it over its own loop or
// thread pool; evhttp.h brings one for libevent. Held by shared_ptr on both sides, because a
// callback may be under way while either side goes down. `post` is called from the node's thread
// and from application threads, concurrently.
#pragma once

#include <functional>

#include "understudy/export.h"

namespace understudy {

class UNDERSTUDY_API Executor {
 public:
  virtual ~Executor() = default;
  // Runs `work` later, once, never inside of post(). An executor that is closed drops it; whatever
  // the work holds is then destroyed. Must not block: the heartbeat waits for it.
  virtual void post(std::function<void()> work) = 0;
};

}  // namespace understudy
