// SPDX-License-Identifier: Apache-2.0
// FULL and REPL: a whole session, and one commit of it.
#include <algorithm>

#include "backend_sdk/replication/payloads.h"
#include "backend_sdk/wire/bytes.h"
#include "base/check.h"

namespace understudy {

namespace {

enum class Op : uint8_t {
  kSet = 1,
  kRemove = 2,
  kAnswer = 3,
  kRemembered = 4,
  kFormerId = 5,
  kRecovery = 6,
  kForgotten = 7,
};

constexpr size_t kValueMax = 5u << 20;  // the frame's own limit is tighter
constexpr size_t kRememberedBytes = 17;
constexpr uint8_t kAnswerFlag = 1;
constexpr uint8_t kNamedFlag = 2;
constexpr size_t kForgottenBytes = 8;
constexpr size_t kFormerIdBytes = 20;
constexpr size_t kRecoveryBytes = 16;

uint32_t to_ms(Duration duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  CHECK(ms >= 0 && ms <= UINT32_MAX);
  return static_cast<uint32_t>(ms);
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
  if (op < 1 || op > 7 || name_bytes > kAttributeNameMax || value_bytes > kValueMax) reader.fail();
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

bool read_remembered(const RawOp& op, SessionImage& image) {
  if (op.name.size() != kRememberedBytes) return false;
  RequestMemory& requests = image.requests;
  ByteReader name(op.name);
  CommittedRequest request;
  request.id = name.u64();
  request.version = name.u64();
  const uint8_t flags = name.u8();
  if (flags > (kAnswerFlag | kNamedFlag)) return false;
  const bool has_answer = (flags & kAnswerFlag) != 0;
  if (!name.is_complete() || request.id == 0 || requests.find(request.id) != nullptr) return false;
  if (requests.size() == RequestMemory::kMax) return false;
  if (!has_answer && !op.value.empty()) return false;
  if (has_answer) request.response = copied(op.value);
  if ((flags & kNamedFlag) != 0) {
    if (image.named_by != 0) return false;  // one id, one login
    image.named_by = request.id;
  }
  requests.add(std::move(request));
  return true;
}

bool read_former_id(const RawOp& op, FullPayload& full) {
  if (op.name.size() != kFormerIdBytes || !op.value.empty()) return false;
  ByteReader name(op.name);
  FormerId former{.sid = name.session_id(), .alias_left = std::chrono::milliseconds(name.u32())};
  const bool is_known = std::any_of(full.former_ids.begin(), full.former_ids.end(),
                                    [&](const FormerId& other) { return other.sid == former.sid; });
  if (former.sid == full.sid || is_known || full.former_ids.size() == kFormerIdsMax) return false;
  full.former_ids.push_back(former);
  return true;
}

// False: this op may not stand in a FULL.
bool read_full_op(const RawOp& op, Attributes& attributes, FullPayload& full) {
  switch (op.op) {
    case Op::kSet:
      return !op.name.empty() && attributes.emplace(std::string(op.name), copied(op.value)).second;
    case Op::kRemembered:
      return read_remembered(op, full.image);
    case Op::kFormerId:
      return read_former_id(op, full);
    case Op::kRecovery: {
      if (op.name.size() != kRecoveryBytes || !op.value.empty() || full.image.recovery)
        return false;
      ByteReader name(op.name);
      const uint32_t epoch = name.u32();
      const uint32_t from = name.u32();
      full.image.recovery = Recovered{.epoch = epoch, .from = {from, name.u64()}};
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
    case Op::kForgotten:
      if (op.name.size() != kForgottenBytes || !op.value.empty()) return false;
      if (delta.forgotten.size() == RequestMemory::kMax) return false;
      delta.forgotten.push_back(ByteReader(op.name).u64());
      return delta.forgotten.back() != 0;
    default:
      return false;
  }
}

}  // namespace

void encode(const FullPayload& payload, std::string& out) {
  const SessionImage& image = payload.image;
  const auto& requests = image.requests.oldest_first();
  ByteWriter writer(out);
  write_head({.sid = payload.sid,
              .position = image.position,
              .base = image.position.version,
              .ttl = image.ttl,
              .ops = image.attributes->size() + requests.size() + payload.former_ids.size() +
                     (image.recovery ? 1 : 0)},
             writer);
  for (const auto& [name, value] : *image.attributes) write_op(Op::kSet, name, *value, writer);
  for (const CommittedRequest& request : requests) {
    std::string name;
    ByteWriter name_writer(name);
    name_writer.u64(request.id);
    name_writer.u64(request.version);
    const int answer = request.response ? kAnswerFlag : 0;
    const int named = request.id == image.named_by ? kNamedFlag : 0;
    name_writer.u8(static_cast<uint8_t>(answer | named));
    write_op(Op::kRemembered, name, request.response ? *request.response : std::string(), writer);
  }
  for (const FormerId& former : payload.former_ids) {
    std::string name;
    ByteWriter name_writer(name);
    name_writer.session_id(former.sid);
    name_writer.u32(to_ms(former.alias_left));
    write_op(Op::kFormerId, name, {}, writer);
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
              .ops = delta.changes.size() + delta.forgotten.size() + (delta.response ? 1 : 0)},
             writer);
  for (const AttributeChange& change : delta.changes) {
    write_op(change.value ? Op::kSet : Op::kRemove, change.name,
             change.value ? std::string_view(*change.value) : std::string_view(), writer);
  }
  for (const RequestId id : delta.forgotten) {
    std::string name;
    ByteWriter(name).u64(id);
    write_op(Op::kForgotten, name, {}, writer);
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

}  // namespace understudy
