// SPDX-License-Identifier: Apache-2.0
// The memory of an HTTP/2 session: blocks, packing, and what is the heap's.
#include "proxy/http/http2/http2_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace understudy::http {
namespace {

struct Block {
  char* at;
  std::string content;
};

Block make(Http2Memory& memory, std::size_t bytes, char fill) {
  Block block{static_cast<char*>(memory.allocate(bytes)), std::string(bytes, fill)};
  std::memcpy(block.at, block.content.data(), bytes);
  return block;
}

testing::AssertionResult is_whole(const Block& block) {
  if (std::memcmp(block.at, block.content.data(), block.content.size()) == 0) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << "a block of " << block.content.size() << " bytes changed";
}

// Of the pages that hold [at, at + bytes), how many the system keeps.
std::size_t resident_pages(const char* at, std::size_t bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const auto from = reinterpret_cast<uintptr_t>(at) & ~(page - 1);
  std::vector<unsigned char> state((reinterpret_cast<uintptr_t>(at) + bytes - from + page - 1) /
                                   page);
  EXPECT_EQ(mincore(reinterpret_cast<void*>(from), state.size() * page, state.data()), 0);
  std::size_t resident = 0;
  for (const unsigned char one : state) resident += one & 1;
  return resident;
}

TEST(Http2Memory, BlocksOfEachSizeAreAlignedAndApart) {
  Http2Memory memory;
  std::vector<Block> blocks;
  for (std::size_t bytes = 0; bytes <= 600; ++bytes) {
    blocks.push_back(make(memory, bytes, static_cast<char>('a' + bytes % 26)));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(blocks.back().at) % alignof(std::max_align_t), 0U);
  }
  for (const std::size_t bytes : {1015u, 1016u, 1017u, 16394u, 32759u, 32760u, 32761u, 70000u}) {
    blocks.push_back(make(memory, bytes, 'z'));
  }
  for (const Block& block : blocks) EXPECT_TRUE(is_whole(block));
  for (const Block& block : blocks) memory.free(block.at);
}

TEST(Http2Memory, AFreedBlockIsTheNextOneOfItsSize) {
  Http2Memory memory;
  void* const small = memory.allocate(100);
  void* const large = memory.allocate(2000);
  memory.free(small);
  memory.free(large);
  EXPECT_EQ(memory.allocate(2010), large);
  EXPECT_EQ(memory.allocate(97), small);
  memory.free(small);
  auto* const zeroed = static_cast<char*>(memory.allocate_zeroed(10, 10));
  EXPECT_EQ(zeroed, small);
  EXPECT_EQ(std::string(zeroed, 100), std::string(100, '\0'));
  memory.free(zeroed);
  memory.free(large);
}

TEST(Http2Memory, ReallocationKeepsTheContent) {
  Http2Memory memory;
  Block block = make(memory, 40, 'k');
  for (const std::size_t bytes : {41u, 500u, 5000u, 40000u, 90000u}) {
    block.at = static_cast<char*>(memory.reallocate(block.at, bytes));
    EXPECT_TRUE(is_whole(block)) << bytes;
  }
  memory.free(block.at);
  void* const first = memory.reallocate(nullptr, 8);
  EXPECT_NE(first, nullptr);
  memory.free(first);
  memory.free(nullptr);
  EXPECT_EQ(memory.allocate_zeroed(SIZE_MAX / 2, 3), nullptr);
}

TEST(Http2Memory, WhatIsPackedComesBackWhereItWas) {
  std::mt19937 lots(7);
  for (int round = 0; round < 20; ++round) {
    Http2Memory memory;
    std::vector<Block> blocks;
    for (int step = 0; step < 300; ++step) {
      if (!blocks.empty() && lots() % 3 == 0) {
        std::swap(blocks[lots() % blocks.size()], blocks.back());
        memory.free(blocks.back().at);
        blocks.pop_back();
      } else {
        const std::size_t bytes = lots() % 8 == 0 ? lots() % 9000 : lots() % 300;
        blocks.push_back(make(memory, bytes, lots() % 4 == 0 ? 'x' : '\0'));
      }
    }
    const bool packed = memory.pack();
    EXPECT_EQ(memory.is_packed(), packed);
    if (packed) memory.unpack();
    EXPECT_FALSE(memory.is_packed());
    for (const Block& block : blocks) EXPECT_TRUE(is_whole(block));
    // The lists of freed blocks are what they were.
    for (int i = 0; i < 100; ++i) blocks.push_back(make(memory, lots() % 300, 'n'));
    for (const Block& block : blocks) EXPECT_TRUE(is_whole(block));
    for (const Block& block : blocks) memory.free(block.at);
  }
}

TEST(Http2Memory, PackingGivesThePagesBack) {
  Http2Memory memory;
  Block zeros = make(memory, 20000, '\0');
  Block text = make(memory, 200, 't');
  ASSERT_GE(resident_pages(zeros.at, 20000), 5U);
  ASSERT_TRUE(memory.pack());
  EXPECT_EQ(resident_pages(zeros.at, 20000), 0U);
  EXPECT_GE(memory.packed_bytes(), 200U);
  EXPECT_LE(memory.packed_bytes(), 300U);
  memory.unpack();
  EXPECT_EQ(memory.packed_bytes(), 0U);
  EXPECT_TRUE(is_whole(zeros));
  EXPECT_TRUE(is_whole(text));
  memory.free(zeros.at);
  memory.free(text.at);
}

// What was freed is not written down.
TEST(Http2Memory, FreedBlocksAreNotPacked) {
  Http2Memory memory;
  Block kept = make(memory, 100, 'k');
  memory.free(make(memory, 16000, 'f').at);
  ASSERT_TRUE(memory.pack());
  EXPECT_LE(memory.packed_bytes(), 200U);
  memory.unpack();
  EXPECT_TRUE(is_whole(kept));
  memory.free(kept.at);
}

TEST(Http2Memory, WhatHasNoZerosIsLeftAsItIs) {
  Http2Memory memory;
  EXPECT_FALSE(memory.pack());
  Block block = make(memory, 16000, 'f');
  EXPECT_FALSE(memory.pack());
  EXPECT_FALSE(memory.is_packed());
  EXPECT_TRUE(is_whole(block));
  memory.free(block.at);
}

// The rest of a busy session's blocks are the heap's, and a slot that another session had is as
// good as a new one.
TEST(Http2Memory, ASessionMayNeedMoreThanItsSlot) {
  for (int round = 0; round < 2; ++round) {
    Http2Memory memory;
    std::vector<Block> blocks;
    for (std::size_t bytes = 0; bytes < 2 * Http2Memory::kSlotBytes; bytes += 1000) {
      blocks.push_back(make(memory, 1000, '\0'));
    }
    for (const Block& block : blocks) EXPECT_TRUE(is_whole(block));
    ASSERT_TRUE(memory.pack());
    EXPECT_LE(memory.packed_bytes(), 5000U);
    memory.unpack();
    for (const Block& block : blocks) EXPECT_TRUE(is_whole(block));
    std::memset(blocks[1].at, round + 1, 1000);
    for (const Block& block : blocks) memory.free(block.at);
  }
}

}  // namespace
}  // namespace understudy::http
