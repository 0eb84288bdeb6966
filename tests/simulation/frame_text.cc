// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/frame_text.h"

#include <fmt/core.h>

#include "backend_sdk/replication/payloads.h"
#include "backend_sdk/wire/id_text.h"
#include "tests/simulation/checker.h"

namespace understudy::sim {

namespace {

std::string session(const SessionId& sid, Position position) {
  return fmt::format("{} ({}, {})", to_text(sid), position.epoch, position.version);
}

std::string former(const std::vector<SessionId>& sids) {
  std::string text;
  for (const SessionId& sid : sids) text += " was " + to_text(sid);
  return text;
}

std::string full(const FullPayload& payload) {
  std::string text = session(payload.sid, payload.image.position);
  for (const FormerId& id : payload.former_ids) text += " was " + to_text(id.sid);
  return text;
}

std::string refusals(const AckPayload& payload) {
  std::string text;
  for (const Nack& nack : payload.nacks) {
    text += fmt::format(" {} refused ({})", to_text(nack.sid), static_cast<int>(nack.code));
  }
  return text;
}

std::string found(const FoundPayload& payload) {
  static constexpr const char* kRoles[] = {"none",    "owner", "copy",
                                           "pointer", "ended", "passed over"};
  return fmt::format("{} {} {}", session(payload.sid, payload.position),
                     kRoles[static_cast<size_t>(payload.role)], mid_text(payload.owner));
}

// The name and what it is about; empty: not worth a line.
std::string about(const Frame& frame) {
  const std::string_view bytes = frame.payload;
  switch (frame.type) {
    case FrameType::kOpen:
      if (const auto open = decode_open(frame.channel, bytes)) {
        return fmt::format("OPEN witness {}, adopts {}", mid_text(open->parties.witness),
                           channel_text(open->adopts));
      }
      break;
    case FrameType::kOpenOk:
      return "OPEN_OK";
    case FrameType::kFull:
      if (const auto payload = decode_full(bytes)) return "FULL " + full(*payload);
      break;
    case FrameType::kRepl:
      if (const auto payload = decode_repl(bytes)) {
        return "REPL " + session(payload->sid, payload->delta.position);
      }
      break;
    case FrameType::kAck:
      if (const auto payload = decode_ack(bytes); payload && !payload->nacks.empty()) {
        return "ACK" + refusals(*payload);
      }
      break;
    case FrameType::kTouch:
      if (const auto payload = decode_sid(bytes)) {
        return "TOUCH " + session(payload->sid, payload->position);
      }
      break;
    case FrameType::kInvalidate:
      if (const auto payload = decode_invalidate(bytes)) {
        return "INVALIDATE " + session(payload->sid, payload->position) +
               former(payload->former_ids);
      }
      break;
    case FrameType::kClaim:
      if (const auto claim = decode_claim(frame.channel, bytes)) {
        return fmt::format("CLAIM for {}, grounds {}", mid_text(claim->claimant),
                           static_cast<int>(claim->grounds));
      }
      break;
    case FrameType::kVote:
      return fmt::format("VOTE {}", mid_text(decode_member(bytes).value_or(kNobody)));
    case FrameType::kStale:
      return fmt::format("STALE {}", mid_text(decode_member(bytes).value_or(kNobody)));
    case FrameType::kGrant:
      return "GRANT";
    case FrameType::kClose:
      return frame.flags == kCloseHeard ? "CLOSE heard" : "CLOSE";
    case FrameType::kHandOver:
      return bytes.empty() ? "HAND_OVER all" : "HAND_OVER this";
    case FrameType::kLookup:
      if (const auto lookup = decode_lookup(bytes)) {
        return fmt::format("LOOKUP {} instead of {}", to_text(lookup->sid),
                           mid_text(lookup->instead_of));
      }
      break;
    case FrameType::kFound:
      if (const auto payload = decode_found(bytes)) return "FOUND " + found(*payload);
      break;
    default:
      break;
  }
  return {};
}

}  // namespace

std::string to_text(MemberId from, MemberId to, const Frame& frame) {
  const std::string text = about(frame);
  if (text.empty()) return {};
  const std::string channel =
      frame.channel == 0 ? "" : fmt::format(" in {}", channel_text(frame.channel));
  return fmt::format("    {} -> {}{}: {}", mid_text(from), mid_text(to), channel, text);
}

}  // namespace understudy::sim
