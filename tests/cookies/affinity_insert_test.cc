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

// Computed with Python's hmac from the byte layout in cookies/README.md: member b1, 1800000000 and
// 1800000060, key 1, cluster "shop".
constexpr std::string_view kKnown = "2.t_ujGYsDlFg.BrSdIA.BrSdI8.16zNSuMtiav70UKsD";
constexpr MemberTag kKnownTag = 0xb7fba3198b039458;

AffinityCodec codec(std::string_view ids = "1", std::string cluster = "shop") {
  return AffinityCodec(
      {.dialect = Dialect::kInsert, .keyring = test::ring(ids), .cluster = std::move(cluster)});
}

AffinityToken known_token() {
  return {.dialect = Dialect::kInsert,
          .member_tag = kKnownTag,
          .issued_s = 1'800'000'000,
          .seen_s = 1'800'000'060};
}

TEST(InsertAffinity, IsWrittenAsDocumented) {
  EXPECT_EQ(codec().member_tags("b1")[0], kKnownTag);
  EXPECT_EQ(codec().encode(known_token())->view(), kKnown);
}

TEST(InsertAffinity, IsReadAsDocumented) {
  const DecodedAffinity decoded = codec().decode(kKnown);
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(decoded.token.verified);
  EXPECT_EQ(decoded.token.dialect, Dialect::kInsert);
  EXPECT_EQ(decoded.token.member_tag, kKnownTag);
  EXPECT_EQ(decoded.token.issued_s, 1'800'000'000u);
  EXPECT_EQ(decoded.token.seen_s, 1'800'000'060u);
  EXPECT_FALSE(decoded.token.primary);
  EXPECT_TRUE(decoded.token.route.empty());
}

TEST(InsertAffinity, TakesTheRoomThatIsPromisedAndNoMore) {
  AffinityToken token = known_token();
  token.member_tag = UINT64_MAX;
  token.issued_s = token.seen_s = UINT32_MAX;
  const std::string longest(*codec().encode(token));
  EXPECT_EQ(longest.size(), kInsertValueBytesMax);
  EXPECT_TRUE(codec().decode(longest));
  EXPECT_EQ(codec().decode(longest + "A").refusal, AffinityRefusal::kOverlong);
  token.issued_s = token.seen_s = 0;
  EXPECT_TRUE(codec().decode(*codec().encode(token)));
}

TEST(InsertAffinity, IsRefusedWithTheReason) {
  const auto changed = [](std::size_t at, char c) {
    std::string value(kKnown);
    value[at] = c;
    return value;
  };
  const struct {
    std::string value;
    AffinityRefusal refusal;
  } cases[] = {
      {"", AffinityRefusal::kAbsent},
      {"x", AffinityRefusal::kMalformed},
      {"2.", AffinityRefusal::kMalformed},
      {std::string(kInsertValueBytesMax + 1, 'A'), AffinityRefusal::kOverlong},
      {changed(0, '1'), AffinityRefusal::kMalformed},
      {changed(13, 'A'), AffinityRefusal::kMalformed},
      {changed(20, 'A'), AffinityRefusal::kMalformed},
      {changed(27, 'A'), AffinityRefusal::kMalformed},
      {"2.t_ujGYsDlFg..BrSdI8.16zNSuMtiav70UKsD", AffinityRefusal::kNotCanonical},
      {"2.t_ujGYsDlFg.AB.BrSdI8.16zNSuMtiav70UKsD", AffinityRefusal::kNotCanonical},
      {changed(12, 'h'), AffinityRefusal::kNotCanonical},  // a bit behind the tag's last
      {changed(14, '+'), AffinityRefusal::kNotCanonical},
      {changed(44, '='), AffinityRefusal::kNotCanonical},
      {changed(28, '2'), AffinityRefusal::kUnknownKey},
      {changed(2, 'u'), AffinityRefusal::kBadMac},
      {changed(15, 's'), AffinityRefusal::kBadMac},
      {changed(26, '9'), AffinityRefusal::kBadMac},
      {changed(44, 'E'), AffinityRefusal::kBadMac},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.value);
    EXPECT_EQ(to_text(codec().decode(one.value).refusal), to_text(one.refusal));
  }
  EXPECT_EQ(codec("1", "other").decode(kKnown).refusal, AffinityRefusal::kBadMac);
}

TEST(InsertAffinity, IsNothingWithoutKeys) {
  const AffinityCodec keyless({.dialect = Dialect::kInsert});
  EXPECT_EQ(keyless.decode(kKnown).refusal, AffinityRefusal::kUnknownKey);
  EXPECT_FALSE(keyless.encode(known_token()));
  EXPECT_EQ(keyless.member_tags("b1")[0], 0u);
  AffinityToken nobody = known_token();
  nobody.member_tag = 0;
  EXPECT_FALSE(codec().encode(nobody));
}

TEST(InsertAffinity, SurvivesTheRotationOfKeys) {
  const std::string by_old(*codec("1").encode(known_token()));
  EXPECT_TRUE(codec("12").decode(by_old));                                       // install
  EXPECT_TRUE(codec("21").decode(by_old));                                       // use
  EXPECT_EQ(codec("2").decode(by_old).refusal, AffinityRefusal::kUnknownKey);    // remove
  EXPECT_EQ(codec("21").member_tags("b1")[1], codec("12").member_tags("b1")[0])  // so it is met
      << "a member keeps its name under a key whatever the key's place";
  EXPECT_NE(codec("21").member_tags("b1")[0], codec("21").member_tags("b1")[1]);
  EXPECT_EQ(codec("21").member_tags("b1")[2], 0u);
}

TEST(InsertAffinity, NamesMembersDifferentlyInEveryCluster) {
  EXPECT_NE(codec().member_tags("b1")[0], codec().member_tags("b2")[0]);
  EXPECT_NE(codec().member_tags("b1")[0], codec("1", "other").member_tags("b1")[0]);
}

TEST(InsertAffinity, IsNeverTakenForAnotherDialectNorAnotherForIt) {
  const auto other = [](Dialect dialect) {
    return AffinityCodec({.dialect = dialect, .keyring = test::ring(), .cluster = "shop"});
  };
  EXPECT_FALSE(other(Dialect::kNative).decode(kKnown));
  const DecodedAffinity by_auto = other(Dialect::kAuto).decode(kKnown);
  EXPECT_FALSE(by_auto.token.verified);
  EXPECT_FALSE(codec().decode("1.AAECAwQFBgcICQoLDA0ODw.EjRWeA.-.A.A.1fAgmpVPwWdIEV1gw"));
}

// The mutations of affinity_mutation_test.cc, for a value that names a member: none may be taken
// for a member unless it is a cookie that was given out.
TEST(InsertMutation, NeverNamesAMemberUnlessSigned) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto below = [&random](std::size_t bound) { return random() % bound; };
  const AffinityCodec issuer = codec("12");
  std::vector<std::string> valid;
  for (std::size_t i = 0; i < 8; ++i) {
    AffinityToken token = known_token();
    token.member_tag = issuer.member_tags("b" + std::to_string(i % 3))[0];
    token.issued_s += static_cast<std::uint32_t>(below(1000));
    valid.emplace_back(*issuer.encode(token));
  }
  AffinityMemo memo;
  for (int i = 0; i < 10'000; ++i) {
    std::string text = valid[below(valid.size())];
    ASSERT_TRUE(memo.decode(issuer, text).token.verified);
    for (std::size_t changes = 1 + below(3); changes > 0; --changes) {
      const std::string& other = valid[below(valid.size())];
      const std::size_t at = below(text.size() + 1);
      switch (below(6)) {
        case 0:
          if (at < text.size()) text[at] = static_cast<char>(text[at] ^ 1 << below(8));
          break;
        case 1:
          if (at < text.size()) text[at] = other[below(other.size())];
          break;
        case 2:
          text.insert(at, 1, static_cast<char>(below(256)));
          break;
        case 3:
          text.erase(at, 1 + below(4));
          break;
        case 4:
          text = text.substr(0, at) + other.substr(std::min(at, other.size()));
          break;
        case 5:
          if (text.size() > 13) text.replace(2, 11, other, 2, 11);
          break;
      }
    }
    const DecodedAffinity decoded = memo.decode(issuer, text);
    const bool was_given_out = std::find(valid.begin(), valid.end(), text) != valid.end();
    ASSERT_EQ(static_cast<bool>(decoded), was_given_out) << text;
    if (decoded) {
      ASSERT_EQ(issuer.encode(decoded.token)->view(), text);
    }
  }
}

}  // namespace
}  // namespace understudy
