// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/request_path.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "base/random.h"

namespace understudy::routing {
namespace {

struct Normal {
  std::string path;
  PathRefusal refusal;
};
Normal normal(std::string_view path) {
  std::array<char, 4096> scratch;
  const NormalisedPath result = normalise_path(path, scratch);
  return {std::string(result.path), result.refusal};
}

TEST(RequestPath, HasOneForm) {
  const struct {
    std::string_view given;
    std::string_view wanted;
  } kCases[] = {
      {"/", "/"},
      {"/shop/cart", "/shop/cart"},
      {"/shop/", "/shop/"},
      {"//shop///cart//", "/shop/cart/"},
      {"/a/./b", "/a/b"},
      {"/a/../b", "/b"},
      {"/a/b/..", "/a/"},
      {"/a/b/.", "/a/b/"},
      {"/a/b/../../c", "/c"},
      {"/%2e%2E/x/../y", ""},
      {"/a/%2e%2e/b", "/b"},
      {"/a/.%2e/b", "/b"},
      {"/%61dmin", "/admin"},
      {"/%41%7a~%2D", "/Az~-"},
      {"/a%20b", "/a%20b"},
      {"/a%c3%a4", "/a%C3%A4"},
      {"/a\xc3\xa4", "/a%C3%A4"},
      {"/a%28b%29", "/a(b)"},
      {"/a%3bx", "/a%3Bx"},
      {"/a;x=1/b", "/a;x=1/b"},
      {"/a%25%32%66b", "/a%252fb"},
      {"/...", "/..."},
      {"/.well-known/x", "/.well-known/x"},
      {"/..a/.b", "/..a/.b"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.given);
    EXPECT_EQ(normal(test.given).path, test.wanted);
  }
}

TEST(RequestPath, AnEscapedSlashIsALetterOrDivides) {
  std::array<char, 64> scratch;
  const NormalisedPath letter = normalise_path("/a%2fb", scratch);
  EXPECT_EQ(letter.path, "/a%2Fb");
  EXPECT_TRUE(letter.has_slash_escape && letter.is_sound);
  EXPECT_EQ(normalise_path("/x/..%2fadmin", scratch).path, "/x/..%2Fadmin");
  constexpr PathReading kDivides{.slash_escapes_divide = true};
  EXPECT_EQ(normalise_path("/a%2fb", scratch, kDivides).path, "/a/b");
  const NormalisedPath dots = normalise_path("/x/..%2fadmin", scratch, kDivides);
  EXPECT_EQ(dots.path, "/admin");
  EXPECT_TRUE(dots.has_dot_segments);
  EXPECT_EQ(normalise_path("/..%2Fadmin", scratch, kDivides).refusal, PathRefusal::kAboveRoot);
}

TEST(RequestPath, RunsOfSlashesMayStay) {
  std::array<char, 64> scratch;
  constexpr PathReading kKept{.merges_slashes = false};
  EXPECT_EQ(normalise_path("//a///b//", scratch, kKept).path, "//a///b//");
  EXPECT_EQ(normalise_path("/a//../b", scratch, kKept).path, "/a/b");
}

TEST(RequestPath, IsSentAsItCameWhereThatCanMeanNothingElse) {
  const struct {
    std::string_view given, sent, sent_divided;
  } kCases[] = {
      {"/a/b", "/a/b", "/a/b"},
      {"/a%2Bb%26c%3Dd", "/a%2Bb%26c%3Dd", "/a%2Bb%26c%3Dd"},
      {"/%41%7e", "/%41%7e", "/%41%7e"},
      {"/@scope%2fname", "/@scope%2fname", "/@scope/name"},
      {"/img//x", "/img//x", "/img//x"},
      {"/a/%2e%2E//b%20c", "/b%20c", "/b%20c"},
      {"/a//./%41", "/a/%41", "/a/%41"},
      {"/a\"\xc3", "/a%22%C3", "/a%22%C3"},
      {"//a<b", "//a%3Cb", "//a%3Cb"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.given);
    std::array<char, 64> scratch;
    EXPECT_EQ(sound_path(test.given, scratch, false), test.sent);
    EXPECT_EQ(sound_path(test.given, scratch, true), test.sent_divided);
    EXPECT_EQ(normalise_path(test.given, scratch).is_sound, test.given == test.sent);
  }
}

TEST(RequestPath, RefusesWhatServersReadInTwoWays) {
  const struct {
    std::string_view given;
    PathRefusal refusal;
    int status;
  } kCases[] = {
      {"", PathRefusal::kNotAbsolute, 400},
      {"*", PathRefusal::kNotAbsolute, 400},
      {"admin", PathRefusal::kNotAbsolute, 400},
      {"/a%", PathRefusal::kBadEscape, 400},
      {"/a%2", PathRefusal::kBadEscape, 400},
      {"/a%zz", PathRefusal::kBadEscape, 400},
      {"/a%u0041", PathRefusal::kBadEscape, 400},
      {"/a%00b", PathRefusal::kControl, 400},
      {"/a%0d%0aSet-Cookie:x", PathRefusal::kControl, 400},
      {std::string_view("/a\0b", 4), PathRefusal::kControl, 400},
      {"/a\\..\\b", PathRefusal::kBackslash, 400},
      {"/a%5cb", PathRefusal::kBackslash, 400},
      {"/..", PathRefusal::kAboveRoot, 400},
      {"/a/../../b", PathRefusal::kAboveRoot, 400},
      {"/a/..;/admin", PathRefusal::kDotParameter, 400},
      {"/a/%2e;x=1/admin", PathRefusal::kDotParameter, 400},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.given);
    EXPECT_EQ(normal(test.given).refusal, test.refusal);
    EXPECT_EQ(status_of(normal(test.given).refusal), test.status);
  }
}

TEST(RequestPath, ThatIsNormalIsNotCopied) {
  const std::string path = "/shop/cart;jsessionid=1!2!3";
  std::array<char, 1> scratch;
  EXPECT_EQ(normalise_path(path, scratch).path.data(), path.data());
}

TEST(RequestPath, FitsItsScratchExactlyOrIsTooLong) {
  std::array<char, 8> scratch;
  EXPECT_EQ(normalise_path("//abcdefg", scratch).path, "/abcdefg");
  EXPECT_EQ(normalise_path("//abcdefgh", scratch).refusal, PathRefusal::kTooLong);
}

TEST(RequestPath, NormalisedTwiceIsNormalisedOnce) {
  constexpr std::uint64_t kSeed = 20261;
  SCOPED_TRACE(kSeed);
  SeededRandom random(kSeed);
  constexpr std::string_view kAlphabet = "/./.%%25eEfF;\\ab\x80 ~(?";
  for (int round = 0; round < 20000; ++round) {
    std::string path = "/";
    for (std::uint64_t size = random.below(24); size > 0; --size) {
      path += kAlphabet[random.below(kAlphabet.size())];
    }
    const Normal once = normal(path);
    if (once.refusal != PathRefusal::kNone) continue;
    ASSERT_EQ(normal(once.path).path, once.path) << path;
    ASSERT_LE(once.path.size(), 3 * path.size());
    ASSERT_EQ(once.path.find("//"), std::string::npos) << path;
    ASSERT_EQ((once.path + "/").find("/../"), std::string::npos) << path;
  }
}

// What is in its one form already stands where it stood: nothing is copied.
TEST(RequestPath, ANormalPathIsNotCopied) {
  SeededRandom random(20261122);
  constexpr std::string_view kBytes = "abzAZ09-._~/;=:@!";
  std::array<char, 4096> scratch;
  size_t in_place = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string path = "/";
    const size_t size = random.next() % 50;
    while (path.size() <= size) path += kBytes[random.next() % kBytes.size()];
    SCOPED_TRACE(path);
    const bool is_plain = path.find("//") == path.npos && path.find("/.") == path.npos;
    const NormalisedPath result = normalise_path(path, scratch);
    EXPECT_EQ(result.path.data() == path.data(), is_plain);  // a refused one has no path
    in_place += is_plain ? 1 : 0;
  }
  EXPECT_GT(in_place, 1000u);
}

}  // namespace
}  // namespace understudy::routing
