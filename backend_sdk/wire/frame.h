// SPDX-License-Identifier: Apache-2.0
// Frame: one message on a link between two members, and its bytes (PROTOCOL 2.5): a header of 24
// bytes, little endian, `len u32, type u8, flags u8, ver u16, chan_id u64, chan_seq u64`, then len
// bytes of payload. What a payload means is the business of membership/ and replication/, each with
// an encoder and a decoder of its own beside its constants. Pure; no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "backend_sdk/wire/ids.h"
#include "base/result.h"

namespace understudy {

// The numbers are the protocol: only append to this list.
enum class FrameType : uint8_t {
  kHello = 1,    // first on every link, by the side that connected: who I am, whom I expect
  kHelloNo = 2,  // the answer when another life is there now; then the link is closed
  kUnknown = 3,  // answer to a type or version that is not understood; names both versions
  kHelloOk = 4,  // the answer when it is me whom you expect
  kJoin = 16,    // membership
  kWelcome = 17,
  kRedirect = 18,
  kViewPush = 19,
  kViewAsk = 20,
  kLeave = 21,
  kElect = 22,
  kElectOk = 23,
  kProbe = 24,
  kProbeOk = 25,
  kProbeFor = 26,    // does this member answer you? Else accuse it
  kProbeForOk = 27,  // it has answered me
  kAccuse = 28,  // to the leader: my link to this member broke, or its port refused me
  kJoinNo = 29,
  kMerge = 30,  // to the leader of another group: all of mine come over to yours
  kMergeNo = 31,
  kOpen = 32,  // replication
  kOpenOk = 33,
  kRepl = 34,
  kFull = 35,
  kAck = 36,
  kTouch = 37,
  kInvalidate = 38,
  kClaim = 39,
  kVote = 40,
  kGrant = 41,
  kStale = 42,
  kRenew = 43,
  kClose = 44,
  kLookup = 45,
  kFound = 46,
  kHandOver = 47,  // the secondary asks for its channel: an operator drains the primary, or a
                   // proxy cannot reach it
};

// Is the number in the list above? Others come from a newer sender.
bool is_known(FrameType type);

inline constexpr uint16_t kFrameVersion = 2;
inline constexpr size_t kFrameHeaderBytes = 24;
// A session's hard limit is 4 MiB (PROTOCOL 2.4); one frame carries it whole with its ring.
inline constexpr size_t kFramePayloadMax = 5 * 1024 * 1024;

struct Frame {
  FrameType type{};
  uint8_t flags = 0;
  ChannelId channel = 0;
  uint64_t seq = 0;  // in order per channel; 0 outside a channel's stream
  std::string payload{};
};

// Appends header and payload to `out`. CHECKs the payload's limit: senders respect it.
void encode_frame(const Frame& frame, std::string& out);

struct DecodedFrame {
  Frame frame;
  size_t bytes = 0;      // consumed
  uint16_t version = 0;  // as the sender wrote it; the caller answers kUnknown when it is not ours
};
// nullopt: more bytes are needed. An error (kTooLarge) means the link cannot go on.
Result<std::optional<DecodedFrame>> decode_frame(std::string_view bytes);

}  // namespace understudy
