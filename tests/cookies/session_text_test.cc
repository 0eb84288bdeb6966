// SPDX-License-Identifier: Apache-2.0
// A session in other products' looks: what the SDK writes, read by the SDK and by the proxy's
// codec.
#include "cookies/session_text.h"

#include <gtest/gtest.h>

#include <string>

namespace understudy {
namespace {

AffinityCodec codec(Dialect dialect) {
  static const auto ring = Keyring::parse("1 " + std::string(64, 'a') + "\n", "ring").keyring;
  return AffinityCodec({.dialect = dialect, .keyring = ring, .cluster = "shop"});
}

std::string native(std::uint64_t version) {
  AffinityToken token{.primary = 0x89abcdef, .secondary = 7, .epoch = 3, .version = version};
  token.sid.fill(0xfb);
  return std::string(codec(Dialect::kNative).encode(token)->view());
}

TEST(SessionText, EachLookIsReadBackAsTheSignedValue) {
  for (const std::uint64_t version : {std::uint64_t{0}, ~std::uint64_t{0}}) {
    const std::string value = native(version);
    for (const Dialect dialect : {Dialect::kNative, Dialect::kWeblogic, Dialect::kRoute}) {
      const auto text = write_session_text({.dialect = dialect,
                                            .native = value,
                                            .primary = 0x89abcdef,
                                            .secondary = 7,
                                            .route = "shop.a"});
      if (dialect == Dialect::kNative) {
        EXPECT_FALSE(text);
        continue;
      }
      ASSERT_TRUE(text);
      NativeRoom room;
      const ReadSessionText read = read_session_text(text->view(), room);
      EXPECT_EQ(read.dialect, dialect);
      EXPECT_EQ(read.native, value);
      EXPECT_TRUE(codec(Dialect::kNative).decode(read.native).token.verified);
    }
    NativeRoom room;
    EXPECT_EQ(read_session_text(value, room).native, value);
    EXPECT_EQ(read_session_text(value, room).dialect, Dialect::kNative);
  }
}

TEST(SessionText, TheProxyTellsTheLooksApart) {
  const std::string value = native(9);
  const SessionText session{.dialect = Dialect::kWeblogic,
                            .native = value,
                            .primary = 0x89abcdef,
                            .secondary = 7,
                            .route = "shop.a"};
  const auto weblogic = write_session_text(session);
  ASSERT_TRUE(weblogic);
  EXPECT_TRUE(weblogic->view().ends_with("!-1985229329!7")) << weblogic->view();
  const DecodedAffinity seen = codec(Dialect::kAuto).decode(weblogic->view());
  EXPECT_EQ(seen.token.dialect, Dialect::kWeblogic);
  EXPECT_EQ(seen.token.primary, 0x89abcdef);
  EXPECT_EQ(seen.token.secondary, 7u);

  SessionText other = session;
  other.dialect = Dialect::kRoute;
  const auto route = write_session_text(other);
  ASSERT_TRUE(route);
  const DecodedAffinity routed = codec(Dialect::kAuto).decode(route->view());
  EXPECT_EQ(routed.token.dialect, Dialect::kRoute);
  EXPECT_EQ(routed.token.route, "shop.a");

  other.route = "";
  NativeRoom room;
  EXPECT_EQ(read_session_text(write_session_text(other)->view(), room).native, value);
}

TEST(SessionText, WhatIsChangedIsNoSession) {
  const auto text = write_session_text({.dialect = Dialect::kWeblogic, .native = native(9)});
  ASSERT_TRUE(text);
  EXPECT_TRUE(text->view().ends_with("!NONE!NONE"));
  const std::size_t signed_size = native(9).size();
  for (std::size_t i = 0; i < signed_size; ++i) {
    std::string changed(text->view());
    changed[i] = changed[i] == 'x' ? 'y' : 'x';
    NativeRoom room;
    const ReadSessionText read = read_session_text(changed, room);
    EXPECT_FALSE(codec(Dialect::kNative).decode(read.native).token.verified) << i;
  }
  for (const std::string_view odd : {"", "1~", "1~!", "1~a!b", "1~.", "1~a."}) {
    NativeRoom room;
    EXPECT_FALSE(codec(Dialect::kNative).decode(read_session_text(odd, room).native)) << odd;
  }
}

}  // namespace
}  // namespace understudy
