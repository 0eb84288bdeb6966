// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/transport/datagram_seal.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/backend_sdk/transport/transport_peer.h"

namespace understudy {
namespace {

using Refusal = DatagramOpener::Refusal;

constexpr MemberId kSender = 7;
constexpr MemberId kReceiver = 9;

struct Pair {
  std::shared_ptr<const Keyring> keys = test_keys("A");
  DatagramSealer sealer{"shop", kSender, 1234};
  DatagramOpener opener{"shop", kReceiver};
  Pair() {
    sealer.use_keys(keys.get());
    opener.use_keys(keys.get());
  }
};

TEST(DatagramSeal, OpensWhatWasSealed) {
  Pair pair;
  const auto opened = pair.opener.open(
      pair.sealer.seal(kReceiver, {.type = DatagramType::kPong, .group = 9, .payload = "hello"}));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->from, kSender);
  EXPECT_EQ(opened->type, DatagramType::kPong);
  EXPECT_EQ(opened->group, 9u);
  EXPECT_EQ(opened->payload, "hello");
}

TEST(DatagramSeal, HidesThePayloadAndIsNoLongerThanAllowed) {
  Pair pair;
  const std::string payload(Transport::kDatagramPayloadMax, 'S');
  const std::string sealed = pair.sealer.seal(kReceiver, {.payload = payload});
  EXPECT_LE(sealed.size(), kDatagramBytesMax);
  EXPECT_EQ(sealed.find("SSSS"), std::string::npos);
  EXPECT_TRUE(pair.opener.open(sealed));
}

TEST(DatagramSeal, AnyChangedBitIsNoticed) {
  Pair pair;
  const std::string sealed = pair.sealer.seal(kReceiver, {.payload = "hello"});
  for (size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    std::string forged = sealed;
    forged[bit / 8] = static_cast<char>(forged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(pair.opener.open(forged)) << "bit " << bit;
  }
  EXPECT_TRUE(pair.opener.open(sealed)) << "refusals leave no trace";
}

TEST(DatagramSeal, EveryTruncationIsRefused) {
  Pair pair;
  const std::string sealed = pair.sealer.seal(kReceiver, {.payload = "hello"});
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(pair.opener.open(std::string_view(sealed).substr(0, size)));
  }
  EXPECT_FALSE(pair.opener.open(std::string(kDatagramBytesMax + 1, 'x')));
}

TEST(DatagramSeal, IsOpenedOnce) {
  Pair pair;
  const std::string sealed = pair.sealer.seal(kReceiver, {.payload = "hello"});
  EXPECT_TRUE(pair.opener.open(sealed));
  EXPECT_FALSE(pair.opener.open(sealed));
  EXPECT_EQ(pair.opener.why(), Refusal::kReplayed);
}

TEST(DatagramSeal, AReplayIsRefusedAcrossAChangeOfKeys) {
  Pair pair;
  const std::string sealed = pair.sealer.seal(kReceiver, {.payload = "hello"});
  EXPECT_TRUE(pair.opener.open(sealed));
  const auto both = test_keys("AB");
  pair.opener.use_keys(both.get());
  EXPECT_FALSE(pair.opener.open(sealed));
}

// A process that starts again has empty windows, and another mid.
TEST(DatagramSeal, WhatWasRecordedIsRefusedByTheReceiversNextLife) {
  Pair pair;
  const std::string recorded = pair.sealer.seal(kReceiver, {.payload = "hello"});
  ASSERT_TRUE(pair.opener.open(recorded));
  DatagramOpener restarted("shop", kReceiver + 1);
  restarted.use_keys(pair.keys.get());
  EXPECT_FALSE(restarted.open(recorded));
  EXPECT_EQ(restarted.why(), Refusal::kOtherReceiver);
  EXPECT_TRUE(restarted.open(pair.sealer.seal(kReceiver + 1, {.payload = "hello"})));
}

TEST(DatagramSeal, ReadsNothingThatIsForAnotherMember) {
  Pair pair;
  EXPECT_FALSE(pair.opener.open(pair.sealer.seal(55, {.payload = "hello"})));
  EXPECT_EQ(pair.opener.why(), Refusal::kOtherReceiver);
}

TEST(DatagramSeal, RefusesItsOwnWhenItIsReflected) {
  Pair pair;
  DatagramOpener sender("shop", kSender);
  sender.use_keys(pair.keys.get());
  EXPECT_FALSE(sender.open(pair.sealer.seal(kReceiver, {.payload = "hello"})));
  EXPECT_EQ(sender.why(), Refusal::kOtherReceiver);
}

TEST(DatagramSeal, AReceiverWrittenOverTheSealedOneIsAForgery) {
  Pair pair;
  std::string moved = pair.sealer.seal(55, {.payload = "hello"});
  moved[28] = kReceiver;  // wire/README.md
  EXPECT_FALSE(pair.opener.open(moved));
  EXPECT_EQ(pair.opener.why(), Refusal::kForged);
}

TEST(DatagramSeal, OpensWhatTheNextKeySealsAndWhatTheOldOneSealedMeanwhile) {
  Pair pair;
  const std::string with_a = pair.sealer.seal(kReceiver, {.payload = "a"});
  const std::string later_with_a = pair.sealer.seal(kReceiver, {.payload = "a"});
  ASSERT_TRUE(pair.opener.open(with_a));
  const auto both = test_keys("BA"), b = test_keys("B");
  pair.opener.use_keys(both.get());
  pair.sealer.use_keys(both.get());
  EXPECT_TRUE(pair.opener.open(pair.sealer.seal(kReceiver, {.payload = "b"})));
  EXPECT_TRUE(pair.opener.open(later_with_a)) << "overtaken by what the new key sealed";
  pair.sealer.use_keys(pair.keys.get());
  const std::string removed = pair.sealer.seal(kReceiver, {.payload = "a"});
  pair.opener.use_keys(b.get());
  EXPECT_FALSE(pair.opener.open(removed));
  EXPECT_EQ(pair.opener.why(), Refusal::kUnknownKey);
}

TEST(DatagramSeal, SaysWhyItRefuses) {
  Pair pair;
  const auto other = test_keys("A", 99), unknown = test_keys("Z");
  DatagramSealer stranger("bank", 8, 1), forger("shop", 8, 1), plain("shop", 8, 1);
  stranger.use_keys(pair.keys.get());
  forger.use_keys(other.get());
  plain.use_keys(nullptr);
  EXPECT_FALSE(pair.opener.open(stranger.seal(kReceiver, {.payload = "x"})));
  EXPECT_EQ(pair.opener.why(), Refusal::kOtherCluster);
  EXPECT_FALSE(pair.opener.open(forger.seal(kReceiver, {.payload = "x"})));
  EXPECT_EQ(pair.opener.why(), Refusal::kForged);
  EXPECT_FALSE(pair.opener.open(plain.seal(kReceiver, {.payload = "x"})));
  EXPECT_EQ(pair.opener.why(), Refusal::kUnknownKey);
  forger.use_keys(unknown.get());
  EXPECT_FALSE(pair.opener.open(forger.seal(kReceiver, {.payload = "x"})));
  EXPECT_EQ(pair.opener.why(), Refusal::kUnknownKey);
  EXPECT_FALSE(pair.opener.open("short"));
  EXPECT_EQ(pair.opener.why(), Refusal::kMalformed);
}

TEST(DatagramSeal, RemembersABoundedNumberOfSendersAndForgetsTheLongestUnheard) {
  Pair pair;
  std::vector<std::string> sealed;
  for (MemberId mid = 1; mid <= DatagramOpener::kSendersMax + 1; ++mid) {
    DatagramSealer sealer("shop", mid, 5);
    sealer.use_keys(pair.keys.get());
    sealed.push_back(sealer.seal(kReceiver, {.payload = "x"}));
    ASSERT_TRUE(pair.opener.open(sealed.back()));
  }
  EXPECT_TRUE(pair.opener.open(sealed.front())) << "forgotten, so it counts as new";
  EXPECT_FALSE(pair.opener.open(sealed[DatagramOpener::kSendersForgottenAtOnce]));
  EXPECT_FALSE(pair.opener.open(sealed.back()));
}

// The windows of living members outlast every change of keys, however full the table is.
TEST(DatagramSeal, AFullTableForgetsNoWindowWhenTheKeysChange) {
  Pair pair;
  std::vector<std::string> sealed;
  for (MemberId mid = 1; mid < DatagramOpener::kSendersMax; ++mid) {
    DatagramSealer sealer("shop", mid, 5);
    sealer.use_keys(pair.keys.get());
    sealed.push_back(sealer.seal(kReceiver, {.payload = "x"}));
    ASSERT_TRUE(pair.opener.open(sealed.back()));
  }
  const auto both = test_keys("BA");
  pair.opener.use_keys(both.get());
  ASSERT_TRUE(pair.opener.open(pair.sealer.seal(kReceiver, {.payload = "x"})));
  for (const std::string& one : sealed) ASSERT_FALSE(pair.opener.open(one));
}

}  // namespace
}  // namespace understudy
