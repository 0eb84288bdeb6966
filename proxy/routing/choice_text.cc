// SPDX-License-Identifier: Apache-2.0
// What a choice is called: in logs, and to the member that it fell on.
#include <algorithm>

#include "cookies/contract.h"
#include "proxy/routing/affinity_choice.h"

namespace understudy::routing {

std::string_view to_text(Why why) {
  switch (why) {
    case Why::kNobody:
      return "nobody";
    case Why::kCookiePrimary:
      return "cookie-primary";
    case Why::kCookieSecondary:
      return "cookie-secondary";
    case Why::kCookieRoute:
      return "cookie-route";
    case Why::kNoCookie:
      return "no-cookie";
    case Why::kInvalidCookie:
      return "invalid-cookie";
    case Why::kUnknownMembers:
      return "unknown-members";
    case Why::kRest:
      return "rest";
    case Why::kRouted:
      return "routed";
    case Why::kRetry:
      return "retry";
    case Why::kLastResort:
      return "last-resort";
    case Why::kSeed:
      return "seed";
  }
  return "";
}

std::string_view to_text(PassedOver passed_over) {
  switch (passed_over) {
    case PassedOver::kNo:
      return "";
    case PassedOver::kUnknown:
      return "unknown";
    case PassedOver::kUnseen:
      return "unseen";
    case PassedOver::kDead:
      return "dead";
    case PassedOver::kLeft:
      return "left";
    case PassedOver::kUnlisted:
      return "unlisted";
    case PassedOver::kDisabled:
      return "disabled";
    case PassedOver::kDraining:
      return "draining";
    case PassedOver::kUnhealthy:
      return "unhealthy";
    case PassedOver::kEjected:
      return "ejected";
    case PassedOver::kUnresolved:
      return "unresolved";
    case PassedOver::kSkipped:
      return "skipped";
    case PassedOver::kFailed:
      return "failed";
    case PassedOver::kRouted:
      return "routed";
  }
  return "";
}

bool Choice::is_bound() const {
  return why == Why::kCookiePrimary || why == Why::kCookieSecondary || why == Why::kCookieRoute ||
         why == Why::kRouted;
}

std::string_view Choice::failover() const {
  switch (primary) {
    case PassedOver::kNo:
    case PassedOver::kUnseen:
      return {};
    case PassedOver::kUnknown:
    case PassedOver::kDead:
    case PassedOver::kLeft:
    case PassedOver::kUnlisted:
      return kFailoverView;
    case PassedOver::kDisabled:
    case PassedOver::kDraining:
      return kFailoverDrain;
    case PassedOver::kUnhealthy:
      return kFailoverCheck;
    case PassedOver::kEjected:
      return kFailoverUnavailable;
    case PassedOver::kUnresolved:
      return kFailoverTimeout;
    case PassedOver::kSkipped:
    case PassedOver::kFailed:
      return to_text(failure);
    case PassedOver::kRouted:
      return kFailoverRoute;
  }
  return {};
}

ChoiceText::ChoiceText(const Choice& choice) {
  const auto append = [this](std::string_view text) {
    const std::size_t count = std::min(text.size(), bytes_.size() - size_);
    std::copy_n(text.data(), count, bytes_.data() + size_);
    size_ += count;
  };
  append(to_text(choice.why));
  if (choice.primary == PassedOver::kNo) return;
  append(":");
  append(to_text(choice.primary));
  if (choice.failure == Failure::kNone) return;
  append("-");
  append(to_text(choice.failure));
}

}  // namespace understudy::routing
