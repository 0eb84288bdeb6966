// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/payloads.h"

#include <gtest/gtest.h>

#include <functional>

#include "backend_sdk/wire/bytes.h"
#include "base/random.h"

namespace understudy {
namespace {

constexpr MemberId kA = 11;
constexpr MemberId kB = 22;
constexpr MemberId kW = 33;
constexpr ChannelId kChannel = uint64_t{kA} << 32 | 5;

SessionId sid_of(uint8_t byte) {
  SessionId sid;
  sid.bytes.fill(byte);
  return sid;
}

Bytes bytes_of(const char* text) {
  return std::make_shared<const std::string>(text);
}

FullPayload some_full() {
  FullPayload full;
  full.sid = sid_of(7);
  full.image.position = {3, 9};
  full.image.ttl = std::chrono::minutes(30);
  full.image.attributes = std::make_shared<const Attributes>(
      Attributes{{"cart", bytes_of("3 apples")}, {"empty", bytes_of("")}});
  full.image.requests.add({100, 8, bytes_of("stored")});
  full.image.requests.add({101, 9, nullptr});
  full.image.named_by = 100;
  full.former_ids = {{sid_of(5), {}}, {sid_of(6), std::chrono::seconds(3)}};
  full.image.recovery = Recovered{.epoch = 3, .from = {2, 7}};
  return full;
}

ReplPayload some_repl() {
  ReplPayload repl;
  repl.sid = sid_of(7);
  repl.delta.position = {3, 10};
  repl.delta.base = 9;
  repl.delta.request_id = 102;
  repl.delta.response = bytes_of("answer");
  repl.delta.ttl = std::chrono::seconds(5);
  repl.delta.changes = {{"cart", bytes_of("4 apples")}, {"gone", nullptr}};
  repl.delta.forgotten = {98, 99};
  return repl;
}

OpenPayload some_open() {
  OpenPayload open;
  open.parties = {kChannel, kA, kB, kW};
  open.view_hash = 77;
  open.lease = std::chrono::seconds(3);
  open.adopts = kChannel - 1;
  open.adopts_seq = 44;
  return open;
}

template <typename Payload>
std::string encoded(const Payload& payload) {
  std::string out;
  encode(payload, out);
  return out;
}

TEST(Payloads, AFullSessionArrivesAsItWas) {
  const auto full = decode_full(encoded(some_full()));
  ASSERT_TRUE(full);
  EXPECT_EQ(full->sid, sid_of(7));
  EXPECT_EQ(full->image.position, (Position{3, 9}));
  EXPECT_EQ(full->image.ttl, std::chrono::minutes(30));
  EXPECT_EQ(*full->image.attributes->at("cart"), "3 apples");
  EXPECT_EQ(*full->image.attributes->at("empty"), "");
  EXPECT_EQ(*full->image.requests.find(100)->response, "stored");
  EXPECT_EQ(full->image.requests.find(101)->response, nullptr);
  EXPECT_EQ(full->image.named_by, 100u);
  EXPECT_EQ(full->former_ids, some_full().former_ids);
  ASSERT_TRUE(full->image.recovery);
  EXPECT_EQ(full->image.recovery->epoch, 3u);
  EXPECT_EQ(full->image.recovery->from, (Position{2, 7}));
}

// Flags of a remembered request: 1 its answer follows, 2 the login that made the present id.
TEST(Payloads, OneLoginAtMostHasMadeTheId) {
  const std::string good = encoded(some_full());
  std::string remembered(8, '\0');
  remembered[0] = 101;
  const size_t flags = good.find(remembered) + 16;
  ASSERT_LT(flags, good.size());
  ASSERT_EQ(good[flags], 0);
  for (const char other : {2, 4}) {
    std::string bad = good;
    bad[flags] = other;
    EXPECT_FALSE(decode_full(bad)) << static_cast<int>(other);
  }
}

TEST(Payloads, ADeltaArrivesAsItWas) {
  const auto repl = decode_repl(encoded(some_repl()));
  ASSERT_TRUE(repl);
  EXPECT_EQ(repl->delta.position, (Position{3, 10}));
  EXPECT_EQ(repl->delta.base, 9u);
  EXPECT_EQ(*repl->delta.response, "answer");
  ASSERT_EQ(repl->delta.changes.size(), 2u);
  EXPECT_EQ(repl->delta.changes[1].value, nullptr);
  EXPECT_EQ(repl->delta.forgotten, (std::vector<RequestId>{98, 99}));
}

TEST(Payloads, AnAcknowledgementArrivesAsItWas) {
  AckPayload ack{.cum_seq = 9, .grant_stamp = 10, .credit = 11, .nacks = {}};
  ack.nacks.push_back({sid_of(1), NackCode::kOverload, 8});
  const auto again = decode_ack(encoded(ack));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->cum_seq, 9u);
  EXPECT_EQ(again->nacks.at(0).code, NackCode::kOverload);
  EXPECT_EQ(again->nacks.at(0).seq, 8u);
}

TEST(Payloads, AnOpenArrivesAsItWas) {
  const auto open = decode_open(kChannel, encoded(some_open()));
  ASSERT_TRUE(open);
  EXPECT_EQ(open->parties, some_open().parties);
  EXPECT_EQ(open->adopts_seq, 44u);
}

// Each decoder with a text that it accepts.
struct Case {
  const char* name;
  std::string good;
  std::function<bool(std::string_view)> accepts;
};

std::vector<Case> cases() {
  std::string member;
  encode_member(kB, member);
  return {
      {"OPEN", encoded(some_open()), [](auto text) { return bool(decode_open(kChannel, text)); }},
      {"ACK", encoded(AckPayload{.nacks = {{sid_of(1), NackCode::kStale, 1}}}),
       [](auto text) { return bool(decode_ack(text)); }},
      {"FULL", encoded(some_full()), [](auto text) { return bool(decode_full(text)); }},
      {"REPL", encoded(some_repl()), [](auto text) { return bool(decode_repl(text)); }},
      {"TOUCH", encoded(SidPayload{sid_of(1), {1, 2}}),
       [](auto text) { return bool(decode_sid(text)); }},
      {"INVALIDATE", encoded(InvalidatePayload{sid_of(1), {1, 2}, {sid_of(2), sid_of(3)}}),
       [](auto text) { return bool(decode_invalidate(text)); }},
      {"CLAIM", encoded(ClaimPayload{{kChannel, kA, kB, kW}, kB, ClaimGrounds::kProof}),
       [](auto text) { return bool(decode_claim(kChannel, text)); }},
      {"LOOKUP", encoded(LookupPayload{4, sid_of(1), kA}),
       [](auto text) { return bool(decode_lookup(text)); }},
      {"FOUND", encoded(FoundPayload{4, sid_of(1), FoundRole::kCopy, kA, {1, 1}, 5, 6}),
       [](auto text) { return bool(decode_found(text)); }},
      {"VOTE", member, [](auto text) { return bool(decode_member(text)); }},
  };
}

TEST(Payloads, NothingShorterOrLongerIsAccepted) {
  for (const Case& test : cases()) {
    SCOPED_TRACE(test.name);
    EXPECT_TRUE(test.accepts(test.good));
    for (size_t size = 0; size < test.good.size(); ++size) {
      EXPECT_FALSE(test.accepts(std::string_view(test.good).substr(0, size))) << size;
    }
    EXPECT_FALSE(test.accepts(test.good + '\0'));
  }
}

TEST(Payloads, MutatedBytesNeverReadPastTheEnd) {
  SeededRandom random(20);
  for (const Case& test : cases()) {
    for (int round = 0; round < 2000; ++round) {
      std::string bytes = test.good;
      for (int flips = 0; flips < 3; ++flips) {
        bytes[random.below(bytes.size())] = static_cast<char>(random.next());
      }
      (void)test.accepts(bytes);  // the sanitizers watch
    }
  }
}

TEST(Payloads, AMemberCannotSpeakForAnothersChannel) {
  const std::string bytes = encoded(some_open());
  EXPECT_FALSE(decode_open((uint64_t{kB} << 32) | 5, bytes));
}

TEST(Payloads, ThePartiesOfAChannelAreThree) {
  struct {
    MemberId a, b, w;
    bool accepted;
  } table[] = {{kA, kB, kW, true},  {kA, kB, kNobody, true}, {kA, kA, kW, false},
               {kA, kB, kB, false}, {kA, kB, kA, false},     {kA, kNobody, kW, false}};
  for (const auto& row : table) {
    SCOPED_TRACE(testing::Message() << row.a << " " << row.b << " " << row.w);
    OpenPayload open = some_open();
    open.parties = {kChannel, row.a, row.b, row.w};
    EXPECT_EQ(bool(decode_open(kChannel, encoded(open))), row.accepted);
  }
}

TEST(Payloads, ALeaseIsBounded) {
  struct {
    Duration lease;
    bool accepted;
  } table[] = {{kLeaseMin, true},
               {kLeaseMin - std::chrono::milliseconds(1), false},
               {kLeaseMax, true},
               {kLeaseMax + std::chrono::milliseconds(1), false}};
  for (const auto& row : table) {
    OpenPayload open = some_open();
    open.lease = row.lease;
    EXPECT_EQ(bool(decode_open(kChannel, encoded(open))), row.accepted);
  }
}

TEST(Payloads, RefusalsAreBounded) {
  AckPayload ack;
  ack.nacks.resize(kNacksMax);
  const std::string at_max = encoded(ack);
  EXPECT_TRUE(decode_ack(at_max));
  std::string above = at_max;
  above[20] = static_cast<char>((kNacksMax + 1) & 0xff);  // the count, after 8 + 8 + 4 bytes
  above[21] = static_cast<char>((kNacksMax + 1) >> 8);
  above.append(25, '\1');
  EXPECT_FALSE(decode_ack(above));
}

TEST(Payloads, ANameIsBounded) {
  for (const size_t size : {kAttributeNameMax, kAttributeNameMax + 1}) {
    FullPayload full = some_full();
    full.image.attributes =
        std::make_shared<const Attributes>(Attributes{{std::string(size, 'n'), bytes_of("v")}});
    EXPECT_EQ(bool(decode_full(encoded(full))), size == kAttributeNameMax) << size;
  }
}

TEST(Payloads, ARecoveryIsNewerThanWhatItIsFromAndNoNewerThanTheSession) {
  struct {
    Recovered recovery;
    bool good;
  } table[] = {
      {{3, {2, 7}}, true}, {{3, {3, 7}}, false}, {{4, {2, 7}}, false}, {{1, {0, 0}}, true}};
  for (const auto& row : table) {
    SCOPED_TRACE(row.recovery.epoch);
    FullPayload full = some_full();
    full.image.recovery = row.recovery;
    EXPECT_EQ(bool(decode_full(encoded(full))), row.good);
  }
}

TEST(Payloads, ADeltaRaisesTheVersionByOne) {
  ReplPayload repl = some_repl();
  repl.delta.base = 8;
  EXPECT_FALSE(decode_repl(encoded(repl)));
}

TEST(Payloads, ADeltaCannotBeReadAsAFullSession) {
  EXPECT_FALSE(decode_full(encoded(some_repl())));
  EXPECT_FALSE(decode_repl(encoded(some_full())));
}

TEST(Payloads, OnlyAPartyClaimsAndOnGroundsThatItCanHave) {
  struct {
    MemberId claimant;
    ClaimGrounds grounds;
    bool good;
  } table[] = {{kA, ClaimGrounds::kPrimary, true},  {kA, ClaimGrounds::kGraceOver, false},
               {kB, ClaimGrounds::kPrimary, false}, {kB, ClaimGrounds::kGraceOver, true},
               {kB, ClaimGrounds::kProof, true},    {kB, ClaimGrounds::kGranted, true},
               {kB, ClaimGrounds{4}, false},        {kW, ClaimGrounds::kProof, false}};
  for (const auto& row : table) {
    SCOPED_TRACE(row.claimant);
    const ClaimPayload claim{{kChannel, kA, kB, kW}, row.claimant, row.grounds};
    EXPECT_EQ(bool(decode_claim(kChannel, encoded(claim))), row.good);
  }
}

TEST(Payloads, FormerIdsAreBoundedAndDistinct) {
  FullPayload full = some_full();
  full.former_ids.clear();
  for (uint8_t id = 20; full.former_ids.size() < kFormerIdsMax; ++id) {
    full.former_ids.push_back({sid_of(id), {}});
  }
  EXPECT_TRUE(decode_full(encoded(full)));
  full.former_ids.push_back({sid_of(40), {}});
  EXPECT_FALSE(decode_full(encoded(full)));
  full.former_ids = {{sid_of(20), {}}, {sid_of(20), {}}};
  EXPECT_FALSE(decode_full(encoded(full)));
  EXPECT_FALSE(decode_invalidate(encoded(InvalidatePayload{sid_of(1), {1, 2}, {sid_of(1)}})));
}

TEST(Payloads, TheLargestImageFitsIntoAFrame) {
  FullPayload full = some_full();
  const size_t room = kImageBytesMax - full.image.bytes() - 200;
  Attributes attributes = *full.image.attributes;
  attributes["large"] = std::make_shared<const std::string>(room, 'x');
  full.image.attributes = std::make_shared<const Attributes>(std::move(attributes));
  ASSERT_LE(full.image.bytes(), kImageBytesMax);
  EXPECT_LE(encoded(full).size(), kFramePayloadMax);
  EXPECT_TRUE(decode_full(encoded(full)));
}

}  // namespace
}  // namespace understudy
