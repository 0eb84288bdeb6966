// SPDX-License-Identifier: Apache-2.0
#include "cookies/view_header.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/cookies/test_keys.h"

namespace understudy {
namespace {

using namespace std::chrono_literals;

// Computed with Python's hashlib and hmac from the byte layout in cookies/README.md.
constexpr std::string_view kKnown =
    "b6b1862c76406bbe;2,shop,0000000100000007,1000,00000000c0ffee11+000000000badcafe;"
    "EjRWeA!a!127.0.0.1:7001!rack1!ar!100,h2VDIQ!b!127.0.0.1:7002!!sd!50;1mFflTq-pLL9LmMMM";
constexpr std::string_view kKnownEmpty =
    "fe9dd22764315e0a;2,shop,0000000000000001,0,0000000000000000;;1dmgNFJpYjHXpbWFd";

ClusterView known_view() {
  return {
      .cluster = "shop",
      .version = 1UL << 32 | 7,
      .group = 0xc0ffee11,
      .absorbed = {0xbadcafe},
      .hash = 0xb6b1862c76406bbe,
      .beat = 1000ms,
      .entries = {{.mid = 0x12345678, .name = "a", .address = "127.0.0.1:7001", .machine = "rack1"},
                  {.mid = 0x87654321,
                   .name = "b",
                   .address = "127.0.0.1:7002",
                   .alive = AliveState::kSuspect,
                   .operator_state = OperatorState::kDraining,
                   .weight = 50}}};
}

ViewCodec codec(std::string_view ids = "1", std::string_view cluster = "shop") {
  return {*test::ring(ids), cluster};
}

// A text with a good signature that the encoder would not write.
std::string sign(std::string text) {
  const TextSigner signer(*test::ring(), KeyPurpose::kView, "shop");
  const std::size_t size = text.size();
  text.resize(size + kSignatureChars);
  signer.sign(text.data(), text.data() + size);
  return text;
}

std::string sign_entries(std::string_view entries) {
  return sign("0000000000000000;2,shop,0000000000000001,0,0000000000000000;" +
              std::string(entries) + ";");
}

TEST(ViewCodec, WritesAndReadsAsDocumented) {
  EXPECT_EQ(codec().encode(known_view()), kKnown);
  const DecodedView decoded = codec().decode(kKnown);
  ASSERT_TRUE(decoded) << to_text(decoded.refusal);
  EXPECT_EQ(decoded.view, known_view());
}

TEST(ViewCodec, CarriesAViewOfNobody) {
  EXPECT_EQ(codec().encode({.cluster = "shop", .version = 1}), kKnownEmpty);
  const DecodedView decoded = codec().decode(kKnownEmpty);
  ASSERT_TRUE(decoded) << to_text(decoded.refusal);
  EXPECT_TRUE(decoded.view.entries.empty());
}

TEST(ViewCodec, CarriesAllStatesAndAwkwardNames) {
  ClusterView view{.cluster = "a;b,c!d%\xc3\xa9", .beat = kViewBeatMax};
  std::uint32_t mid = 1;
  for (AliveState alive :
       {AliveState::kAlive, AliveState::kSuspect, AliveState::kDead, AliveState::kLeft}) {
    for (OperatorState state :
         {OperatorState::kReady, OperatorState::kDraining, OperatorState::kDisabled}) {
      view.entries.push_back({.mid = mid++,
                              .name = "n!,;\r\n " + std::string(1, '\0'),
                              .address = "[2001:db8::1]:7001",
                              .machine = "rack 1",
                              .alive = alive,
                              .operator_state = state,
                              .weight = static_cast<std::uint16_t>(mid)});
    }
  }
  const auto text = codec("1", view.cluster).encode(view);
  ASSERT_TRUE(text);
  for (char c : *text) ASSERT_TRUE(c > ' ' && c < 0x7f) << "not for a header: " << int{c};
  DecodedView decoded = codec("1", view.cluster).decode(*text);
  ASSERT_TRUE(decoded) << to_text(decoded.refusal);
  EXPECT_EQ(decoded.view.hash, view_hash(view));
  view.hash = decoded.view.hash;
  EXPECT_EQ(decoded.view, view);
}

TEST(ViewHash, IsOfTheContentAndNeitherOfItsOrderNorItsVersion) {
  ClusterView view = known_view();
  std::swap(view.entries[0], view.entries[1]);
  view.version = 99;
  view.hash = 0;
  EXPECT_EQ(view_hash(view), known_view().hash);
}

TEST(ViewHash, ChangesWithEveryFieldOfTheContent) {
  const ClusterView original = known_view();
  const auto changed = [&](auto change) {
    ClusterView view = original;
    change(view);
    return view_hash(view);
  };
  EXPECT_NE(changed([](auto& v) { v.cluster = "shop2"; }), original.hash);
  EXPECT_NE(changed([](auto& v) { v.beat = 200ms; }), original.hash);
  EXPECT_NE(changed([](auto& v) { v.group = 5; }), original.hash);
  EXPECT_NE(changed([](auto& v) { v.absorbed.clear(); }), original.hash);
  EXPECT_NE(changed([](auto& v) { v.entries.pop_back(); }), original.hash);
  EXPECT_NE(changed([](auto& v) { v.entries[0].mid = 5; }), original.hash);
  EXPECT_NE(changed([](auto& v) { v.entries[0].name = "c"; }), original.hash);
  EXPECT_NE(changed([](auto& v) { v.entries[0].address = "x:1"; }), original.hash);
  EXPECT_NE(changed([](auto& v) { v.entries[0].machine = ""; }), original.hash);
  EXPECT_NE(changed([](auto& v) { v.entries[0].alive = AliveState::kDead; }), original.hash);
  EXPECT_NE(changed([](auto& v) { v.entries[0].operator_state = OperatorState::kDisabled; }),
            original.hash);
  EXPECT_NE(changed([](auto& v) { v.entries[0].weight = 1; }), original.hash);
}

TEST(ViewCodec, RefusesAnotherClusterAnotherKeyAndEveryChangedByte) {
  EXPECT_EQ(codec("1", "shop2").decode(kKnown).refusal, ViewRefusal::kOtherCluster);
  EXPECT_EQ(codec("2").decode(kKnown).refusal, ViewRefusal::kUnknownKey);
  EXPECT_TRUE(codec("21").decode(kKnown));
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    std::string text(kKnown);
    text[i] = text[i] == '0' ? '1' : '0';
    EXPECT_FALSE(codec().decode(text)) << i;
  }
  std::string forged(kKnown);
  forged.back() = 'A';
  EXPECT_EQ(codec().decode(forged).refusal, ViewRefusal::kBadSignature);
}

TEST(ViewCodec, RefusesEveryTruncation) {
  for (std::size_t size = 0; size < kKnown.size(); ++size) {
    EXPECT_FALSE(codec().decode(kKnown.substr(0, size))) << size;
  }
  EXPECT_EQ(codec().decode(kKnown.substr(0, 16)).refusal, ViewRefusal::kNoList);
}

TEST(ViewCodec, RefusesEvenSignedTextsThatAreNotTheOneForm) {
  struct Case {
    std::string entries;
    ViewRefusal refusal;
  };
  const std::string max_name(kViewNameBytesMax, 'n');
  const Case cases[] = {
      {"EjRWeA!a!h:1!!ar!1", ViewRefusal::kHashMismatch},  // all is good but the hash
      {"EjRWeA!a!h:1!!ar!1,", ViewRefusal::kMalformed},
      {",", ViewRefusal::kMalformed},
      {"EjRWeA!a!h:1!!ar", ViewRefusal::kMalformed},
      {"EjRWeA!a!h:1!!ar!1!2", ViewRefusal::kMalformed},
      {"EjRWeB!a!h:1!!ar!1", ViewRefusal::kMalformed},
      {"EjRWeA!!h:1!!ar!1", ViewRefusal::kMalformed},
      {"EjRWeA!a!!!ar!1", ViewRefusal::kMalformed},
      {"EjRWeA!a!h:1!!a!1", ViewRefusal::kMalformed},
      {"EjRWeA!a!h:1!!xr!1", ViewRefusal::kMalformed},
      {"EjRWeA!a!h:1!!aq!1", ViewRefusal::kMalformed},
      {"EjRWeA!a!h:1!!ar!0", ViewRefusal::kMalformed},
      {"EjRWeA!a!h:1!!ar!-1", ViewRefusal::kMalformed},
      {"EjRWeA!a!h:1!!ar!", ViewRefusal::kMalformed},
      {"EjRWeA!a!h:1!!ar!01", ViewRefusal::kNotCanonical},
      {"EjRWeA!a!h:1!!ar!1000", ViewRefusal::kHashMismatch},
      {"EjRWeA!a!h:1!!ar!1001", ViewRefusal::kOverlong},
      {"EjRWeA!a!h:1!!ar!99999999999999999999", ViewRefusal::kOverlong},
      {"EjRWeA!%61!h:1!!ar!1", ViewRefusal::kNotCanonical},
      {"EjRWeA!%0a!h:1!!ar!1", ViewRefusal::kMalformed},
      {"EjRWeA!%0!h:1!!ar!1", ViewRefusal::kMalformed},
      {"EjRWeA!a b!h:1!!ar!1", ViewRefusal::kMalformed},
      {"EjRWeA!" + max_name + "!h:1!" + max_name + "!ar!1", ViewRefusal::kHashMismatch},
      {"EjRWeA!" + max_name + "n!h:1!!ar!1", ViewRefusal::kOverlong},
      {"EjRWeA!a!h:1!" + max_name + "n!ar!1", ViewRefusal::kOverlong},
      {"EjRWeA!a!" + std::string(kViewAddressBytesMax + 1, 'h') + "!!ar!1", ViewRefusal::kOverlong},
      {"h2VDIQ!b!h:2!!ar!1,EjRWeA!a!h:1!!ar!1", ViewRefusal::kNotCanonical},
      {"EjRWeA!a!h:1!!ar!1,EjRWeA!b!h:2!!ar!1", ViewRefusal::kNotCanonical},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.entries);
    EXPECT_EQ(to_text(codec().decode(sign_entries(c.entries)).refusal), to_text(c.refusal));
  }
}

TEST(ViewCodec, RefusesSignedTextsWithABrokenHead) {
  const std::string zeros(16, '0');
  for (const std::string& head :
       {"1,shop,0000000000000001,0," + zeros, "3,shop,0000000000000001,0," + zeros,
        "2,,0000000000000001,0," + zeros, "2,shop,1,0," + zeros,
        "2,shop,0000000000000001,," + zeros, "2,shop,0000000000000001,00," + zeros,
        "2,shop,0000000000000001,3600001," + zeros, "2,shop,0000000000000001,0,0," + zeros,
        std::string("2,shop,0000000000000001,0"), std::string("2,shop,0000000000000001,0,"),
        std::string("2,shop,0000000000000001,0,0")}) {
    EXPECT_FALSE(codec().decode(sign(zeros + ";" + head + ";;"))) << head;
  }
  const std::string good = ";2,shop,0000000000000001,0," + zeros + ";;";
  for (const std::string& text : {"000000000000000" + good, "FE9DD22764315E0A" + good,
                                  std::string(";;;"), std::string(";;;;"), std::string()}) {
    EXPECT_FALSE(codec().decode(sign(text))) << text;
  }
  EXPECT_TRUE(codec().decode(sign("fe9dd22764315e0a" + good)));
}

TEST(ViewCodec, RefusesEvenSignedGroupsThatAreNotTheOneForm) {
  const std::string own = "00000000000000aa";
  const std::string one = "+00000000000000b1";
  const std::string two = "+00000000000000b2";
  std::string eight;
  for (char digit = '1'; digit <= '8'; ++digit) eight += std::string("+00000000000000c") + digit;
  const struct {
    std::string groups;
    ViewRefusal refusal;
  } cases[] = {
      {own + one + two, ViewRefusal::kHashMismatch},  // all is good but the hash
      {own + eight, ViewRefusal::kHashMismatch},
      {own + eight + "+00000000000000d1", ViewRefusal::kOverlong},
      {own + two + one, ViewRefusal::kNotCanonical},
      {own + one + one, ViewRefusal::kNotCanonical},
      {own + "+" + own, ViewRefusal::kMalformed},
      {own + "+0000000000000000", ViewRefusal::kMalformed},
      {own + "+", ViewRefusal::kMalformed},
      {own + "+b1", ViewRefusal::kMalformed},
      {own + "-00000000000000b1", ViewRefusal::kMalformed},
      {"+" + own, ViewRefusal::kMalformed},
      {own.substr(1), ViewRefusal::kMalformed},
      {"00000000000000AA", ViewRefusal::kMalformed},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.groups);
    const std::string text = "0000000000000000;2,shop,0000000000000001,0," + c.groups + ";;";
    EXPECT_EQ(to_text(codec().decode(sign(text)).refusal), to_text(c.refusal));
  }
}

TEST(ViewCodec, CarriesEightAbsorbedGroupsInAnyOrderAndNotOneMore) {
  ClusterView view{.cluster = "shop", .group = 5, .absorbed = {9, 8, 7, 6, 4, 3, 2, 1}};
  const auto text = codec().encode(view);
  ASSERT_TRUE(text);
  const ClusterView decoded = codec().decode(*text).view;
  EXPECT_EQ(decoded.absorbed, (std::vector<std::uint64_t>{1, 2, 3, 4, 6, 7, 8, 9}));
  EXPECT_TRUE(decoded.has_absorbed(4));
  EXPECT_FALSE(decoded.has_absorbed(5));
  view.absorbed.push_back(10);
  EXPECT_FALSE(codec().encode(view));
  EXPECT_FALSE(view_hash(view));
}

TEST(ViewCodec, WritesNothingThatItWouldRefuse) {
  const auto refused = [](auto change) {
    ClusterView view = known_view();
    change(view);
    return !codec().encode(view).has_value();
  };
  EXPECT_TRUE(refused([](auto& v) { v.cluster = "other"; }));
  EXPECT_TRUE(refused([](auto& v) { v.beat = kViewBeatMax + 1ms; }));
  EXPECT_TRUE(refused([](auto& v) { v.beat = -1ms; }));
  EXPECT_TRUE(refused([](auto& v) { v.absorbed.push_back(v.group); }));
  EXPECT_TRUE(refused([](auto& v) { v.absorbed.push_back(v.absorbed[0]); }));
  EXPECT_TRUE(refused([](auto& v) { v.absorbed.push_back(0); }));
  EXPECT_TRUE(refused([](auto& v) { v.entries[1].mid = v.entries[0].mid; }));
  EXPECT_TRUE(refused([](auto& v) { v.entries[0].name.clear(); }));
  EXPECT_TRUE(refused([](auto& v) { v.entries[0].name.assign(kViewNameBytesMax + 1, 'n'); }));
  EXPECT_TRUE(refused([](auto& v) { v.entries[0].address.clear(); }));
  EXPECT_TRUE(refused([](auto& v) { v.entries[0].address.assign(kViewAddressBytesMax + 1, 'h'); }));
  EXPECT_TRUE(refused([](auto& v) { v.entries[0].machine.assign(kViewNameBytesMax + 1, 'm'); }));
  EXPECT_TRUE(refused([](auto& v) { v.entries[0].weight = 0; }));
  EXPECT_TRUE(refused([](auto& v) { v.entries[0].weight = kViewWeightMax + 1; }));
  EXPECT_FALSE(codec("1", std::string(65, 'c')).encode({.cluster = std::string(65, 'c')}));
  EXPECT_TRUE(codec("1", std::string(64, 'c')).encode({.cluster = std::string(64, 'c')}));
}

TEST(ViewCodec, Carries4096MembersAndNotOneMore) {
  ClusterView view{.cluster = "shop"};
  for (std::uint32_t mid = 0; mid < kViewMembersMax; ++mid) {
    view.entries.push_back({.mid = mid, .name = "n", .address = "127.0.0.1:7001"});
  }
  const auto text = codec().encode(view);
  ASSERT_TRUE(text);
  EXPECT_EQ(codec().decode(*text).view.entries.size(), kViewMembersMax);

  const std::string_view unsigned_text = std::string_view(*text).substr(0, text->rfind(';'));
  const std::string_view entries = unsigned_text.substr(unsigned_text.rfind(';') + 1);
  const std::string more = std::string(entries) + ",AAAQAA!n!127.0.0.1:7001!!ar!100";
  EXPECT_EQ(codec().decode(sign_entries(more)).refusal, ViewRefusal::kOverlong);
  view.entries.push_back({.mid = kViewMembersMax, .name = "n", .address = "127.0.0.1:7001"});
  EXPECT_FALSE(codec().encode(view));
  EXPECT_FALSE(view_hash(view));
}

TEST(ViewCodec, RefusesATextAboveItsLimitUnread) {
  EXPECT_EQ(codec().decode(std::string(kViewTextBytesMax, 'x')).refusal, ViewRefusal::kMalformed);
  EXPECT_EQ(codec().decode(std::string(kViewTextBytesMax + 1, 'x')).refusal,
            ViewRefusal::kOverlong);
}

TEST(ViewHeader, IsCutToItsHashWhenTheListIsTooLong) {
  std::string text(kViewHeaderBytesMax, 'x');
  EXPECT_EQ(view_header_value(text), text);
  text += 'x';
  EXPECT_EQ(view_header_value(text), text.substr(0, 16));
}

TEST(ViewHeader, IsComparedByItsHashAlone) {
  const Hex64 held = format_hex64(0xb6b1862c76406bbe);
  EXPECT_TRUE(holds_view(kKnown, held));
  EXPECT_TRUE(holds_view("b6b1862c76406bbe", held));
  EXPECT_TRUE(holds_view("b6b1862c76406bbe;", held));
  EXPECT_FALSE(holds_view("b6b1862c76406bbf", held));
  EXPECT_FALSE(holds_view("b6b1862c76406bbex", held));
  EXPECT_FALSE(holds_view("b6b1862c76406bb", held));
  EXPECT_FALSE(holds_view("", held));
}

TEST(ViewHeader, BeginsWithAHashOrHasNone) {
  EXPECT_EQ(leading_view_hash(kKnown), 0xb6b1862c76406bbeU);
  EXPECT_EQ(leading_view_hash("b6b1862c76406bbe"), 0xb6b1862c76406bbeU);
  for (const char* text : {"", "b6b1862c76406bb", "b6b1862c76406bbe0", "7BD6E3DE63901A20;"}) {
    EXPECT_FALSE(leading_view_hash(text)) << text;
  }
}

}  // namespace
}  // namespace understudy
