// SPDX-License-Identifier: Apache-2.0
#include "cookies/affinity.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

#include "cookies/contract.h"
#include "tests/cookies/test_keys.h"

namespace understudy {
namespace {

// Computed with Python's hmac from the byte layout in cookies/README.md.
constexpr std::string_view kKnown = "1.AAECAwQFBgcICQoLDA0ODw.EjRWeA.h2VDIQ.B.q.1IOI49cYImoy_fvih";
constexpr std::string_view kKnownSolo = "1.AAECAwQFBgcICQoLDA0ODw.EjRWeA.-.A.A.1fAgmpVPwWdIEV1gw";
constexpr std::string_view kKnownLongest =
    "1._____________________w._____w._____w.D_____.P__________.13_zBWtaq_MfErg1f";
constexpr std::string_view kKnownLongCluster =
    "1.AAECAwQFBgcICQoLDA0ODw.EjRWeA.h2VDIQ.B.q.1nmUPghQ-h7OK0h7r";

AffinityCodec codec(Dialect dialect = Dialect::kNative, std::string_view ids = "1",
                    std::string cluster = "shop") {
  return AffinityCodec(
      {.dialect = dialect, .keyring = test::ring(ids), .cluster = std::move(cluster)});
}

AffinityToken known_token() {
  AffinityToken token{.primary = 0x12345678, .secondary = 0x87654321, .epoch = 1, .version = 42};
  std::iota(token.sid.begin(), token.sid.end(), std::uint8_t{0});
  return token;
}

TEST(NativeAffinity, IsWrittenAsDocumented) {
  AffinityToken token = known_token();
  EXPECT_EQ(codec().encode(token)->view(), kKnown);
  EXPECT_EQ(codec(Dialect::kNative, "1", std::string(100, 'x')).encode(token)->view(),
            kKnownLongCluster);
  token.secondary.reset();
  token.epoch = 0;
  token.version = 0;
  EXPECT_EQ(codec().encode(token)->view(), kKnownSolo);
}

TEST(NativeAffinity, TellsTheKeyThatSignsFromOneThatIsOnlyAccepted) {
  const AffinityCodec old = codec(), both = codec(Dialect::kNative, "21");
  const AffinityText with_1 = *old.encode(known_token()), with_2 = *both.encode(known_token());
  EXPECT_TRUE(both.decode(with_1).token.verified);
  EXPECT_FALSE(both.is_signed_with_first_key(with_1));
  EXPECT_TRUE(both.is_signed_with_first_key(with_2));
  EXPECT_TRUE(old.is_signed_with_first_key(with_1));
  EXPECT_FALSE(old.is_signed_with_first_key("1"));
  EXPECT_FALSE(AffinityCodec({.dialect = Dialect::kNative}).is_signed_with_first_key(with_1));
}

TEST(NativeAffinity, AtItsLargestHas75Bytes) {
  AffinityToken token{
      .primary = 0xffffffff, .secondary = 0xffffffff, .epoch = UINT32_MAX, .version = UINT64_MAX};
  token.sid.fill(0xff);
  const auto text = codec().encode(token);
  EXPECT_EQ(text->view(), kKnownLongest);
  EXPECT_EQ(text->view().size(), kNativeValueBytesMax);
  EXPECT_LE(kNativeValueBytesMax, 90U);
  EXPECT_TRUE(codec().decode(*text));
  EXPECT_EQ(codec().decode(std::string(*text) + "A").refusal, AffinityRefusal::kOverlong);
}

TEST(NativeAffinity, IsReadBackWithAllFields) {
  const DecodedAffinity decoded = codec().decode(kKnown);
  ASSERT_TRUE(decoded);
  const AffinityToken& token = decoded.token;
  EXPECT_TRUE(token.verified);
  EXPECT_EQ(token.dialect, Dialect::kNative);
  EXPECT_EQ(token.id, "AAECAwQFBgcICQoLDA0ODw");
  EXPECT_EQ(token.sid, known_token().sid);
  EXPECT_EQ(token.primary, 0x12345678U);
  EXPECT_EQ(token.secondary, 0x87654321U);
  EXPECT_EQ(token.epoch, 1U);
  EXPECT_EQ(token.version, 42U);
  EXPECT_FALSE(codec().decode(kKnownSolo).token.secondary);
}

TEST(NativeAffinity, OfAnUnsignedSidIsNeverVerified) {
  const AffinityCodec keyless({.dialect = Dialect::kNative, .cluster = "shop"});
  const DecodedAffinity decoded = keyless.decode(kKnown);
  ASSERT_TRUE(decoded);
  EXPECT_FALSE(decoded.token.verified);
  EXPECT_FALSE(keyless.encode(known_token()));
}

TEST(NativeAffinity, IsRefusedWithTheReason) {
  struct Case {
    std::string value;
    AffinityRefusal refusal;
  };
  const auto changed = [](std::size_t at, char c) {
    std::string value(kKnown);
    value[at] = c;
    return value;
  };
  const Case cases[] = {
      {"", AffinityRefusal::kAbsent},
      {"x", AffinityRefusal::kMalformed},
      {std::string(kKnown.substr(0, kKnown.size() - 1)), AffinityRefusal::kMalformed},
      {std::string(kKnown) + "A", AffinityRefusal::kMalformed},
      {changed(0, '2'), AffinityRefusal::kMalformed},
      {changed(1, '-'), AffinityRefusal::kMalformed},
      {changed(24, 'A'), AffinityRefusal::kMalformed},
      {changed(23, 'x'), AffinityRefusal::kNotCanonical},  // a bit behind the sid's last
      {changed(30, 'B'), AffinityRefusal::kNotCanonical},  // behind the primary's last
      {changed(37, 'R'), AffinityRefusal::kNotCanonical},  // behind the secondary's last
      {changed(5, '+'), AffinityRefusal::kNotCanonical},
      {changed(59, '='), AffinityRefusal::kNotCanonical},
      {"1.AAECAwQFBgcICQoLDA0ODw.EjRWeA.h2VDIQ.AB.q.1IOI49cYImoy_fvih",
       AffinityRefusal::kNotCanonical},
      {"1.AAECAwQFBgcICQoLDA0ODw.EjRWeA.h2VDIQ..q.1IOI49cYImoy_fvih",
       AffinityRefusal::kNotCanonical},
      {"1.AAECAwQFBgcICQoLDA0ODw.EjRWeA.-.EAAAAA.q.1IOI49cYImoy_fvih",
       AffinityRefusal::kNotCanonical},
      {"1.AAECAwQFBgcICQoLDA0ODw.EjRWeA.h2VDI.B.q.1IOI49cYImoy_fvih",
       AffinityRefusal::kNotCanonical},
      {"1.AAECAwQFBgcICQoLDA0ODw.EjRWeA.h2VDIQ.BAAAAAA.q.1IOI49cYImoy_fvih",
       AffinityRefusal::kMalformed},
      {"1.AAECAwQFBgcICQoLDA0ODw.EjRWeA.h2VDIQ.B.q.r.1IOI49cYImoy_fvih",
       AffinityRefusal::kMalformed},
      {changed(43, '2'), AffinityRefusal::kUnknownKey},
      {changed(2, 'B'), AffinityRefusal::kBadMac},
      {changed(39, 'C'), AffinityRefusal::kBadMac},
      {changed(41, 'r'), AffinityRefusal::kBadMac},
      {changed(59, 'i'), AffinityRefusal::kBadMac},
      {std::string(kKnownLongCluster), AffinityRefusal::kBadMac},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.value);
    EXPECT_EQ(to_text(codec().decode(c.value).refusal), to_text(c.refusal));
  }
}

TEST(NativeAffinity, SurvivesTheRotationOfKeys) {
  const std::string by_old(*codec(Dialect::kNative, "1").encode(known_token()));
  EXPECT_TRUE(codec(Dialect::kNative, "12").decode(by_old));  // install
  EXPECT_TRUE(codec(Dialect::kNative, "21").decode(by_old));  // use
  EXPECT_EQ(codec(Dialect::kNative, "2").decode(by_old).refusal,
            AffinityRefusal::kUnknownKey);  // remove
  const std::string by_new(*codec(Dialect::kNative, "21").encode(known_token()));
  EXPECT_TRUE(codec(Dialect::kNative, "12").decode(by_new));
}

TEST(NativeAffinity, CannotBeWrittenWithoutAPrimary) {
  AffinityToken token = known_token();
  token.primary.reset();
  EXPECT_FALSE(codec().encode(token));
}

struct Weblogic {
  std::string value;
  std::string_view id;
  std::optional<std::int32_t> primary;
  std::optional<std::int32_t> secondary;
};

TEST(WeblogicAffinity, IsReadInAllItsForms) {
  const std::string id(52, 'x');
  const Weblogic cases[] = {
      {id + "!1104478448!-1625602300", id, 1104478448, -1625602300},
      {id + "!-2147483648!2147483647", id, INT32_MIN, INT32_MAX},
      {id + "!1104478448!NONE", id, 1104478448, std::nullopt},
      {id + "!1104478448", id, 1104478448, std::nullopt},
      {id + "!NONE", id, std::nullopt, std::nullopt},
      {id, id, std::nullopt, std::nullopt},
      {id + "!1104478448!1457110800000", id, 1104478448, std::nullopt},
      {id + "!1!2!1457110800000", id, 1, 2},
      {id + "!1!2!8082!8081", id, 1, 2},
      {id + "!1!2!3!4!5", id, 1, 2},
  };
  for (const Weblogic& c : cases) {
    SCOPED_TRACE(c.value);
    const DecodedAffinity decoded = codec(Dialect::kWeblogic).decode(c.value);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded.token.id, c.id);
    EXPECT_FALSE(decoded.token.verified);
    const auto as_jvmid = [](std::optional<std::uint32_t> mid) {
      return mid ? std::optional<std::int32_t>(jvmid(*mid)) : std::nullopt;
    };
    EXPECT_EQ(as_jvmid(decoded.token.primary), c.primary);
    EXPECT_EQ(as_jvmid(decoded.token.secondary), c.secondary);
  }
}

TEST(WeblogicAffinity, IsRefusedWhenItIsNone) {
  for (const char* value : {"!1!2", "id!", "id!!2", "id!1!", "id!x!2", "id!1!x", "id!2147483648",
                            "id!1!-2147483649", "id!01", "id!1!2!", "id!1!2!3!4!5!6", "id!1!2!a b",
                            "i d!1", "id!+1", "id!1!none", "id!1!145711080000", "id\x01!1"}) {
    EXPECT_EQ(decode_weblogic(value).refusal, AffinityRefusal::kMalformed) << value;
  }
  EXPECT_EQ(decode_weblogic("").refusal, AffinityRefusal::kAbsent);
}

TEST(WeblogicAffinity, IsWrittenSoThatItIsReadBack) {
  AffinityToken token{
      .dialect = Dialect::kWeblogic, .id = "session", .primary = static_cast<std::uint32_t>(-7)};
  EXPECT_EQ(codec().encode(token)->view(), "session!-7!NONE");
  token.secondary = 8;
  EXPECT_EQ(codec().encode(token)->view(), "session!-7!8");
  token.id = "ses!sion";
  EXPECT_FALSE(codec().encode(token));
  token.id = "";
  EXPECT_FALSE(codec().encode(token));
}

TEST(RouteAffinity, IsWhatFollowsTheFirstDot) {
  struct Case {
    std::string_view value, id, route;
  };
  const Case cases[] = {
      {"abc.b1", "abc", "b1"},
      {"a.b.c", "a", "b.c"},
      {"ABC.tc2.example.com", "ABC", "tc2.example.com"},
      {".b1", "", "b1"},
      {"abc", "abc", ""},
      {"..x", "", ".x"},
      {"AB12.node-1_x", "AB12", "node-1_x"},
      {"a!1!2.b1", "a!1!2", "b1"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.value);
    const DecodedAffinity decoded = codec(Dialect::kRoute).decode(c.value);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded.token.id, c.id);
    EXPECT_EQ(decoded.token.route, c.route);
    EXPECT_EQ(codec().encode(decoded.token)->view(), c.value);
  }
  for (std::string_view value : {"abc.", ".", "a b.c", "abc.b\"1", "abc.b\t"}) {
    EXPECT_EQ(decode_route(value).refusal, AffinityRefusal::kMalformed) << value;
  }
  EXPECT_EQ(decode_route("").refusal, AffinityRefusal::kAbsent);
}

TEST(RouteAffinity, IsNotWrittenWhenItWouldBeReadBackAsAnother) {
  EXPECT_FALSE(codec().encode({.dialect = Dialect::kRoute, .id = "a.b"}));
  EXPECT_FALSE(codec().encode({.dialect = Dialect::kRoute, .id = "a.b", .route = "c"}));
  EXPECT_FALSE(codec().encode({.dialect = Dialect::kRoute, .id = "", .route = ""}));
}

TEST(Affinity, HoldsItsLimitsAtTheMaximumAndRefusesOneMore) {
  const std::string longest(kAffinityValueBytesMax, 'x');
  EXPECT_TRUE(decode_weblogic(longest));
  EXPECT_TRUE(decode_route(longest));
  EXPECT_TRUE(codec(Dialect::kAuto).decode(longest));
  EXPECT_TRUE(codec().encode({.dialect = Dialect::kRoute, .id = longest}));
  EXPECT_EQ(decode_weblogic(longest + "x").refusal, AffinityRefusal::kOverlong);
  EXPECT_EQ(decode_route(longest + "x").refusal, AffinityRefusal::kOverlong);
  EXPECT_EQ(codec(Dialect::kAuto).decode(longest + "x").refusal, AffinityRefusal::kOverlong);
  EXPECT_FALSE(codec().encode({.dialect = Dialect::kRoute, .id = longest + "x"}));
  EXPECT_FALSE(codec().encode({.dialect = Dialect::kWeblogic, .id = longest}));

  const std::string route(kRouteBytesMax, 'r');
  EXPECT_TRUE(decode_route("a." + route));
  EXPECT_EQ(decode_route("a." + route + "r").refusal, AffinityRefusal::kOverlong);
  EXPECT_FALSE(codec().encode({.dialect = Dialect::kRoute, .id = "a", .route = route + "r"}));
}

TEST(AutoAffinity, TellsTheDialectsApart) {
  const AffinityCodec any = codec(Dialect::kAuto);
  EXPECT_EQ(any.decode(kKnown).token.dialect, Dialect::kNative);
  EXPECT_TRUE(any.decode(kKnown).token.verified);
  EXPECT_EQ(any.decode("id!1!2").token.dialect, Dialect::kWeblogic);
  EXPECT_EQ(any.decode("id.b1").token.dialect, Dialect::kRoute);
  EXPECT_EQ(any.decode("1.b1").token.dialect, Dialect::kRoute);
  EXPECT_EQ(any.decode("id").token.dialect, Dialect::kRoute);
  EXPECT_EQ(any.decode("").refusal, AffinityRefusal::kAbsent);
}

TEST(AutoAffinity, DoesNotReadABrokenNativeValueAsSomethingElse) {
  std::string forged(kKnown);
  forged.back() = 'A';
  EXPECT_EQ(codec(Dialect::kAuto).decode(forged).refusal, AffinityRefusal::kBadMac);
  EXPECT_EQ(codec(Dialect::kAuto).decode(std::string(kKnown) + "!1!2").refusal,
            AffinityRefusal::kMalformed);
}

TEST(AffinityMemo, AnswersAVerifiedValueAgainWithViewsIntoTheNewCopy) {
  AffinityMemo memo;
  const AffinityCodec native = codec();
  const std::string first(kKnown);
  const std::string second(kKnown);
  ASSERT_TRUE(memo.decode(native, first));
  const DecodedAffinity decoded = memo.decode(native, second);
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(decoded.token.verified);
  EXPECT_EQ(decoded.token.id.data(), second.data() + 2);
  EXPECT_EQ(decoded.token.id, "AAECAwQFBgcICQoLDA0ODw");
  EXPECT_EQ(decoded.token.version, 42U);
}

TEST(AffinityMemo, NeverAnswersForAnyOtherValue) {
  AffinityMemo memo;
  const AffinityCodec native = codec();
  ASSERT_TRUE(memo.decode(native, kKnown));
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    std::string other(kKnown);
    other[i] = other[i] == 'Z' ? 'Y' : 'Z';
    EXPECT_FALSE(memo.decode(native, other)) << i;
  }
  EXPECT_EQ(memo.decode(native, kKnown.substr(1)).refusal, AffinityRefusal::kMalformed);
  EXPECT_EQ(memo.decode(native, "").refusal, AffinityRefusal::kAbsent);
  EXPECT_EQ(memo.decode(native, kKnownSolo).token.epoch, 0U);
  EXPECT_EQ(memo.decode(native, kKnown).token.epoch, 1U);
}

TEST(AffinityMemo, ForgetsWhenItsKeysAreRemoved) {
  AffinityMemo memo;
  ASSERT_TRUE(memo.decode(codec(), kKnown));
  memo.forget();
  EXPECT_EQ(memo.decode(codec(Dialect::kNative, "2"), kKnown).refusal,
            AffinityRefusal::kUnknownKey);
}

TEST(AffinityMemo, AnswersForeignValuesAsTheCodecDoes) {
  AffinityMemo memo;
  const AffinityCodec any = codec(Dialect::kAuto);
  for (std::string_view value :
       {"id!1!-2", "abc.b1", "abc.b1", "id!1!-2", "id!1!-2", "plain", "plain"}) {
    const std::string copy(value);
    const AffinityToken token = memo.decode(any, copy).token;
    const AffinityToken expected = any.decode(copy).token;
    EXPECT_EQ(token.id, expected.id);
    EXPECT_EQ(token.id.data(), expected.id.data());
    EXPECT_EQ(token.route, expected.route);
    EXPECT_EQ(token.primary, expected.primary);
    EXPECT_EQ(token.secondary, expected.secondary);
  }
}

TEST(AffinityMemo, DecodesWhatIsTooLongForItEveryTime) {
  AffinityMemo memo;
  const AffinityCodec any = codec(Dialect::kAuto);
  for (std::size_t size : {127U, 128U, 129U, 512U}) {
    const std::string value = std::string(size - 2, 'x') + "!7";
    for (int i = 0; i < 3; ++i) EXPECT_EQ(memo.decode(any, value).token.primary, 7U) << size;
  }
}

TEST(AffinityMemo, RemembersNoUnverifiedNativeValue) {
  AffinityMemo memo;
  ASSERT_TRUE(memo.decode(AffinityCodec({.dialect = Dialect::kNative}), kKnown));
  EXPECT_TRUE(memo.decode(codec(), kKnown).token.verified);
}

}  // namespace
}  // namespace understudy
