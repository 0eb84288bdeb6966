// SPDX-License-Identifier: Apache-2.0
// The payloads of replication's frames (PROTOCOL 2.5), to and from bytes, with strict bounds: a
// decoder returns nothing for input that is too short, too long, out of range or not in the one
// form its encoder writes. The frame's header carries type, channel and sequence number. Values and
// pure functions. The layout stands beside each struct, little endian.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend_sdk/replication/session_image.h"
#include "backend_sdk/wire/frame.h"
#include "backend_sdk/wire/ids.h"
#include "base/clock.h"

namespace understudy {

// HAND_OVER: without a payload all channels of that primary, with this one only the frame's own.
inline constexpr std::string_view kHandOverOnlyThis{"\x01", 1};

// CLOSE: with this flag it is the answer to one, so that it need not be said again.
inline constexpr uint8_t kCloseHeard = 1;

inline constexpr size_t kAttributeNameMax = 256;
inline constexpr size_t kAttributesMax = 4096;
// Ids that a session had before and that some secondary may know it by.
inline constexpr size_t kFormerIdsMax = 8;
inline constexpr size_t kOpsMax = kAttributesMax + RequestMemory::kMax + kFormerIdsMax + 1;
inline constexpr size_t kNacksMax = 256;
// A FULL of an image of this size fits into a frame: image.bytes() counts more than goes out.
inline constexpr size_t kImageBytesMax = kFramePayloadMax - 64 * 1024;
inline constexpr Duration kLeaseMin = std::chrono::milliseconds(10);
inline constexpr Duration kLeaseMax = std::chrono::seconds(120);

// primary u32, secondary u32, witness u32 (0: none)
struct ChannelParties {
  ChannelId id = 0;  // in the frame's header
  MemberId primary = kNobody;
  MemberId secondary = kNobody;
  MemberId witness = kNobody;
  bool operator==(const ChannelParties&) const = default;
};

// OPEN: parties, view_hash u64, lease_ms u32, adopts u64, adopts_seq u64. With `adopts`, the copies
// of that older channel between the same two members move over, without being sent again; the
// secondary refuses unless it has applied the old channel up to adopts_seq and it is still open.
struct OpenPayload {
  ChannelParties parties;
  uint64_t view_hash = 0;
  Duration lease{};
  ChannelId adopts = 0;
  uint64_t adopts_seq = 0;
};
void encode(const OpenPayload& payload, std::string& out);
std::optional<OpenPayload> decode_open(ChannelId channel, std::string_view bytes);

enum class NackCode : uint8_t {
  kNeedFull = 1,  // base or epoch does not fit, or there is no copy
  kStale = 2,     // a higher epoch of this session is known here
  kOverload = 3,  // no room for another copy
};
struct Nack {
  SessionId sid;
  NackCode code = NackCode::kNeedFull;
  uint64_t seq = 0;  // of the refused frame
};
// ACK and OPEN_OK: cum_seq u64, grant_stamp u64, credit u32, n u16, n x (sid16, code u8, seq u64).
// Every unresolved refusal is repeated in every ACK, so that none is lost with a link.
struct AckPayload {
  uint64_t cum_seq = 0;
  uint64_t grant_stamp = 0;  // the secondary's clock, so that an overtaken ACK is recognised
  uint32_t credit = 0;       // bytes of bulk copies that may be under way
  std::vector<Nack> nacks;
};
void encode(const AckPayload& payload, std::string& out);
std::optional<AckPayload> decode_ack(std::string_view bytes);

// FULL: sid16, epoch u32, version u64, base u64, request_id u64, ttl_ms u32, n u16, n x op, with
// op = op u8, flags u8, nlen u16, vlen u32, name, value: 1 set, 2 remove, 3 the answer of
// request_id, 4 one remembered request (name: id u64, version u64, flags u8: 1 its answer follows,
// 2 it is the login that gave the session its present id), 5 an id that this session had before
// (name: sid16, alias_ms u32: for how long it still leads to this one), 6 its recovery (name: epoch
// u32, from: epoch u32, version u64), 7 a request that is forgotten (name: id u64).
struct FormerId {
  SessionId sid;
  Duration alias_left{};
  bool operator==(const FormerId&) const = default;
};
struct FullPayload {
  SessionId sid;
  SessionImage image;
  std::vector<FormerId> former_ids = {};  // at most kFormerIdsMax, the oldest first
};
void encode(const FullPayload& payload, std::string& out);
std::optional<FullPayload> decode_full(std::string_view bytes);

// REPL: the same layout with ops 1 to 3 and 7.
struct ReplPayload {
  SessionId sid;
  SessionDelta delta;
};
void encode(const ReplPayload& payload, std::string& out);
std::optional<ReplPayload> decode_repl(std::string_view bytes);

// INVALIDATE: sid16, epoch u32, version u64, n u8, n x sid16: all ids by which the receiver may
// know the session end with it.
struct InvalidatePayload {
  SessionId sid;
  Position position;
  std::vector<SessionId> former_ids = {};  // at most kFormerIdsMax
};
void encode(const InvalidatePayload& payload, std::string& out);
std::optional<InvalidatePayload> decode_invalidate(std::string_view bytes);

// TOUCH: sid16, epoch u32, version u64.
struct SidPayload {
  SessionId sid;
  Position position;
};
void encode(const SidPayload& payload, std::string& out);
std::optional<SidPayload> decode_sid(std::string_view bytes);

// Why a claimant may have the channel (PROTOCOL 2.3).
enum class ClaimGrounds : uint8_t {
  kPrimary = 0,    // the primary drops its secondary: no reason is needed
  kGraceOver = 1,  // the secondary has waited for the lease to end
  kProof = 2,      // the secondary has a proof of the primary's death; the witness looks for itself
  kGranted = 3,    // the primary hands over (GRANT)
};
// CLAIM: parties, claimant u32, grounds u8. Parties again, so that a member that never saw the OPEN
// can answer.
struct ClaimPayload {
  ChannelParties parties;
  MemberId claimant = kNobody;
  ClaimGrounds grounds = ClaimGrounds::kPrimary;  // the secondary's are the others
};
void encode(const ClaimPayload& payload, std::string& out);
std::optional<ClaimPayload> decode_claim(ChannelId channel, std::string_view bytes);

// VOTE, STALE: one member u32, the winner or owner. GRANT, RENEW, CLOSE have no payload.
void encode_member(MemberId member, std::string& out);
std::optional<MemberId> decode_member(std::string_view bytes);

// LOOKUP: nonce u64, sid16, instead_of u32. With `instead_of`, a life that is proven dead: a
// member that answers takes nothing more from it, so that "nothing here" stays true.
struct LookupPayload {
  uint64_t nonce = 0;
  SessionId sid;
  MemberId instead_of = kNobody;
};
void encode(const LookupPayload& payload, std::string& out);
std::optional<LookupPayload> decode_lookup(std::string_view bytes);

// FOUND: nonce u64, sid16, role u8, owner u32, epoch u32, version u64, group u32, view_version u64.
enum class FoundRole : uint8_t {
  kNone = 0,
  kOwner = 1,       // I serve it
  kCopy = 2,        // I hold the copy for `owner`
  kPointer = 3,     // I know that `owner` took it
  kEnded = 4,       // it was invalidated or expired
  kPassedOver = 5,  // I have what `owner`, which is dead, had passed over
};
struct FoundPayload {
  uint64_t nonce = 0;
  SessionId sid;
  FoundRole role = FoundRole::kNone;
  MemberId owner = kNobody;
  Position position;
  uint32_t group = 0;         // of the view in which this was answered
  uint64_t view_version = 0;  // its version
};
void encode(const FoundPayload& payload, std::string& out);
std::optional<FoundPayload> decode_found(std::string_view bytes);

}  // namespace understudy
