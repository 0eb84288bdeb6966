// SPDX-License-Identifier: Apache-2.0
// What membership says in frames of types 16..31: each message as a value with its encoder and its
// strict decoder (wire/README.md has the bytes). A decoder never trusts a count or a length, and
// nullopt means that the sender breaks the protocol. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend_sdk/membership/view.h"

namespace understudy {

inline constexpr size_t kViewMembersDecodedMax = 4096;  // tombstones included
inline constexpr size_t kReasonBytesMax = 255;

// kJoin: let me in.
struct JoinMessage {
  Member self;
};
std::string encode(const JoinMessage& message);
std::optional<JoinMessage> decode_join(std::string_view payload);

// kRedirect: ask this one. Without a mid: I belong to no group either.
struct RedirectMessage {
  Peer leader;
};
std::string encode(const RedirectMessage& message);
std::optional<RedirectMessage> decode_redirect(std::string_view payload);

// kJoinNo: not like this.
struct JoinNoMessage {
  enum class Why : uint8_t { kFull = 1, kNameTaken = 2, kMidTaken = 3 };
  Why why = Why::kFull;
  std::string reason;  // a sentence for the joiner's log
};
std::string encode(const JoinNoMessage& message);
std::optional<JoinNoMessage> decode_join_no(std::string_view payload);

// kWelcome, kViewPush: a view, or what changed in it since `base_version`.
struct ViewMessage {
  MemberView view;            // its members: all of them, or only the changed and the new
  uint64_t base_version = 0;  // 0: a full view
  std::vector<MemberId> removed{};
  uint64_t hash = 0;  // of the whole view, deltas applied
  bool has_quorum = false;  // as the sender sees it; another group compares (merging.h)

  static ViewMessage full(MemberView view);
  static ViewMessage delta(const MemberView& before, const MemberView& after);
  // The view that the sender has, made from ours; nullopt when a version is missing in between, or
  // when ours is of the same version and yet another (two sides of a partition numbered alike).
  std::optional<MemberView> applied_to(const MemberView& ours) const;
};
std::string encode(const ViewMessage& message);
std::optional<ViewMessage> decode_view(std::string_view payload);

// kViewAsk: this is what I have; send what is newer, or, of another group, what is stronger.
struct ViewAskMessage {
  GroupId group = kNoGroup;
  uint64_t version = 0;
  uint64_t hash = 0;
  bool has_quorum = false;
  uint16_t usable = 0;  // members; 0: the leader is lost
  GroupId yields_to = kNoGroup;
};
std::string encode(const ViewAskMessage& message);
std::optional<ViewAskMessage> decode_view_ask(std::string_view payload);

// kElect: the leader is lost; agree that I take over.
struct ElectMessage {
  GroupId group = kNoGroup;
  uint32_t term = 0;     // in which the candidate stands
  uint64_t version = 0;  // of its view
};
std::string encode(const ElectMessage& message);
std::optional<ElectMessage> decode_elect(std::string_view payload);

// kElectOk
struct ElectOkMessage {
  uint32_t term = 0;
  bool is_granted = false;
  uint32_t voted_term = 0;  // when refused: the highest term voted in
  bool has_proof = false;   // that the leader before is dead, by the voter's own knowledge
};
std::string encode(const ElectOkMessage& message);
std::optional<ElectOkMessage> decode_elect_ok(std::string_view payload);

// kAccuse, to the leader: its port refused me, or another life answered there. kProbeFor: does it
// answer you? kProbeForOk: it has answered me.
struct AboutMessage {
  MemberId mid = kNobody;
};
std::string encode(const AboutMessage& message);
std::optional<AboutMessage> decode_about(std::string_view payload);

// kMerge: all of my group come over to yours.
struct MergeMessage {
  GroupId into = kNoGroup;
  ViewMessage view;  // whole
};
std::string encode(const MergeMessage& message);
std::optional<MergeMessage> decode_merge(std::string_view payload);

// kMergeNo: not like this, and not what was sent before it either.
struct MergeNoMessage {
  GroupId group = kNoGroup;  // which asked
  uint64_t version = 0;      // of its view
  std::string reason;        // a sentence for the log
};
std::string encode(const MergeNoMessage& message);
std::optional<MergeNoMessage> decode_merge_no(std::string_view payload);

}  // namespace understudy
