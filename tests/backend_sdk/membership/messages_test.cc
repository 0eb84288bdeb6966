// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/messages.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace understudy {
namespace {

Member member(MemberId mid) {
  Member member;
  member.mid = mid;
  member.join_seq = mid;
  member.name = "m" + std::to_string(mid);
  member.machine = "rack";
  member.replication_group = "east";
  member.preferred_secondary_group = "west";
  member.weight = 7;
  member.http_address = "example.org:80";
  member.cluster_address = Address::loopback(static_cast<uint16_t>(mid));
  member.operator_state = OperatorState::kDraining;
  member.is_counted = true;
  return member;
}

MemberView view_of(std::initializer_list<MemberId> mids) {
  MemberView view{.group = 6, .term = 2, .seq = 3, .members = {}};
  for (const MemberId mid : mids) view.members.push_back(member(mid));
  return view;
}

TEST(ViewMessage, CarriesEverything) {
  MemberView view = view_of({1, 2, 3});
  view.members[1].liveness = Liveness::kDead;
  view.members[1].is_proven = true;
  const auto decoded = decode_view(encode(ViewMessage::full(view)));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->view, view);
  EXPECT_EQ(decoded->applied_to({}), view);
}

TEST(ViewMessage, ADeltaTurnsTheOldViewIntoTheNew) {
  const MemberView before = view_of({1, 2, 3});
  MemberView after = view_of({1, 3, 4});
  after.seq = 4;
  after.members[1].liveness = Liveness::kLeft;
  const auto decoded = decode_view(encode(ViewMessage::delta(before, after)));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->view.members.size(), 2u) << "only what changed";
  EXPECT_EQ(decoded->applied_to(before), after);
}

TEST(ViewMessage, ADeltaAppliesToItsBaseOnly) {
  const MemberView before = view_of({1, 2});
  MemberView after = view_of({1, 2, 3});
  after.seq = 4;
  const ViewMessage delta = ViewMessage::delta(before, after);
  MemberView missed = before;
  missed.seq = 2;
  EXPECT_FALSE(delta.applied_to(missed));
  MemberView twin = before;
  twin.members[0].machine = "elsewhere";
  EXPECT_FALSE(delta.applied_to(twin)) << "the same version, but not the same view";
  MemberView foreign = before;
  foreign.group = 99;
  EXPECT_FALSE(delta.applied_to(foreign));
}

TEST(ViewMessage, RefusesMembersThatCannotBe) {
  const auto decodes = [](auto change) {
    MemberView view = view_of({1, 2});
    change(view);
    return decode_view(encode(ViewMessage::full(view))).has_value();
  };
  EXPECT_TRUE(decodes([](MemberView&) {}));
  EXPECT_FALSE(decodes([](MemberView& view) { view.members[1].mid = 1; }));
  EXPECT_FALSE(decodes([](MemberView& view) { view.members[1].mid = kNobody; }));
  EXPECT_FALSE(decodes([](MemberView& view) { view.members[1].weight = 0; }));
  EXPECT_FALSE(decodes([](MemberView& view) { view.members[1].weight = kViewWeightMax + 1; }));
  EXPECT_TRUE(decodes([](MemberView& view) { view.members[1].name.assign(64, 'n'); }));
  EXPECT_FALSE(decodes([](MemberView& view) { view.members[1].name.assign(65, 'n'); }));
  EXPECT_FALSE(decodes([](MemberView& view) { view.group = 0; }));
  EXPECT_FALSE(decodes([](MemberView& view) { view.term = view.seq = 0; }));
}

TEST(ViewHash, SeesWhatOthersActOnAndNothingElse) {
  const MemberView view = view_of({1, 2});
  const auto changes = [&](auto change) {
    MemberView other = view;
    change(other);
    return other.hash() != view.hash();
  };
  EXPECT_FALSE(changes([](MemberView& other) { ++other.seq; }));
  EXPECT_FALSE(changes([](MemberView& other) { other.members[0].is_counted = false; }));
  EXPECT_FALSE(changes([](MemberView& other) { other.members[0].liveness = Liveness::kSuspect; }));
  EXPECT_TRUE(changes([](MemberView& other) { other.members[0].liveness = Liveness::kDead; }));
  EXPECT_TRUE(changes([](MemberView& other) { other.members[0].liveness = Liveness::kLeft; }));
  EXPECT_TRUE(changes([](MemberView& other) { other.members[0].weight = 8; }));
  EXPECT_TRUE(changes([](MemberView& other) { other.members[0].http_address = "b:1"; }));
  EXPECT_TRUE(changes([](MemberView& other) {
    other.members[0].name = "m1r";
    other.members[0].machine = "ack";
  }));
  EXPECT_TRUE(changes([](MemberView& other) { other.members.pop_back(); }));
}

TEST(Messages, ReadWhatTheyWrote) {
  EXPECT_EQ(decode_join(encode(JoinMessage{member(4)}))->self, member(4));
  const Peer leader{3, Address::loopback(9)};
  EXPECT_EQ(decode_redirect(encode(RedirectMessage{leader}))->leader.address, leader.address);
  EXPECT_EQ(decode_redirect(encode(RedirectMessage{}))->leader.mid, kNobody);
  const auto no = decode_join_no(
      encode(JoinNoMessage{.why = JoinNoMessage::Why::kNameTaken, .reason = "taken"}));
  EXPECT_EQ(no->reason, "taken");
  EXPECT_EQ(decode_view_ask(encode(ViewAskMessage{.group = 1, .version = 3}))->version, 3u);
  EXPECT_EQ(decode_elect(encode(ElectMessage{1, 3, 4}))->term, 3u);
  EXPECT_TRUE(decode_elect_ok(encode(ElectOkMessage{1, true, 2, false}))->is_granted);
  EXPECT_EQ(decode_about(encode(AboutMessage{8}))->mid, 8u);
}

TEST(Messages, NoDecoderTakesATruncatedOrALongerMessage) {
  const std::string messages[] = {
      encode(JoinMessage{member(4)}),
      encode(ViewMessage::full(view_of({1, 2}))),
      encode(ViewAskMessage{.group = 1, .version = 3}),
      encode(ElectMessage{1, 3, 4}),
  };
  const auto decodes = [](size_t which, std::string_view bytes) {
    switch (which) {
      case 0:
        return decode_join(bytes).has_value();
      case 1:
        return decode_view(bytes).has_value();
      case 2:
        return decode_view_ask(bytes).has_value();
      default:
        return decode_elect(bytes).has_value();
    }
  };
  for (size_t which = 0; which < std::size(messages); ++which) {
    const std::string& message = messages[which];
    EXPECT_TRUE(decodes(which, message));
    EXPECT_FALSE(decodes(which, message + "x"));
    for (size_t size = 0; size < message.size(); ++size) {
      EXPECT_FALSE(decodes(which, std::string_view(message).substr(0, size)));
    }
  }
}

}  // namespace
}  // namespace understudy
