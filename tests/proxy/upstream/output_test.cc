// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/output.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace understudy {
namespace {

iovec piece(std::string_view text) {
  return {const_cast<char*>(text.data()), text.size()};
}

TEST(Output, KeepsExactlyTheBytesBetweenTheTwoPositions) {
  BlockPool blocks;
  const std::array<iovec, 3> pieces = {piece("abc"), piece(""), piece("defg")};
  EXPECT_EQ(total_bytes(pieces), 7u);
  for (size_t from = 0; from <= 7; ++from) {
    for (size_t to = from; to <= 7; ++to) {
      Buffer out(blocks);
      ASSERT_TRUE(keep_rest(out, pieces, from, to));
      EXPECT_EQ(out.readable(), std::string_view("abcdefg").substr(from, to - from));
    }
  }
}

TEST(Output, GrowsToALargeBlockAndNoFurther) {
  BlockPool blocks;
  Buffer out(blocks);
  const std::string fits(blocks.options().large_bytes, 'x');
  EXPECT_TRUE(keep(out, fits));
  EXPECT_FALSE(keep(out, "y"));
  EXPECT_EQ(out.size(), fits.size());
}

}  // namespace
}  // namespace understudy
