// SPDX-License-Identifier: Apache-2.0
#include "base/buffer.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace understudy {

BlockPool::BlockPool() : BlockPool(Options{}) {}

BlockPool::BlockPool(const Options& options) : options_(options) {
  CHECK(options.small_bytes < options.large_bytes);
  for (Shelf* shelf : {&small_, &large_}) {
    shelf->blocks = std::make_unique<char*[]>(options.kept_max);
  }
}

BlockPool::~BlockPool() {
  CHECK(in_use_ == 0, "a buffer outlives its pool");
  for (Shelf* shelf : {&small_, &large_}) shelf->give_to_heap(shelf->count);
}

char* BlockPool::take(size_t bytes) {
  DCHECK(bytes == options_.small_bytes || bytes == options_.large_bytes);
  ++in_use_;
  Shelf& kept = shelf(bytes);
  if (kept.count == 0) return new char[bytes];
  char* block = kept.blocks[--kept.count];
  kept.unneeded.on_taken(kept.count);
  return block;
}

void BlockPool::give_back(char* block, size_t bytes) {
  --in_use_;
  Shelf& kept = shelf(bytes);
  if (kept.count < options_.kept_max) {
    kept.blocks[kept.count++] = block;
  } else {
    delete[] block;
  }
}

void BlockPool::shrink() {
  small_.shrink();
  large_.shrink();
}

void BlockPool::Shelf::shrink() {
  give_to_heap(unneeded.take_surplus(count));
}

void BlockPool::Shelf::give_to_heap(size_t first) {
  for (size_t i = 0; i < first; ++i) delete[] blocks[i];
  std::move(&blocks[first], &blocks[count], &blocks[0]);
  count -= first;
}

std::span<char> Buffer::writable() {
  if (!block_) {
    capacity_ = pool_->options().small_bytes;
    block_ = pool_->take(capacity_);
  }
  if (end_ == capacity_ && begin_ > 0) {
    std::memmove(block_, block_ + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return {block_ + end_, capacity_ - end_};
}

void Buffer::commit(size_t bytes) {
  DCHECK(bytes <= capacity_ - end_);
  end_ += bytes;
}

void Buffer::consume(size_t bytes) {
  DCHECK(bytes <= size());
  begin_ += bytes;
  if (begin_ == end_) clear();
}

void Buffer::truncate(size_t bytes) {
  DCHECK(bytes <= size());
  end_ = begin_ + bytes;
  if (begin_ == end_) clear();
}

bool Buffer::grow() {
  const size_t large = pool_->options().large_bytes;
  if (capacity_ == large) return false;
  char* block = pool_->take(large);
  const size_t bytes = size();
  if (block_) {
    std::memcpy(block, block_ + begin_, bytes);
    pool_->give_back(block_, capacity_);
  }
  block_ = block;
  capacity_ = large;
  begin_ = 0;
  end_ = bytes;
  return true;
}

void Buffer::clear() {
  begin_ = end_ = 0;
  if (!block_) return;
  pool_->give_back(block_, capacity_);
  block_ = nullptr;
  capacity_ = 0;
}

}  // namespace understudy
