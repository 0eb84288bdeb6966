// SPDX-License-Identifier: Apache-2.0
#include "cookies/mac.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "cookies/signature.h"
#include "tests/cookies/test_keys.h"

namespace understudy {
namespace {

std::span<const std::uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string hex(const Digest& digest) {
  std::string text;
  for (std::uint8_t byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

// RFC 4231, test cases 1, 2, 3, 6 and 7.
TEST(MacKey, GivesTheAnswersOfRfc4231) {
  EXPECT_EQ(hex(MacKey(std::vector<std::uint8_t>(20, 0x0b)).sign("Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(MacKey(bytes("Jefe")).sign("what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(MacKey(std::vector<std::uint8_t>(20, 0xaa)).sign(std::string(50, '\xdd'))),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  const MacKey long_key(std::vector<std::uint8_t>(131, 0xaa));
  EXPECT_EQ(hex(long_key.sign("Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(
      hex(long_key.sign("This is a test using a larger than block-size key and a larger than "
                        "block-size data. The key needs to be hashed before being used by the "
                        "HMAC algorithm.")),
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST(MacKey, AKeyIsHashedOnlyWhenItIsLongerThanABlock) {
  for (const std::size_t size : {63, 64, 65}) {
    const std::string key(size, 'k');
    const bool is_hashed = MacKey(bytes(key)).sign("text") == MacKey(sha256(key)).sign("text");
    EXPECT_EQ(is_hashed, size > 64) << size;
  }
}

TEST(MacKey, AfterAPrefixSignsAsIfTheTextBeganWithIt) {
  const MacKey key(bytes("a key"));
  for (std::size_t blocks : {1U, 2U, 5U}) {
    const std::string prefix(64 * blocks, 'p');
    for (std::size_t size : {0U, 1U, 54U, 55U, 56U, 63U, 64U, 65U, 300U}) {
      const std::string text(size, 't');
      EXPECT_EQ(key.after_prefix(prefix).sign(text), key.sign(prefix + text)) << size;
    }
  }
  EXPECT_EQ(key.after_prefix("").sign("x"), key.sign("x"));
}

TEST(ConstantTime, EqualityIsThatOfAllBytes) {
  EXPECT_TRUE(equal_in_constant_time(bytes("abc"), bytes("abc")));
  EXPECT_FALSE(equal_in_constant_time(bytes("abc"), bytes("abd")));
  EXPECT_FALSE(equal_in_constant_time(bytes("abc"), bytes("ab")));
}

std::string signed_text(const TextSigner& signer, std::string text) {
  const std::size_t size = text.size();
  text.resize(size + kSignatureChars);
  EXPECT_EQ(signer.sign(text.data(), text.data() + size), text.data() + text.size());
  return text;
}

TEST(TextSigner, AcceptsEveryKeyOfTheRingAndSignsWithTheFirst) {
  const TextSigner old(*test::ring("1"), KeyPurpose::kCookie, "shop");
  const TextSigner both(*test::ring("21"), KeyPurpose::kCookie, "shop");
  const TextSigner fresh(*test::ring("2"), KeyPurpose::kCookie, "shop");
  const std::string by_old = signed_text(old, "text");
  const std::string by_both = signed_text(both, "text");
  EXPECT_EQ(both.check(by_old), Signature::kGood);
  EXPECT_EQ(by_both[4], '2');
  EXPECT_EQ(fresh.check(by_both), Signature::kGood);
  EXPECT_EQ(fresh.check(by_old), Signature::kUnknownKey);
}

TEST(TextSigner, HoldsForOnePurposeAndOneClusterOnly) {
  const auto ring = test::ring();
  const std::string text =
      signed_text(TextSigner(*ring, KeyPurpose::kCookie, "shop"), "the same text");
  EXPECT_EQ(TextSigner(*ring, KeyPurpose::kView, "shop").check(text), Signature::kBad);
  EXPECT_EQ(TextSigner(*ring, KeyPurpose::kCookie, "shop2").check(text), Signature::kBad);
  EXPECT_EQ(TextSigner(*ring, KeyPurpose::kCookie, std::string("shop\0", 5)).check(text),
            Signature::kBad);
  EXPECT_EQ(TextSigner(*ring, KeyPurpose::kCookie, "").check(text), Signature::kBad);
}

TEST(TextSigner, RefusesTextsTooShortForASignature) {
  const TextSigner signer(*test::ring(), KeyPurpose::kCookie, "shop");
  const std::string text = signed_text(signer, "");
  EXPECT_EQ(signer.check(text), Signature::kGood);
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(signer.check(std::string_view(text).substr(0, size)), Signature::kBad) << size;
  }
}

}  // namespace
}  // namespace understudy
