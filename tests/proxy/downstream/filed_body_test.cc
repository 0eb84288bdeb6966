// SPDX-License-Identifier: Apache-2.0
#include "proxy/downstream/filed_body.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <string>

namespace understudy {
namespace {

class Filed : public testing::Test {
 protected:
  static std::string pattern(std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + i % 23);
    return text;
  }
  std::string read_again(std::size_t piece_bytes) {
    std::string all;
    body.rewind();
    while (body.has_unsent()) {
      const std::string_view piece = body.unsent().substr(0, piece_bytes);
      if (piece.empty()) break;
      all += piece;
      body.consume(piece.size());
    }
    return all;
  }

  const std::string directory = testing::TempDir();
  BlockPool blocks{{.small_bytes = 16, .large_bytes = 64}};
  uint64_t account = 0;
  FiledBody body{blocks, account};
};

TEST_F(Filed, GivesBackWhatWasPutInAsOftenAsWanted) {
  const std::string text = pattern(1000);
  for (std::size_t at = 0; at < text.size(); at += 70) {
    ASSERT_TRUE(body.append(std::string_view(text).substr(at, 70), directory));
  }
  EXPECT_EQ(body.size(), text.size());
  EXPECT_EQ(account, text.size());
  EXPECT_FALSE(body.has_unsent()) << "it has been sent once: nothing to do before rewind()";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{33}, std::size_t{1000}}) {
    EXPECT_EQ(read_again(piece), text);
  }
  EXPECT_EQ(blocks.in_use(), 1u) << "however large it is";
}

TEST_F(Filed, MayGrowBetweenAndWithinReplays) {
  const std::string text = pattern(200);
  ASSERT_TRUE(body.append(std::string_view(text).substr(0, 100), directory));
  body.rewind();
  body.consume(10);
  ASSERT_TRUE(body.append(std::string_view(text).substr(100), directory));
  EXPECT_EQ(read_again(1000), text);
  ASSERT_TRUE(body.append("more", directory));
  EXPECT_FALSE(body.has_unsent()) << "what is filed behind a replay has been sent";
}

TEST_F(Filed, LeavesNoNameBehind) {
  const std::string place = directory + "/filed_body_test";
  std::filesystem::create_directories(place);
  ASSERT_TRUE(body.append("secret", place));
  EXPECT_TRUE(std::filesystem::is_empty(place));
  body.clear();
  EXPECT_EQ(account, 0u);
  EXPECT_EQ(blocks.in_use(), 0u);
  std::filesystem::remove_all(place);
}

TEST_F(Filed, SaysWhenThereIsNoPlace) {
  EXPECT_FALSE(body.append("x", directory + "/there/is/no/such/place"));
  EXPECT_EQ(account, 0u);
}

TEST_F(Filed, SaysWhenTheDiskIsFull) {
  // The limit of a file's size stands in for a full disk: write(2) fails half-way in the same way.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 150;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const bool first = body.append(pattern(100), directory);
  const bool second = body.append(pattern(100), directory);
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_TRUE(first);
  EXPECT_FALSE(second);
  EXPECT_EQ(account, 100u);
  EXPECT_EQ(read_again(1000), pattern(100)) << "what was kept before can still be read";
}

}  // namespace
}  // namespace understudy
