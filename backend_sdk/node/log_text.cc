// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/log_text.h"

#include "cookies/base64url.h"

namespace understudy {

std::string to_text(const SessionId& id) {
  std::string text(base64url_size(id.bytes.size()), '\0');
  encode_base64url(id.bytes, text.data());
  return text;
}

std::string short_text(const SessionId& id) {
  return to_text(id).substr(0, 6) + "...";
}

std::string summary(const MemberView& view) {
  std::string text;
  for (const Member& member : view.members) {
    if (!text.empty()) text += ", ";
    text += member.name;
    if (member.liveness != Liveness::kAlive) {
      text += std::string(" ") + to_string(member.liveness);
    } else if (member.operator_state != OperatorState::kReady) {
      text += " draining";
    }
  }
  return text;
}

}  // namespace understudy
