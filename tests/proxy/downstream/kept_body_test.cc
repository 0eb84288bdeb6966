// SPDX-License-Identifier: Apache-2.0
#include "proxy/downstream/kept_body.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace understudy {
namespace {

class Body : public testing::Test {
 protected:
  // Puts in as much of `text` as there is room for; returns how much.
  std::size_t put(std::string_view text, bool keep) {
    std::size_t put = 0;
    while (put < text.size()) {
      const std::span<char> room = body.room({.in_memory = keep});
      if (room.empty()) break;
      const std::size_t bytes = std::min(room.size(), text.size() - put);
      std::copy_n(text.data() + put, bytes, room.data());
      body.commit(bytes, bytes);
      put += bytes;
    }
    return put;
  }
  std::string take_all() {
    std::string all;
    while (body.has_unsent()) {
      const std::string_view piece = body.unsent();
      all += piece;
      body.consume(piece.size());
    }
    return all;
  }
  static std::string pattern(std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + i % 23);
    return text;
  }

  BlockPool blocks{{.small_bytes = 16, .large_bytes = 64}};
  uint64_t account = 0;
  uint64_t file_account = 0;
  KeptBody body{blocks, account, file_account};
};

TEST_F(Body, WhatIsKeptCanBeSentAgainHoweverLongItIs) {
  const std::string text = pattern(1000);
  EXPECT_EQ(put(text, true), text.size());
  EXPECT_EQ(take_all(), text);
  EXPECT_TRUE(body.can_rewind());
  body.rewind();
  EXPECT_EQ(take_all(), text);
  EXPECT_EQ(account, 1024u);
}

TEST_F(Body, WhatHasBeenSentAndIsNotKeptHoldsNoBlock) {
  const std::string text = pattern(100);
  EXPECT_EQ(put(text.substr(0, 64), false), 64u);
  EXPECT_EQ(body.unsent(), text.substr(0, 64));
  body.consume(30);
  body.give_back_sent();
  EXPECT_EQ(blocks.in_use(), 1u);
  body.consume(34);
  body.give_back_sent();
  EXPECT_EQ(blocks.in_use(), 0u);
  EXPECT_EQ(account, 0u);
  EXPECT_TRUE(body.is_used());
  EXPECT_FALSE(body.can_rewind());
  // More of it comes.
  EXPECT_EQ(put(text.substr(64), false), 36u);
  EXPECT_EQ(take_all(), text.substr(64));
  body.clear();
  EXPECT_FALSE(body.is_used());
  EXPECT_TRUE(body.can_rewind());
  EXPECT_EQ(account, 0u);
}

// The beginning of the next request came along.
TEST_F(Body, WhatStandsBehindTheBodyIsNotGivenBack) {
  std::span<char> room = body.room({});
  std::copy_n("bodyGET", 7, room.data());
  body.commit(7, 4);
  body.consume(4);
  body.give_back_sent();
  EXPECT_EQ(body.rest(), "GET");
  EXPECT_EQ(blocks.in_use(), 1u);
}

TEST_F(Body, WhatIsNotKeptNeverTakesMoreThanOneBlock) {
  const std::string text = pattern(1000);
  std::string got;
  std::size_t at = 0;
  while (at < text.size()) {
    at += put(std::string_view(text).substr(at), false);
    EXPECT_LE(blocks.in_use(), 1u);
    if (at < text.size()) {
      EXPECT_TRUE(body.room({.in_memory = false}).empty())
          << "there is no room before something has been sent";
    }
    got += take_all();
  }
  EXPECT_EQ(got, text);
  EXPECT_FALSE(body.can_rewind());
}

TEST_F(Body, KeepingMayEndInTheMiddle) {
  const std::string text = pattern(300);
  put(std::string_view(text).substr(0, 200), true);
  std::string got = take_all();
  EXPECT_EQ(blocks.in_use(), 4u);
  put(std::string_view(text).substr(200), false);
  EXPECT_FALSE(body.can_rewind());
  EXPECT_LE(blocks.in_use(), 2u);
  got += take_all();
  put("", false);
  EXPECT_EQ(got, text.substr(0, got.size()));
}

TEST_F(Body, WhatCameAlongBehindTheBodyIsGivenBack) {
  std::span<char> room = body.room({.in_memory = true});
  const std::string_view text = "bodyGET / HTTP";
  std::copy(text.begin(), text.end(), room.data());
  body.commit(text.size(), 4);
  EXPECT_EQ(body.unsent(), "body");
  EXPECT_TRUE(body.is_last(body.unsent()));
  body.consume_all();
  EXPECT_EQ(body.rest(), "GET / HTTP");
}

TEST_F(Body, ClearGivesEverythingBack) {
  put(pattern(500), true);
  body.clear();
  EXPECT_EQ(blocks.in_use(), 0u);
  EXPECT_EQ(account, 0u);
  EXPECT_FALSE(body.is_used());
  EXPECT_TRUE(body.can_rewind());
}

// With a file behind it: memory holds a block or two, and the whole body can be sent again.
class FiledKeptBody : public Body {
 protected:
  std::size_t put_with_file(std::string_view text) {
    std::size_t put = 0;
    while (put < text.size()) {
      const std::span<char> room = body.room({.directory = &directory});
      if (room.empty()) break;
      const std::size_t bytes = std::min(room.size(), text.size() - put);
      std::copy_n(text.data() + put, bytes, room.data());
      body.commit(bytes, bytes);
      put += bytes;
    }
    return put;
  }
  // Puts and takes in turns until all of `text` went through.
  std::string pass(std::string_view text) {
    std::string got;
    while (!text.empty()) {
      text.remove_prefix(put_with_file(text));
      got += take_all();
    }
    return got;
  }

  const std::string directory = testing::TempDir();
};

TEST_F(FiledKeptBody, CanBeSentAgainFromTheFile) {
  const std::string text = pattern(1000);
  EXPECT_EQ(pass(text), text);
  EXPECT_LE(blocks.in_use(), 1u);
  ASSERT_TRUE(body.can_rewind());
  for (int again = 0; again < 3; ++again) {
    body.rewind();
    EXPECT_EQ(take_all(), text);
    EXPECT_LE(blocks.in_use(), 2u);
  }
}

TEST_F(FiledKeptBody, SaysWhichPieceIsTheLast) {
  pass(pattern(150));
  body.rewind();
  std::size_t pieces = 0;
  while (body.has_unsent()) {
    const std::string_view piece = body.unsent();
    ++pieces;
    const bool is_last = body.is_last(piece);
    body.consume(piece.size());
    EXPECT_EQ(is_last, !body.has_unsent()) << "piece " << pieces;
  }
  EXPECT_GE(pieces, 2u);
}

TEST_F(FiledKeptBody, GoesOnGrowingWhileItIsSentAgain) {
  const std::string text = pattern(700);
  pass(std::string_view(text).substr(0, 300));
  body.rewind();
  const std::size_t more = put_with_file(std::string_view(text).substr(300));
  EXPECT_LE(more, 64u) << "no more than a block before the rest has been sent";
  std::string again = take_all();
  again += pass(std::string_view(text).substr(300 + more));
  EXPECT_EQ(again, text);
  body.rewind();
  EXPECT_EQ(take_all(), text);
}

TEST_F(FiledKeptBody, LeavesMemoryForTheFileWhenItGrowsTooLarge) {
  const std::string text = pattern(600);
  put(std::string_view(text).substr(0, 200), true);
  std::string got = take_all();
  got += pass(std::string_view(text).substr(200));
  EXPECT_EQ(got, text);
  body.rewind();
  EXPECT_EQ(take_all(), text);
}

TEST_F(FiledKeptBody, IsLostWhenTheFileCannotGrow) {
  const std::string nowhere = directory + "/no/such/place";
  const std::string text = pattern(300);
  std::string got;
  for (std::size_t at = 0; at < text.size();) {
    const std::span<char> room = body.room({.directory = &nowhere});
    const std::size_t bytes = std::min(room.size(), text.size() - at);
    std::copy_n(text.data() + at, bytes, room.data());
    body.commit(bytes, bytes);
    at += bytes;
    got += take_all();
  }
  EXPECT_EQ(got, text) << "it is sent once all the same";
  EXPECT_FALSE(body.can_rewind());
}

TEST_F(FiledKeptBody, GivesEverythingBack) {
  pass(pattern(500));
  body.rewind();
  EXPECT_GT(file_account, 0u);
  body.clear();
  EXPECT_EQ(file_account, 0u);
  EXPECT_EQ(account, 0u);
  EXPECT_EQ(blocks.in_use(), 0u);
  EXPECT_FALSE(body.is_used());
}

}  // namespace
}  // namespace understudy
