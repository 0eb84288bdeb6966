// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/transport/broken_pipe.h"

#include <signal.h>

namespace understudy {

void silence_broken_pipes() {
  thread_local bool is_blocked = false;
  if (is_blocked) return;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  is_blocked = pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0;
}

}  // namespace understudy
