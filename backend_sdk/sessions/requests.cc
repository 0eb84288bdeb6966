// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/requests.h"

namespace understudy {

const char* to_string(Unavailable reason) {
  switch (reason) {
    case Unavailable::kNotJoined:
      return "not joined";
    case Unavailable::kDraining:
      return "draining";
    case Unavailable::kWaitedOut:
      return "waited out";
    case Unavailable::kSuspect:
      return "suspect";
    case Unavailable::kQueueFull:
      return "queue full";
    case Unavailable::kBusy:
      return "busy";
    case Unavailable::kUnprotected:
      return "unprotected";
    case Unavailable::kTooMany:
      return "too many sessions";
    case Unavailable::kMinority:
      return "minority";
    case Unavailable::kOutdated:
      return "outdated";
  }
  return "unknown";
}

}  // namespace understudy
