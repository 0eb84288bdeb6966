// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/password.h"

#include <gtest/gtest.h>

namespace understudy::apache {
namespace {

// As htpasswd has written them for "secret".
constexpr std::string_view kHashes[] = {
    "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
    "$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/",
    "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
};

TEST(Password, IsCheckedAgainstWhatHtpasswdWrites) {
  for (const std::string_view hash : kHashes) {
    SCOPED_TRACE(hash);
    EXPECT_TRUE(is_password_hash(hash));
    EXPECT_TRUE(is_password_of("secret", hash));
    EXPECT_FALSE(is_password_of("Secret", hash));
    EXPECT_FALSE(is_password_of("", hash));
  }
}

TEST(Password, AHashThatCannotBeCheckedIsNone) {
  for (const std::string_view text : {"", "secret", "{SSHA}abcd", "{SHA}?", "$apr1$abc"}) {
    EXPECT_FALSE(is_password_hash(text)) << text;
  }
}

TEST(Password, TheMemoKnowsOnlyWhatWasFoundTogether) {
  LoginMemo memo;
  memo.add("secret", kHashes[0]);
  EXPECT_TRUE(memo.knows("secret", kHashes[0]));
  EXPECT_FALSE(memo.knows("secret", kHashes[1]));
  EXPECT_FALSE(memo.knows("other", kHashes[0]));
  for (int i = 0; i < 64; ++i) memo.add("p" + std::to_string(i), kHashes[0]);
  EXPECT_FALSE(memo.knows("secret", kHashes[0]));
}

}  // namespace
}  // namespace understudy::apache
