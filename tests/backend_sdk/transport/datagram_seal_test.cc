// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/transport/datagram_seal.h"

#include <gtest/gtest.h>

#include "tests/backend_sdk/transport/transport_peer.h"

namespace understudy {
namespace {

using Refusal = DatagramOpener::Refusal;

struct Pair {
  std::shared_ptr<const Keyring> keys = test_keys("A");
  DatagramSealer sealer{"shop", 7, 1234};
  DatagramOpener opener{"shop"};
  Pair() {
    sealer.use_keys(keys.get());
    opener.use_keys(keys.get());
  }
};

TEST(DatagramSeal, OpensWhatWasSealed) {
  Pair pair;
  const auto opened = pair.opener.open(
      pair.sealer.seal({.type = DatagramType::kPong, .group = 9, .payload = "hello"}));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->from, 7u);
  EXPECT_EQ(opened->type, DatagramType::kPong);
  EXPECT_EQ(opened->group, 9u);
  EXPECT_EQ(opened->payload, "hello");
}

TEST(DatagramSeal, HidesThePayloadAndIsNoLongerThanAllowed) {
  Pair pair;
  const std::string payload(Transport::kDatagramPayloadMax, 'S');
  const std::string sealed = pair.sealer.seal({.payload = payload});
  EXPECT_LE(sealed.size(), kDatagramBytesMax);
  EXPECT_EQ(sealed.find("SSSS"), std::string::npos);
  EXPECT_TRUE(pair.opener.open(sealed));
}

TEST(DatagramSeal, AnyChangedBitIsNoticed) {
  Pair pair;
  const std::string sealed = pair.sealer.seal({.payload = "hello"});
  for (size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    std::string forged = sealed;
    forged[bit / 8] = static_cast<char>(forged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(pair.opener.open(forged)) << "bit " << bit;
  }
  EXPECT_TRUE(pair.opener.open(sealed)) << "refusals leave no trace";
}

TEST(DatagramSeal, EveryTruncationIsRefused) {
  Pair pair;
  const std::string sealed = pair.sealer.seal({.payload = "hello"});
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(pair.opener.open(std::string_view(sealed).substr(0, size)));
  }
  EXPECT_FALSE(pair.opener.open(std::string(kDatagramBytesMax + 1, 'x')));
}

TEST(DatagramSeal, IsOpenedOnce) {
  Pair pair;
  const std::string sealed = pair.sealer.seal({.payload = "hello"});
  EXPECT_TRUE(pair.opener.open(sealed));
  EXPECT_FALSE(pair.opener.open(sealed));
  EXPECT_EQ(pair.opener.why(), Refusal::kReplayed);
}

TEST(DatagramSeal, AReplayIsRefusedAcrossAChangeOfKeys) {
  Pair pair;
  const std::string sealed = pair.sealer.seal({.payload = "hello"});
  EXPECT_TRUE(pair.opener.open(sealed));
  const auto both = test_keys("AB");
  pair.opener.use_keys(both.get());
  EXPECT_FALSE(pair.opener.open(sealed));
}

TEST(DatagramSeal, SaysWhyItRefuses) {
  Pair pair;
  const auto other = test_keys("A", 99), unknown = test_keys("Z");
  DatagramSealer stranger("bank", 8, 1), forger("shop", 8, 1), plain("shop", 8, 1);
  stranger.use_keys(pair.keys.get());
  forger.use_keys(other.get());
  plain.use_keys(nullptr);
  EXPECT_FALSE(pair.opener.open(stranger.seal({.payload = "x"})));
  EXPECT_EQ(pair.opener.why(), Refusal::kOtherCluster);
  EXPECT_FALSE(pair.opener.open(forger.seal({.payload = "x"})));
  EXPECT_EQ(pair.opener.why(), Refusal::kForged);
  EXPECT_FALSE(pair.opener.open(plain.seal({.payload = "x"})));
  EXPECT_EQ(pair.opener.why(), Refusal::kUnknownKey);
  forger.use_keys(unknown.get());
  EXPECT_FALSE(pair.opener.open(forger.seal({.payload = "x"})));
  EXPECT_EQ(pair.opener.why(), Refusal::kUnknownKey);
  EXPECT_FALSE(pair.opener.open("short"));
  EXPECT_EQ(pair.opener.why(), Refusal::kMalformed);
}

TEST(DatagramSeal, RemembersABoundedNumberOfSenders) {
  Pair pair;
  std::string first;
  for (MemberId mid = 1; mid <= DatagramOpener::kSendersMax + 1; ++mid) {
    DatagramSealer sealer("shop", mid, 5);
    sealer.use_keys(pair.keys.get());
    const std::string sealed = sealer.seal({.payload = "x"});
    if (mid == 1) first = sealed;
    ASSERT_TRUE(pair.opener.open(sealed));
  }
  // The longest unheard was forgotten, so its datagram counts as new; nobody else's does.
  EXPECT_TRUE(pair.opener.open(first));
}

}  // namespace
}  // namespace understudy
