// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/payloads.h"

#include <algorithm>

#include "backend_sdk/wire/bytes.h"
#include "base/check.h"

namespace understudy {

namespace {

uint32_t to_ms(Duration duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  CHECK(ms >= 0 && ms <= UINT32_MAX);
  return static_cast<uint32_t>(ms);
}

bool add_former_id(const SessionId& former, const SessionId& sid, std::vector<SessionId>& ids) {
  const bool is_known = std::find(ids.begin(), ids.end(), former) != ids.end();
  if (former == sid || is_known || ids.size() == kFormerIdsMax) return false;
  ids.push_back(former);
  return true;
}

void write_parties(const ChannelParties& parties, ByteWriter& writer) {
  writer.u32(parties.primary);
  writer.u32(parties.secondary);
  writer.u32(parties.witness);
}

ChannelParties read_parties(ChannelId channel, ByteReader& reader) {
  ChannelParties parties{channel, reader.u32(), reader.u32(), reader.u32()};
  const bool distinct = parties.primary != parties.secondary &&
                        parties.witness != parties.primary && parties.witness != parties.secondary;
  // The channel's number is made by its primary, so one member cannot speak for another's.
  if (!distinct || parties.primary == kNobody || parties.secondary == kNobody ||
      channel >> 32 != parties.primary) {
    reader.fail();
  }
  return parties;
}

}  // namespace

void encode(const OpenPayload& payload, std::string& out) {
  ByteWriter writer(out);
  write_parties(payload.parties, writer);
  writer.u64(payload.view_hash);
  writer.u32(to_ms(payload.lease));
  writer.u64(payload.adopts);
  writer.u64(payload.adopts_seq);
}

std::optional<OpenPayload> decode_open(ChannelId channel, std::string_view bytes) {
  ByteReader reader(bytes);
  OpenPayload payload;
  payload.parties = read_parties(channel, reader);
  payload.view_hash = reader.u64();
  payload.lease = std::chrono::milliseconds(reader.u32());
  payload.adopts = reader.u64();
  payload.adopts_seq = reader.u64();
  if (payload.lease < kLeaseMin || payload.lease > kLeaseMax) reader.fail();
  if (payload.adopts != 0 && payload.adopts >> 32 != payload.parties.primary) reader.fail();
  if (payload.adopts == channel) reader.fail();
  if (!reader.is_complete()) return std::nullopt;
  return payload;
}

void encode(const AckPayload& payload, std::string& out) {
  CHECK(payload.nacks.size() <= kNacksMax);
  ByteWriter writer(out);
  writer.u64(payload.cum_seq);
  writer.u64(payload.grant_stamp);
  writer.u32(payload.credit);
  writer.u16(static_cast<uint16_t>(payload.nacks.size()));
  for (const Nack& nack : payload.nacks) {
    writer.session_id(nack.sid);
    writer.u8(static_cast<uint8_t>(nack.code));
    writer.u64(nack.seq);
  }
}

std::optional<AckPayload> decode_ack(std::string_view bytes) {
  ByteReader reader(bytes);
  AckPayload payload;
  payload.cum_seq = reader.u64();
  payload.grant_stamp = reader.u64();
  payload.credit = reader.u32();
  const size_t count = reader.u16();
  if (count > kNacksMax) reader.fail();
  for (size_t index = 0; index < count && reader.ok(); ++index) {
    Nack nack;
    nack.sid = reader.session_id();
    const uint8_t code = reader.u8();
    if (code < 1 || code > 3) reader.fail();
    nack.code = static_cast<NackCode>(code);
    nack.seq = reader.u64();
    payload.nacks.push_back(nack);
  }
  if (!reader.is_complete()) return std::nullopt;
  return payload;
}

void encode(const InvalidatePayload& payload, std::string& out) {
  CHECK(payload.former_ids.size() <= kFormerIdsMax);
  ByteWriter writer(out);
  writer.session_id(payload.sid);
  writer.u32(payload.position.epoch);
  writer.u64(payload.position.version);
  writer.u8(static_cast<uint8_t>(payload.former_ids.size()));
  for (const SessionId& former : payload.former_ids) writer.session_id(former);
}

std::optional<InvalidatePayload> decode_invalidate(std::string_view bytes) {
  ByteReader reader(bytes);
  InvalidatePayload payload;
  payload.sid = reader.session_id();
  payload.position.epoch = reader.u32();
  payload.position.version = reader.u64();
  const size_t count = reader.u8();
  for (size_t index = 0; index < count && reader.ok(); ++index) {
    if (!add_former_id(reader.session_id(), payload.sid, payload.former_ids)) reader.fail();
  }
  if (!reader.is_complete()) return std::nullopt;
  return payload;
}

void encode(const SidPayload& payload, std::string& out) {
  ByteWriter writer(out);
  writer.session_id(payload.sid);
  writer.u32(payload.position.epoch);
  writer.u64(payload.position.version);
}

std::optional<SidPayload> decode_sid(std::string_view bytes) {
  ByteReader reader(bytes);
  SidPayload payload;
  payload.sid = reader.session_id();
  payload.position.epoch = reader.u32();
  payload.position.version = reader.u64();
  if (!reader.is_complete()) return std::nullopt;
  return payload;
}

void encode(const ClaimPayload& payload, std::string& out) {
  ByteWriter writer(out);
  write_parties(payload.parties, writer);
  writer.u32(payload.claimant);
  writer.u8(static_cast<uint8_t>(payload.grounds));
}

std::optional<ClaimPayload> decode_claim(ChannelId channel, std::string_view bytes) {
  ByteReader reader(bytes);
  ClaimPayload payload;
  payload.parties = read_parties(channel, reader);
  payload.claimant = reader.u32();
  const uint8_t grounds = reader.u8();
  payload.grounds = static_cast<ClaimGrounds>(grounds);
  const bool is_primary = payload.claimant == payload.parties.primary;
  if (!is_primary && payload.claimant != payload.parties.secondary) reader.fail();
  if (grounds > 3 || is_primary != (payload.grounds == ClaimGrounds::kPrimary)) reader.fail();
  if (!reader.is_complete()) return std::nullopt;
  return payload;
}

void encode_member(MemberId member, std::string& out) {
  ByteWriter(out).u32(member);
}

std::optional<MemberId> decode_member(std::string_view bytes) {
  ByteReader reader(bytes);
  const MemberId member = reader.u32();
  if (!reader.is_complete() || member == kNobody) return std::nullopt;
  return member;
}

void encode(const LookupPayload& payload, std::string& out) {
  ByteWriter writer(out);
  writer.u64(payload.nonce);
  writer.session_id(payload.sid);
  writer.u32(payload.instead_of);
}

std::optional<LookupPayload> decode_lookup(std::string_view bytes) {
  ByteReader reader(bytes);
  LookupPayload payload;
  payload.nonce = reader.u64();
  payload.sid = reader.session_id();
  payload.instead_of = reader.u32();
  if (!reader.is_complete()) return std::nullopt;
  return payload;
}

void encode(const FoundPayload& payload, std::string& out) {
  ByteWriter writer(out);
  writer.u64(payload.nonce);
  writer.session_id(payload.sid);
  writer.u8(static_cast<uint8_t>(payload.role));
  writer.u32(payload.owner);
  writer.u32(payload.position.epoch);
  writer.u64(payload.position.version);
  writer.u32(payload.group);
  writer.u64(payload.view_version);
}

std::optional<FoundPayload> decode_found(std::string_view bytes) {
  ByteReader reader(bytes);
  FoundPayload payload;
  payload.nonce = reader.u64();
  payload.sid = reader.session_id();
  const uint8_t role = reader.u8();
  if (role > 5) reader.fail();
  payload.role = static_cast<FoundRole>(role);
  payload.owner = reader.u32();
  payload.position.epoch = reader.u32();
  payload.position.version = reader.u64();
  payload.group = reader.u32();
  payload.view_version = reader.u64();
  if (!reader.is_complete()) return std::nullopt;
  return payload;
}

}  // namespace understudy
