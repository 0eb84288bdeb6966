// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/http2/http2_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <span>

#include "base/check.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define UNDERSTUDY_FORBID(block, bytes) __asan_poison_memory_region(block, bytes)
#define UNDERSTUDY_PERMIT(block, bytes) __asan_unpoison_memory_region(block, bytes)
#define UNDERSTUDY_SEES_ALL __attribute__((no_sanitize("address")))
#else
#define UNDERSTUDY_FORBID(block, bytes) static_cast<void>(0)
#define UNDERSTUDY_PERMIT(block, bytes) static_cast<void>(0)
#define UNDERSTUDY_SEES_ALL
#endif

namespace understudy::http {
namespace {

constexpr size_t kSlotsPerRegion = 64;
constexpr size_t kPageBytes = 4096;
// What packing must save to be worth the system's calls and the faults that follow.
constexpr size_t kSavingMin = kPageBytes;

// Blocks lie behind a head of 8 bytes, at multiples of 16.
constexpr size_t kHeadBytes = sizeof(uint64_t);

// The slots of the process. Address space is never given back; at most as much is taken as there
// have been sessions at a time.
class Slots final {
 public:
  // Full of zeros; null: there is no address space.
  std::byte* take() {
    const std::scoped_lock lock(mutex_);
    if (free_.empty() && !reserve()) return nullptr;
    std::byte* const slot = free_.back();
    free_.pop_back();
    return slot;
  }

  void give_back(std::byte* slot, size_t used) {
    madvise(slot, used, MADV_DONTNEED);
    const std::scoped_lock lock(mutex_);
    free_.push_back(slot);
  }

 private:
  bool reserve() {
    void* const region =
        mmap(nullptr, kSlotsPerRegion * Http2Memory::kSlotBytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) return false;
    // A huge page would be the memory of sixteen sessions at the first byte of one.
    madvise(region, kSlotsPerRegion * Http2Memory::kSlotBytes, MADV_NOHUGEPAGE);
    for (size_t i = kSlotsPerRegion; i-- > 0;) {
      free_.push_back(static_cast<std::byte*>(region) + i * Http2Memory::kSlotBytes);
    }
    return true;
  }

  std::mutex mutex_;
  std::vector<std::byte*> free_;
};

// Never destroyed: sessions may end later than static objects.
Slots& slots() {
  static Slots* const all = new Slots;
  return *all;
}

// Words of a slot, zeros left out. Freed blocks lie among them, which a sanitizer forbids to read.
UNDERSTUDY_SEES_ALL void write_down(std::span<const uint64_t> words, std::vector<uint64_t>& out) {
  for (size_t i = 0; i < words.size();) {
    const size_t zeros_from = i;
    while (i < words.size() && words[i] == 0) ++i;
    const size_t from = i;
    while (i < words.size() && words[i] != 0) ++i;
    out.push_back(uint64_t{from - zeros_from} << 32 | (i - from));
    for (size_t k = from; k < i; ++k) {
      const uint64_t word = words[k];  // read here: push_back would in a function that is watched
      out.push_back(word);
    }
  }
}

UNDERSTUDY_SEES_ALL void write_back(std::span<const uint64_t> packed, volatile uint64_t* to) {
  for (size_t i = 0; i < packed.size();) {
    to += packed[i] >> 32;
    const size_t words = packed[i] & 0xffffffff;
    ++i;
    for (size_t k = 0; k < words; ++k) *to++ = packed[i++];
  }
}

UNDERSTUDY_SEES_ALL void clear_words(void* block, size_t bytes) {
  auto* words = static_cast<volatile uint64_t*>(block);
  for (size_t i = 0; i < bytes / sizeof(uint64_t); ++i) words[i] = 0;
}

}  // namespace

struct Http2Memory::FreeBlock {
  FreeBlock* next;
};

// The head of a block is its class.
UNDERSTUDY_SEES_ALL uint32_t Http2Memory::index_of(const void* block) {
  return static_cast<uint32_t>(*(static_cast<const volatile uint64_t*>(block) - 1));
}

UNDERSTUDY_SEES_ALL void Http2Memory::set_index(void* block, uint32_t index) {
  *(static_cast<volatile uint64_t*>(block) - 1) = index;
}

UNDERSTUDY_SEES_ALL Http2Memory::FreeBlock* Http2Memory::next_of(const FreeBlock* block) {
  return block->next;
}

UNDERSTUDY_SEES_ALL void Http2Memory::set_next(FreeBlock* block, FreeBlock* next) {
  block->next = next;
}

Http2Memory::Http2Memory() : slot_(slots().take()) {
  if (slot_ != nullptr) UNDERSTUDY_FORBID(slot_, kSlotBytes);
}

Http2Memory::~Http2Memory() {
  if (slot_ == nullptr) return;
  UNDERSTUDY_PERMIT(slot_, kSlotBytes);
  slots().give_back(slot_, used_);
}

size_t Http2Memory::bytes_of(uint32_t index) {
  return index < kStepsMax ? (index + 1) * kStep : kStep * kStepsMax << (index - kStepsMax + 1);
}

Http2Memory::Class Http2Memory::class_of(size_t bytes) {
  const size_t whole = bytes + kHeadBytes;
  const auto index = whole <= kStep * kStepsMax
                         ? static_cast<uint32_t>((whole - 1) / kStep)
                         : static_cast<uint32_t>(kStepsMax - 1 +
                                                 std::bit_width((whole - 1) / (kStep * kStepsMax)));
  return {.index = index, .bytes = static_cast<uint32_t>(bytes_of(index))};
}

bool Http2Memory::is_of_slot(const void* block) const {
  return reinterpret_cast<uintptr_t>(block) - reinterpret_cast<uintptr_t>(slot_) < kSlotBytes;
}

void* Http2Memory::allocate(size_t bytes) {
  DCHECK(!is_packed_);
  if (bytes > kBlockBytesMax - kHeadBytes) return std::malloc(bytes);
  const Class of_size = class_of(bytes);
  void* block = nullptr;
  if (FreeBlock*& first = free_[of_size.index]; first != nullptr) {
    block = first;
    first = next_of(first);
    UNDERSTUDY_PERMIT(block, bytes);
    return block;
  }
  // Heads lie at 16 n + 8.
  const size_t at = used_ == 0 ? kHeadBytes : used_;
  if (slot_ == nullptr || at + of_size.bytes > kSlotBytes) return std::malloc(bytes);
  used_ = at + of_size.bytes;
  block = slot_ + at + kHeadBytes;
  set_index(block, of_size.index);
  UNDERSTUDY_PERMIT(block, bytes);
  return block;
}

void* Http2Memory::allocate_zeroed(size_t count, size_t bytes) {
  if (bytes != 0 && count > SIZE_MAX / bytes) return nullptr;
  void* const block = allocate(count * bytes);
  if (block != nullptr) std::memset(block, 0, count * bytes);
  return block;
}

void Http2Memory::free(void* block) {
  DCHECK(!is_packed_);
  if (block == nullptr) return;
  if (!is_of_slot(block)) return std::free(block);
  const uint32_t index = index_of(block);
  auto* const freed = static_cast<FreeBlock*>(block);
  set_next(freed, free_[index]);
  free_[index] = freed;
  UNDERSTUDY_FORBID(block, bytes_of(index) - kHeadBytes);
}

void* Http2Memory::reallocate(void* block, size_t bytes) {
  if (block == nullptr) return allocate(bytes);
  if (!is_of_slot(block)) return std::realloc(block, bytes);
  const size_t had = bytes_of(index_of(block)) - kHeadBytes;
  void* const moved = allocate(bytes);
  if (moved == nullptr) return nullptr;
  UNDERSTUDY_PERMIT(block, had);
  std::memcpy(moved, block, std::min(had, bytes));
  free(block);
  return moved;
}

bool Http2Memory::pack() {
  DCHECK(!is_packed_);
  if (used_ == 0) return false;
  clear_free_blocks();
  std::vector<uint64_t> packed;
  const size_t words = used_ / sizeof(uint64_t);
  write_down({reinterpret_cast<const uint64_t*>(slot_), words}, packed);
  if (packed.size() * sizeof(uint64_t) + kSavingMin > used_) return false;
  packed_.assign(packed.begin(), packed.end());
  madvise(slot_, used_, MADV_DONTNEED);
  is_packed_ = true;
  return true;
}

// The system's pages are full of zeros.
void Http2Memory::unpack() {
  DCHECK(is_packed_);
  write_back(packed_, reinterpret_cast<uint64_t*>(slot_));
  packed_ = {};
  is_packed_ = false;
}

// What a freed block holds is of no use to anyone but the list.
void Http2Memory::clear_free_blocks() {
  for (uint32_t index = 0; index < kClasses; ++index) {
    const size_t bytes = bytes_of(index) - kHeadBytes - sizeof(FreeBlock);
    for (FreeBlock* block = free_[index]; block != nullptr; block = next_of(block)) {
      clear_words(block + 1, bytes);
    }
  }
}

}  // namespace understudy::http
