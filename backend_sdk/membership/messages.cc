// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/messages.h"

#include <algorithm>
#include <set>

#include "backend_sdk/wire/bytes.h"
#include "base/check.h"

namespace understudy {
namespace {

constexpr uint8_t kProvenFlag = 1;
constexpr uint8_t kCountedFlag = 2;
constexpr uint8_t kNextFlag = 4;
constexpr uint8_t kConfirmedFlag = 8;
constexpr uint8_t kMemberFlags = 15;

void write_member(ByteWriter& writer, const Member& member) {
  writer.u32(member.mid);
  writer.u32(member.join_seq);
  writer.u8(static_cast<uint8_t>(member.liveness));
  writer.u8(static_cast<uint8_t>(member.operator_state));
  writer.u8(static_cast<uint8_t>(
      (member.is_proven ? kProvenFlag : 0) | (member.is_counted ? kCountedFlag : 0) |
      (member.is_next ? kNextFlag : 0) | (member.is_confirmed ? kConfirmedFlag : 0)));
  writer.zeros(1);
  writer.u32(member.weight);
  writer.text8(member.name);
  writer.text8(member.machine);
  writer.text8(member.replication_group);
  writer.text8(member.preferred_secondary_group);
  writer.text16(member.http_address);
  writer.text16(member.cluster_address.to_string());
}

// Fails the reader when the text is no address.
Address read_address(ByteReader& reader) {
  const std::string_view text = reader.text16(kViewAddressBytesMax);
  if (!reader.ok()) return {};
  auto address = Address::parse(text);
  if (!address) {
    reader.fail();
    return {};
  }
  return *std::move(address);
}

Member read_member(ByteReader& reader) {
  Member member;
  member.mid = reader.u32();
  member.join_seq = reader.u32();
  const uint8_t liveness = reader.u8();
  const uint8_t state = reader.u8();
  const uint8_t flags = reader.u8();
  reader.zeros(1);
  member.weight = reader.u32();
  member.name = reader.text8(kViewNameBytesMax);
  member.machine = reader.text8(kViewNameBytesMax);
  member.replication_group = reader.text8(kViewNameBytesMax);
  member.preferred_secondary_group = reader.text8(kViewNameBytesMax);
  member.http_address = reader.text16(kViewAddressBytesMax);
  member.cluster_address = read_address(reader);
  if (member.mid == kNobody || liveness > static_cast<uint8_t>(Liveness::kLeft) ||
      state > static_cast<uint8_t>(OperatorState::kDisabled) ||
      flags > kMemberFlags || member.weight < 1 || member.weight > kViewWeightMax) {
    reader.fail();
  }
  member.liveness = static_cast<Liveness>(liveness);
  member.operator_state = static_cast<OperatorState>(state);
  member.is_proven = flags & kProvenFlag;
  member.is_counted = flags & kCountedFlag;
  member.is_next = flags & kNextFlag;
  member.is_confirmed = flags & kConfirmedFlag;
  return member;
}

// Fails the reader when there is none.
GroupId read_group(ByteReader& reader) {
  const GroupId group = reader.u32();
  if (group == kNoGroup) reader.fail();
  return group;
}

void write_peer(ByteWriter& writer, const Peer& peer) {
  writer.u32(peer.mid);
  writer.text16(peer.mid == kNobody ? "" : peer.address.to_string());
}

Peer read_peer(ByteReader& reader) {
  Peer peer{.mid = reader.u32(), .address = {}};
  if (peer.mid == kNobody) {
    reader.text16(0);
  } else {
    peer.address = read_address(reader);
  }
  return peer;
}

void write_merging(ByteWriter& writer, const MemberView& view) {
  writer.u32(view.yields.group);
  if (view.is_yielding()) write_peer(writer, view.yields.leader);
  CHECK(view.absorbed.size() <= kAbsorbedMax);
  writer.u8(static_cast<uint8_t>(view.absorbed.size()));
  for (const Absorbed& entry : view.absorbed) {
    writer.u32(entry.group);
    writer.u64(entry.version);
    writer.boolean(entry.is_confirmed);
  }
}

void read_merging(ByteReader& reader, MemberView& view) {
  view.yields.group = reader.u32();
  if (view.is_yielding()) view.yields.leader = read_peer(reader);
  const size_t absorbed = reader.u8();
  if (absorbed > kAbsorbedMax) reader.fail();
  for (size_t i = 0; i < absorbed && reader.ok(); ++i) {
    Absorbed entry{.group = read_group(reader)};
    entry.version = reader.u64();
    entry.is_confirmed = reader.boolean();
    if (view.find_absorbed(entry.group)) reader.fail();
    view.absorbed.push_back(entry);
  }
  if (view.yields.group == view.group) reader.fail();
}

bool has_unique_mids(const std::vector<Member>& members) {
  std::set<MemberId> seen;
  return std::all_of(members.begin(), members.end(),
                     [&](const Member& member) { return seen.insert(member.mid).second; });
}

template <typename Message>
std::optional<Message> if_complete(const ByteReader& reader, Message message) {
  if (!reader.is_complete()) return std::nullopt;
  return message;
}

}  // namespace

std::string encode(const JoinMessage& message) {
  std::string out;
  ByteWriter writer(out);
  write_member(writer, message.self);
  return out;
}

std::optional<JoinMessage> decode_join(std::string_view payload) {
  ByteReader reader(payload);
  JoinMessage message{.self = read_member(reader)};
  return if_complete(reader, std::move(message));
}

std::string encode(const RedirectMessage& message) {
  std::string out;
  ByteWriter writer(out);
  write_peer(writer, message.leader);
  return out;
}

std::optional<RedirectMessage> decode_redirect(std::string_view payload) {
  ByteReader reader(payload);
  RedirectMessage message{.leader = read_peer(reader)};
  return if_complete(reader, std::move(message));
}

std::string encode(const JoinNoMessage& message) {
  std::string out;
  ByteWriter writer(out);
  writer.u8(static_cast<uint8_t>(message.why));
  writer.text8(std::string_view(message.reason).substr(0, kReasonBytesMax));
  return out;
}

std::optional<JoinNoMessage> decode_join_no(std::string_view payload) {
  ByteReader reader(payload);
  const uint8_t why = reader.u8();
  if (why < 1 || why > 3) reader.fail();
  JoinNoMessage message{.why = static_cast<JoinNoMessage::Why>(why),
                        .reason = std::string(reader.text8(kReasonBytesMax))};
  return if_complete(reader, std::move(message));
}

ViewMessage ViewMessage::full(MemberView view) {
  const uint64_t hash = view.hash();
  return {.view = std::move(view), .hash = hash};
}

ViewMessage ViewMessage::delta(const MemberView& before, const MemberView& after) {
  CHECK(before.group == after.group);
  ViewMessage message = full(after);
  message.base_version = before.version();
  std::erase_if(message.view.members, [&](const Member& member) {
    const Member* old = before.find(member.mid);
    return old && *old == member;
  });
  for (const Member& member : before.members) {
    if (!after.find(member.mid)) message.removed.push_back(member.mid);
  }
  return message;
}

std::optional<MemberView> ViewMessage::applied_to(const MemberView& ours) const {
  if (base_version == 0) return view;
  if (ours.group != view.group || ours.version() != base_version) return std::nullopt;
  MemberView after = view;
  for (const Member& member : ours.members) {
    const bool is_removed = std::find(removed.begin(), removed.end(), member.mid) != removed.end();
    if (!is_removed && !view.find(member.mid)) after.members.push_back(member);
  }
  std::sort(after.members.begin(), after.members.end(), [](const Member& a, const Member& b) {
    return std::tie(a.join_seq, a.mid) < std::tie(b.join_seq, b.mid);
  });
  if (after.hash() != hash) return std::nullopt;
  return after;
}

namespace {

void write_view(ByteWriter& writer, const ViewMessage& message) {
  writer.u32(message.view.group);
  writer.u32(message.view.term);
  writer.u32(message.view.seq);
  writer.u64(message.base_version);
  writer.boolean(message.has_quorum);
  write_merging(writer, message.view);
  CHECK(message.view.members.size() <= kViewMembersDecodedMax);
  writer.u16(static_cast<uint16_t>(message.view.members.size()));
  for (const Member& member : message.view.members) write_member(writer, member);
  CHECK(message.removed.size() <= kViewMembersDecodedMax);
  writer.u16(static_cast<uint16_t>(message.removed.size()));
  for (const MemberId mid : message.removed) writer.u32(mid);
  writer.u64(message.hash);
}

ViewMessage read_view(ByteReader& reader) {
  ViewMessage message;
  message.view.group = read_group(reader);
  message.view.term = reader.u32();
  message.view.seq = reader.u32();
  message.base_version = reader.u64();
  message.has_quorum = reader.boolean();
  read_merging(reader, message.view);
  const size_t members = reader.u16();
  if (members > kViewMembersDecodedMax) reader.fail();
  for (size_t i = 0; i < members && reader.ok(); ++i) {
    message.view.members.push_back(read_member(reader));
  }
  const size_t removed = reader.u16();
  if (removed > kViewMembersDecodedMax) reader.fail();
  for (size_t i = 0; i < removed && reader.ok(); ++i) message.removed.push_back(reader.u32());
  message.hash = reader.u64();
  if (message.view.version() == 0 || !has_unique_mids(message.view.members) ||
      (message.base_version == 0 && message.hash != message.view.hash())) {
    reader.fail();
  }
  return message;
}

}  // namespace

std::string encode(const ViewMessage& message) {
  std::string out;
  ByteWriter writer(out);
  write_view(writer, message);
  return out;
}

std::optional<ViewMessage> decode_view(std::string_view payload) {
  ByteReader reader(payload);
  ViewMessage message = read_view(reader);
  return if_complete(reader, std::move(message));
}

std::string encode(const MergeMessage& message) {
  std::string out;
  ByteWriter writer(out);
  writer.u32(message.into);
  write_view(writer, message.view);
  return out;
}

std::optional<MergeMessage> decode_merge(std::string_view payload) {
  ByteReader reader(payload);
  MergeMessage message{.into = read_group(reader), .view = {}};
  message.view = read_view(reader);
  if (message.view.base_version != 0 || message.view.view.group == message.into) reader.fail();
  return if_complete(reader, std::move(message));
}

std::string encode(const MergeNoMessage& message) {
  std::string out;
  ByteWriter writer(out);
  writer.u32(message.group);
  writer.u64(message.version);
  writer.text8(std::string_view(message.reason).substr(0, kReasonBytesMax));
  return out;
}

std::optional<MergeNoMessage> decode_merge_no(std::string_view payload) {
  ByteReader reader(payload);
  MergeNoMessage message{.group = read_group(reader), .reason = {}};
  message.version = reader.u64();
  message.reason = reader.text8(kReasonBytesMax);
  return if_complete(reader, std::move(message));
}

std::string encode(const ViewAskMessage& message) {
  std::string out;
  ByteWriter writer(out);
  writer.u32(message.group);
  writer.u64(message.version);
  writer.u64(message.hash);
  writer.boolean(message.has_quorum);
  writer.u16(message.usable);
  writer.u32(message.yields_to);
  return out;
}

std::optional<ViewAskMessage> decode_view_ask(std::string_view payload) {
  ByteReader reader(payload);
  ViewAskMessage message;
  message.group = read_group(reader);
  message.version = reader.u64();
  message.hash = reader.u64();
  message.has_quorum = reader.boolean();
  message.usable = reader.u16();
  message.yields_to = reader.u32();
  return if_complete(reader, message);
}

std::string encode(const ElectMessage& message) {
  std::string out;
  ByteWriter writer(out);
  writer.u32(message.group);
  writer.u32(message.term);
  writer.u64(message.version);
  return out;
}

std::optional<ElectMessage> decode_elect(std::string_view payload) {
  ByteReader reader(payload);
  ElectMessage message;
  message.group = read_group(reader);
  message.term = reader.u32();
  message.version = reader.u64();
  if (message.term == 0) reader.fail();
  return if_complete(reader, message);
}

std::string encode(const ElectOkMessage& message) {
  std::string out;
  ByteWriter writer(out);
  writer.u32(message.term);
  writer.boolean(message.is_granted);
  writer.u32(message.voted_term);
  writer.boolean(message.has_proof);
  return out;
}

std::optional<ElectOkMessage> decode_elect_ok(std::string_view payload) {
  ByteReader reader(payload);
  ElectOkMessage message;
  message.term = reader.u32();
  message.is_granted = reader.boolean();
  message.voted_term = reader.u32();
  message.has_proof = reader.boolean();
  return if_complete(reader, message);
}

std::string encode(const AboutMessage& message) {
  std::string out;
  ByteWriter(out).u32(message.mid);
  return out;
}

std::optional<AboutMessage> decode_about(std::string_view payload) {
  ByteReader reader(payload);
  AboutMessage message{.mid = reader.u32()};
  if (message.mid == kNobody) reader.fail();
  return if_complete(reader, message);
}

}  // namespace understudy
