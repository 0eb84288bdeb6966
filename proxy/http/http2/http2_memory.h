// SPDX-License-Identifier: Apache-2.0
// Http2Memory: what one nghttp2 session allocates, in address space of its own. Blocks of a size
// are used again without a lock and without the heap's bookkeeping, and a session that rests can be
// packed: what its pages hold is written down without their zeros, and the pages go back to the
// system. Unpacked, the session finds each byte where it was. An idle session of 25 KiB becomes
// about 2 KiB that way.
//
// A session that needs more than its kSlotBytes, or for which the system gives no address space,
// gets the rest from the heap. One thread at a time; the slots of all threads are shared.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace understudy::http {

class Http2Memory final {
 public:
  // Of address space; what is not used costs no memory. Room for about a hundred busy streams.
  static constexpr size_t kSlotBytes = size_t{128} * 1024;
  // Larger blocks are the heap's.
  static constexpr size_t kBlockBytesMax = size_t{32} * 1024;

  Http2Memory();
  // All blocks have been freed.
  ~Http2Memory();
  Http2Memory(const Http2Memory&) = delete;

  // As malloc, calloc, realloc and free, for the session's nghttp2_mem.
  void* allocate(size_t bytes);
  void* allocate_zeroed(size_t count, size_t bytes);
  void* reallocate(void* block, size_t bytes);
  void free(void* block);

  // Whether the pages were given back: not when that would save little. Until unpack() no block may
  // be touched.
  bool pack();
  void unpack();
  bool is_packed() const { return is_packed_; }
  // Bytes that *this keeps of the slot's content while it is packed.
  size_t packed_bytes() const { return packed_.size() * sizeof(uint64_t); }

 private:
  // Sizes with their head: steps of 16 bytes up to 512, then powers of two.
  static constexpr size_t kStep = 16;
  static constexpr size_t kStepsMax = 32;
  static constexpr size_t kClasses = kStepsMax + 6;
  static_assert(kStep * kStepsMax << 6 == kBlockBytesMax);
  struct FreeBlock;
  struct Class {
    uint32_t index;
    uint32_t bytes;
  };
  static Class class_of(size_t bytes);
  static size_t bytes_of(uint32_t index);
  static uint32_t index_of(const void* block);
  static void set_index(void* block, uint32_t index);
  static FreeBlock* next_of(const FreeBlock* block);
  static void set_next(FreeBlock* block, FreeBlock* next);
  bool is_of_slot(const void* block) const;
  void clear_free_blocks();

  std::byte* const slot_;  // null: there is none
  size_t used_ = 0;        // of the slot, from its beginning
  std::array<FreeBlock*, kClasses> free_{};
  // Pairs of one word that counts (zero words << 32 | other words) and the other words.
  std::vector<uint64_t> packed_;
  bool is_packed_ = false;
};

}  // namespace understudy::http
