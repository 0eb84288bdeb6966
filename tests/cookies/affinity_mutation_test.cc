// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "cookies/affinity.h"
#include "tests/cookies/test_keys.h"

namespace understudy {
namespace {

constexpr int kMutations = 10'000;

// Valid cookies of several sessions, and ways to spoil one with pieces of the others.
class Forger final {
 public:
  Forger(const AffinityCodec& codec, std::uint32_t seed) : random_(seed) {
    for (int i = 0; i < 8; ++i) {
      AffinityToken token;
      token.primary = number();
      token.epoch = number() % 3;
      token.version = number();
      if (i % 2 == 0) token.secondary = number();
      for (std::uint8_t& byte : token.sid) byte = static_cast<std::uint8_t>(random_());
      valid_.emplace_back(*codec.encode(token));
    }
  }

  const std::string& victim() { return valid_[below(valid_.size())]; }

  std::string mutate(std::string text) {
    for (std::size_t changes = 1 + below(3); changes > 0; --changes) change(text);
    return text;
  }

  bool is_valid(const std::string& text) const {
    return std::find(valid_.begin(), valid_.end(), text) != valid_.end();
  }

 private:
  std::uint32_t number() { return static_cast<std::uint32_t>(random_()); }
  std::size_t below(std::size_t bound) { return random_() % bound; }

  void change(std::string& text) {
    const std::size_t at = below(text.size() + 1);
    const std::string& other = victim();
    switch (below(8)) {
      case 0:  // one bit
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ 1 << below(8));
        break;
      case 1:  // a character of the alphabet
        if (at < text.size()) text[at] = other[below(other.size())];
        break;
      case 2:  // any byte more
        text.insert(at, 1, static_cast<char>(below(256)));
        break;
      case 3:  // some bytes fewer
        text.erase(at, 1 + below(4));
        break;
      case 4:  // truncated
        text.resize(at);
        break;
      case 5:  // overlong
        text.append(below(600), "A.!-1"[below(5)]);
        break;
      case 6:  // the tail of another session's cookie
        text = text.substr(0, at) + other.substr(std::min(at, other.size()));
        break;
      case 7:  // the sid of another session in this one
        if (text.size() > 24) text.replace(2, 22, other, 2, 22);
        break;
    }
  }

  std::mt19937 random_;
  std::vector<std::string> valid_;
};

class AffinityMutation : public testing::TestWithParam<Dialect> {};

TEST_P(AffinityMutation, IsNeverAcceptedAsVerified) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  RecordProperty("seed", std::to_string(seed));
  const AffinityCodec codec(
      {.dialect = GetParam(), .keyring = test::ring("12"), .cluster = "shop"});
  Forger forger(codec, seed);
  AffinityMemo memo;
  for (int i = 0; i < kMutations; ++i) {
    const std::string& victim = forger.victim();
    ASSERT_TRUE(memo.decode(codec, victim).token.verified);
    const std::string forged = forger.mutate(victim);
    const DecodedAffinity decoded = memo.decode(codec, forged);
    if (forger.is_valid(forged)) {
      ASSERT_TRUE(decoded.token.verified) << forged;
    } else {
      ASSERT_FALSE(decoded && decoded.token.verified) << forged;
    }
    if (decoded && decoded.token.verified) {
      ASSERT_EQ(codec.encode(decoded.token)->view(), forged) << "another text for the same token";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Dialects, AffinityMutation,
                         testing::Values(Dialect::kNative, Dialect::kAuto),
                         [](const auto& info) { return std::string(to_text(info.param)); });

TEST(ForeignMutation, IsReadWithinItsBoundsOrRefused) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const AffinityCodec codec(
      {.dialect = Dialect::kAuto, .keyring = test::ring(), .cluster = "shop"});
  Forger forger(codec, seed);
  const std::string samples[] = {std::string(52, 'x') + "!1104478448!-1625602300",
                                 "id!1!1457110800000", "0123456789ABCDEF.node1"};
  for (int i = 0; i < kMutations; ++i) {
    const std::string forged = forger.mutate(samples[i % 3]);
    const DecodedAffinity decoded = codec.decode(forged);
    if (!decoded || decoded.token.verified) continue;
    if (decoded.token.id.empty()) {
      ASSERT_FALSE(decoded.token.route.empty()) << "\".n1\": a route, and no id";
      continue;
    }
    ASSERT_GE(decoded.token.id.data(), forged.data());
    ASSERT_LE(decoded.token.id.data() + decoded.token.id.size(), forged.data() + forged.size());
    ASSERT_LE(decoded.token.route.size(), kRouteBytesMax);
  }
}

}  // namespace
}  // namespace understudy
