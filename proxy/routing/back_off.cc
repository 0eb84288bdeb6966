// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/back_off.h"

#include "cookies/contract.h"

namespace understudy::routing {

std::string_view to_text(Failure failure) {
  switch (failure) {
    case Failure::kNone:
      return "none";
    case Failure::kRefused:
      return kFailoverRefused;
    case Failure::kUnreachable:
      return kFailoverUnreachable;
    case Failure::kTimeout:
      return kFailoverTimeout;
    case Failure::kReset:
      return kFailoverReset;
    case Failure::kUnavailable:
      return kFailoverUnavailable;
  }
  return "";
}

}  // namespace understudy::routing
