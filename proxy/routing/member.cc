// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/member.h"
#include "cookies/contract.h"

namespace understudy::routing {

std::string_view to_text(Liveness liveness) {
  switch (liveness) {
    case Liveness::kAssumed:
      return "assumed";
    case Liveness::kAlive:
      return "alive";
    case Liveness::kSuspect:
      return "suspect";
    case Liveness::kDead:
      return "dead";
    case Liveness::kLeft:
      return "left";
    case Liveness::kUnlisted:
      return "unlisted";
  }
  return "";
}

std::string_view to_text(OperatorState state) {
  switch (state) {
    case OperatorState::kReady:
      return "ready";
    case OperatorState::kDraining:
      return "draining";
    case OperatorState::kDisabled:
      return "disabled";
  }
  return "";
}

std::string_view to_text(DrainMode mode) {
  return mode == DrainMode::kKeep ? "keep" : "move";
}

std::string Member::label() const {
  if (!mid) return name;
  const MidText text = format_mid(*mid);
  return name + " (" + std::string(text.data(), text.size()) + ")";
}

std::string_view to_text(Checked checked) {
  switch (checked) {
    case Checked::kNot:
      return "unchecked";
    case Checked::kWorking:
      return "working";
    case Checked::kFailing:
      return "failing";
  }
  return "";
}

}  // namespace understudy::routing
