// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/payloads.h"

#include "backend_sdk/wire/bytes.h"
#include "base/check.h"

namespace understudy {

namespace {

enum class Op : uint8_t {
  kSet = 1,
  kRemove = 2,
  kAnswer = 3,
  kRingEntry = 4,
  kReplaces = 5,
  kRecovery = 6
};

constexpr size_t kValueMax = 5u << 20;  // the frame's own limit is tighter
constexpr size_t kRingNameBytes = 17;
constexpr size_t kSidBytes = 16;
constexpr size_t kRecoveryBytes = 16;

uint32_t to_ms(Duration duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  CHECK(ms >= 0 && ms <= UINT32_MAX);
  return static_cast<uint32_t>(ms);
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

void write_op(Op op, std::string_view name, std::string_view value, ByteWriter& writer) {
  writer.u8(static_cast<uint8_t>(op));
  writer.u8(0);
  writer.u16(static_cast<uint16_t>(name.size()));
  writer.u32(static_cast<uint32_t>(value.size()));
  writer.bytes(name);
  writer.bytes(value);
}

struct RawOp {
  Op op{};
  std::string_view name;
  std::string_view value;
};

RawOp read_op(ByteReader& reader) {
  const uint8_t op = reader.u8();
  reader.zeros(1);
  const size_t name_bytes = reader.u16();
  const size_t value_bytes = reader.u32();
  if (op < 1 || op > 6 || name_bytes > kAttributeNameMax || value_bytes > kValueMax) reader.fail();
  if (!reader.ok()) return {};
  const std::string_view name = reader.bytes(name_bytes);
  return {static_cast<Op>(op), name, reader.bytes(value_bytes)};
}

// What FULL and REPL have in common before their ops.
struct Head {
  SessionId sid;
  Position position;
  uint64_t base = 0;
  RequestId request_id = 0;
  Duration ttl{};
  size_t ops = 0;
};

void write_head(const Head& head, ByteWriter& writer) {
  CHECK(head.ops <= kOpsMax);
  writer.session_id(head.sid);
  writer.u32(head.position.epoch);
  writer.u64(head.position.version);
  writer.u64(head.base);
  writer.u64(head.request_id);
  writer.u32(to_ms(head.ttl));
  writer.u16(static_cast<uint16_t>(head.ops));
}

Head read_head(ByteReader& reader) {
  Head head;
  head.sid = reader.session_id();
  head.position.epoch = reader.u32();
  head.position.version = reader.u64();
  head.base = reader.u64();
  head.request_id = reader.u64();
  head.ttl = std::chrono::milliseconds(reader.u32());
  head.ops = reader.u16();
  if (head.ops > kOpsMax || head.position.epoch == 0) reader.fail();
  return head;
}

Bytes copied(std::string_view bytes) {
  return std::make_shared<const std::string>(bytes);
}

bool read_ring_entry(const RawOp& op, RequestRing& ring) {
  if (op.name.size() != kRingNameBytes) return false;
  ByteReader name(op.name);
  CommittedRequest request;
  request.id = name.u64();
  request.version = name.u64();
  const bool has_answer = name.boolean();
  if (!name.is_complete() || request.id == 0 || ring.find(request.id) != nullptr) return false;
  if (ring.oldest_first().size() == RequestRing::kSize) return false;
  if (!has_answer && !op.value.empty()) return false;
  if (has_answer) request.response = copied(op.value);
  ring.add(std::move(request));
  return true;
}

// False: this op may not stand in a FULL.
bool read_full_op(const RawOp& op, Attributes& attributes, FullPayload& full) {
  switch (op.op) {
    case Op::kSet:
      return !op.name.empty() && attributes.emplace(std::string(op.name), copied(op.value)).second;
    case Op::kRingEntry:
      return read_ring_entry(op, full.image.requests);
    case Op::kReplaces: {
      if (op.name.size() != kSidBytes || !op.value.empty() || full.replaces) return false;
      full.replaces = ByteReader(op.name).session_id();
      return *full.replaces != full.sid;
    }
    case Op::kRecovery: {
      if (op.name.size() != kRecoveryBytes || !op.value.empty() || full.image.recovery)
        return false;
      ByteReader name(op.name);
      const uint32_t epoch = name.u32();
      const uint32_t from = name.u32();
      full.image.recovery = Recovery{.epoch = epoch, .from = {from, name.u64()}};
      return from < epoch && epoch <= full.image.position.epoch;
    }
    default:
      return false;
  }
}

bool read_repl_op(const RawOp& op, SessionDelta& delta) {
  switch (op.op) {
    case Op::kSet:
      if (op.name.empty()) return false;
      delta.changes.push_back({std::string(op.name), copied(op.value)});
      return true;
    case Op::kRemove:
      if (op.name.empty() || !op.value.empty()) return false;
      delta.changes.push_back({std::string(op.name), nullptr});
      return true;
    case Op::kAnswer:
      if (!op.name.empty() || delta.response || delta.request_id == 0) return false;
      delta.response = copied(op.value);
      return true;
    default:
      return false;
  }
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

void encode(const FullPayload& payload, std::string& out) {
  const SessionImage& image = payload.image;
  const auto& ring = image.requests.oldest_first();
  ByteWriter writer(out);
  write_head({.sid = payload.sid,
              .position = image.position,
              .base = image.position.version,
              .ttl = image.ttl,
              .ops = image.attributes->size() + ring.size() + (payload.replaces ? 1 : 0) +
                     (image.recovery ? 1 : 0)},
             writer);
  for (const auto& [name, value] : *image.attributes) write_op(Op::kSet, name, *value, writer);
  for (const CommittedRequest& request : ring) {
    std::string name;
    ByteWriter name_writer(name);
    name_writer.u64(request.id);
    name_writer.u64(request.version);
    name_writer.boolean(request.response != nullptr);
    write_op(Op::kRingEntry, name, request.response ? *request.response : std::string(), writer);
  }
  if (payload.replaces) {
    std::string name;
    ByteWriter(name).session_id(*payload.replaces);
    write_op(Op::kReplaces, name, {}, writer);
  }
  if (image.recovery) {
    std::string name;
    ByteWriter name_writer(name);
    name_writer.u32(image.recovery->epoch);
    name_writer.u32(image.recovery->from.epoch);
    name_writer.u64(image.recovery->from.version);
    write_op(Op::kRecovery, name, {}, writer);
  }
}

std::optional<FullPayload> decode_full(std::string_view bytes) {
  ByteReader reader(bytes);
  const Head head = read_head(reader);
  if (head.base != head.position.version || head.request_id != 0) reader.fail();
  FullPayload payload;
  payload.sid = head.sid;
  payload.image.position = head.position;
  payload.image.ttl = head.ttl;
  auto attributes = std::make_shared<Attributes>();
  for (size_t index = 0; index < head.ops && reader.ok(); ++index) {
    const RawOp op = read_op(reader);
    if (reader.ok() && !read_full_op(op, *attributes, payload)) reader.fail();
  }
  if (!reader.is_complete()) return std::nullopt;
  payload.image.attributes = std::move(attributes);
  return payload;
}

void encode(const ReplPayload& payload, std::string& out) {
  const SessionDelta& delta = payload.delta;
  ByteWriter writer(out);
  write_head({.sid = payload.sid,
              .position = delta.position,
              .base = delta.base,
              .request_id = delta.request_id,
              .ttl = delta.ttl,
              .ops = delta.changes.size() + (delta.response ? 1 : 0)},
             writer);
  for (const AttributeChange& change : delta.changes) {
    write_op(change.value ? Op::kSet : Op::kRemove, change.name,
             change.value ? std::string_view(*change.value) : std::string_view(), writer);
  }
  if (delta.response) write_op(Op::kAnswer, {}, *delta.response, writer);
}

std::optional<ReplPayload> decode_repl(std::string_view bytes) {
  ByteReader reader(bytes);
  const Head head = read_head(reader);
  if (head.position.version == 0 || head.base != head.position.version - 1) reader.fail();
  ReplPayload payload;
  payload.sid = head.sid;
  payload.delta.position = head.position;
  payload.delta.base = head.base;
  payload.delta.request_id = head.request_id;
  payload.delta.ttl = head.ttl;
  for (size_t index = 0; index < head.ops && reader.ok(); ++index) {
    const RawOp op = read_op(reader);
    if (reader.ok() && !read_repl_op(op, payload.delta)) reader.fail();
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
}

std::optional<ClaimPayload> decode_claim(ChannelId channel, std::string_view bytes) {
  ByteReader reader(bytes);
  ClaimPayload payload;
  payload.parties = read_parties(channel, reader);
  payload.claimant = reader.u32();
  if (payload.claimant != payload.parties.primary && payload.claimant != payload.parties.secondary)
    reader.fail();
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
  if (!reader.is_complete()) return std::nullopt;
  return payload;
}

}  // namespace understudy
