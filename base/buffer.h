// SPDX-License-Identifier: Apache-2.0
// Buffer: contiguous bytes between a reader and a writer, in one block from the worker's free list.
// An empty buffer holds no block, so that an idle connection costs none. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/unneeded_spares.h"

namespace understudy {

// Blocks of two sizes, kept when returned, up to a bound, and as long as they are needed. Owned
// by a worker; outlives its buffers.
class BlockPool final {
 public:
  struct Options {
    size_t small_bytes = 16 * 1024;
    // Room for a body of 64 KiB together with its head.
    size_t large_bytes = 96 * 1024;
    size_t kept_max = 256;  // of each size; more is given back to the heap
  };
  BlockPool();
  explicit BlockPool(const Options& options);
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;

  char* take(size_t bytes);  // bytes: small_bytes or large_bytes
  void give_back(char* block, size_t bytes);
  // To be called every now and then: gives half of those back to the heap that were not needed
  // since the last call.
  void shrink();
  const Options& options() const { return options_; }
  size_t in_use() const { return in_use_; }
  size_t kept() const { return small_.count + large_.count; }

 private:
  struct Shelf {
    std::unique_ptr<char*[]> blocks;  // room for kept_max; the one that was used last is the last
    size_t count = 0;
    UnneededSpares unneeded;
    void shrink();
    void give_to_heap(size_t first);  // so many of those that were used longest ago
  };
  Shelf& shelf(size_t bytes) { return bytes == options_.small_bytes ? small_ : large_; }
  Options options_;
  Shelf small_;
  Shelf large_;
  size_t in_use_ = 0;
};

class Buffer final {
 public:
  explicit Buffer(BlockPool& pool) : pool_(&pool) {}
  ~Buffer() { clear(); }
  Buffer(const Buffer&) = delete;

  std::string_view readable() const { return {block_ + begin_, end_ - begin_}; }
  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  // Room behind the readable bytes. Takes a small block when there is none; moves the bytes to the
  // block's start when the room behind them is used up (views into the buffer die then).
  // Empty only when the block is full.
  std::span<char> writable();
  void commit(size_t bytes);  // the reader put bytes into writable()
  void consume(
      size_t bytes);  // the writer is done with the first bytes; empty gives the block back
  // The readable bytes, to be changed where they lie; and only the first `bytes` of them are left.
  std::span<char> editable() { return {block_ + begin_, size()}; }
  void truncate(size_t bytes);
  // Moves into a large block; false when it is in one already. Views into the buffer die.
  bool grow();
  void clear();

 private:
  BlockPool* pool_;
  char* block_ = nullptr;
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace understudy
