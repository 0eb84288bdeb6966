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
      const std::span<char> room = body.room(keep);
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
  KeptBody body{blocks, account};
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

TEST_F(Body, WhatIsNotKeptNeverTakesMoreThanOneBlock) {
  const std::string text = pattern(1000);
  std::string got;
  std::size_t at = 0;
  while (at < text.size()) {
    at += put(std::string_view(text).substr(at), false);
    EXPECT_LE(blocks.in_use(), 1u);
    if (at < text.size()) {
      EXPECT_TRUE(body.room(false).empty()) << "there is no room before something has been sent";
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
  std::span<char> room = body.room(true);
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

}  // namespace
}  // namespace understudy
