// SPDX-License-Identifier: Apache-2.0
// HandleTable: what stands behind the pointers that C gets. A handle is a number that looks like a
// pointer: a slot, how often the slot was used, and in which process. So a handle that was freed,
// given away or inherited through fork() is found out, whatever has been opened since; it is never
// followed. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "backend_sdk/node/fork_guard.h"
#include "understudy/understudy.h"

namespace understudy {

static_assert(sizeof(void*) == 8, "a handle has 64 bits");

template <typename Object>
class HandleTable final {
 public:
  struct Found {
    std::shared_ptr<Object> object;
    understudy_code code = UNDERSTUDY_OK;  // why there is none
  };

  Object* add(std::shared_ptr<Object> object) {
    const std::uint32_t at = next_.fetch_add(1, std::memory_order_relaxed) % kShards;
    Shard& shard = shards_[at];
    const std::lock_guard lock(shard.mutex);
    if (shard.free.empty()) {
      shard.free.push_back(static_cast<std::uint32_t>(shard.slots.size()));
      shard.slots.emplace_back();
    }
    const std::uint32_t index = shard.free.back();
    shard.free.pop_back();
    Slot& slot = shard.slots[index];
    slot.object = std::move(object);
    return to_handle({.fork = fork_now(), .use = slot.use, .index = index, .shard = at});
  }

  Found find(const Object* handle) { return look(handle, false); }
  // The handle is over; the object goes with the last who has found it.
  Found take(const Object* handle) { return look(handle, true); }

 private:
  static constexpr std::uint32_t kShards = 16;
  struct Slot {
    std::shared_ptr<Object> object;
    std::uint32_t use = 1;  // 24 bits, never 0
  };
  struct Shard {
    std::mutex mutex;
    std::vector<Slot> slots;          // guarded by mutex
    std::vector<std::uint32_t> free;  // guarded by mutex; indices
  };
  struct Parts {
    std::uint32_t fork;   // 8 bits
    std::uint32_t use;    // 24
    std::uint32_t index;  // 28
    std::uint32_t shard;  // 4
  };
  static constexpr std::uint32_t kUseMax = 0xffffff;

  static std::uint32_t fork_now() { return ForkGuard::count() & 0xff; }

  static Object* to_handle(const Parts& parts) {
    const std::uint64_t number = std::uint64_t{parts.fork} << 56 | std::uint64_t{parts.use} << 32 |
                                 std::uint64_t{parts.index} << 4 | parts.shard;
    return reinterpret_cast<Object*>(number);
  }
  static Parts to_parts(const Object* handle) {
    const auto number = reinterpret_cast<std::uint64_t>(handle);
    return {.fork = static_cast<std::uint32_t>(number >> 56),
            .use = static_cast<std::uint32_t>(number >> 32) & kUseMax,
            .index = static_cast<std::uint32_t>(number) >> 4,
            .shard = static_cast<std::uint32_t>(number) % kShards};
  }

  Found look(const Object* handle, bool is_taken) {
    if (handle == nullptr) return {nullptr, UNDERSTUDY_ARGUMENT};
    const Parts parts = to_parts(handle);
    // Before any lock: it may be held for ever by a thread that the child does not have.
    if (parts.fork != fork_now()) return {nullptr, UNDERSTUDY_FORKED};
    Shard& shard = shards_[parts.shard];
    const std::lock_guard lock(shard.mutex);
    if (parts.index >= shard.slots.size()) return {nullptr, UNDERSTUDY_CLOSED};
    Slot& slot = shard.slots[parts.index];
    if (slot.use != parts.use || !slot.object) return {nullptr, UNDERSTUDY_CLOSED};
    if (!is_taken) return {slot.object, UNDERSTUDY_OK};
    Found taken{std::move(slot.object), UNDERSTUDY_OK};
    slot.object = nullptr;
    slot.use = slot.use == kUseMax ? 1 : slot.use + 1;
    shard.free.push_back(parts.index);
    return taken;
  }

  std::atomic<std::uint32_t> next_{0};
  std::array<Shard, kShards> shards_;
};

// The table of this process: a child gets one of its own, as the locks of its parent's may be held.
// Tables are never destroyed: handles are freed by exit handlers too.
template <typename Object>
HandleTable<Object>& handles() {
  struct OfFork {
    std::uint32_t fork = 0;
    HandleTable<Object> table;
  };
  static std::atomic<OfFork*> current = [] {
    auto first = std::make_unique<OfFork>();
    first->fork = ForkGuard().made_at();
    return first.release();
  }();
  OfFork* mine = current.load(std::memory_order_acquire);
  const std::uint32_t now = ForkGuard::count();
  if (mine->fork == now) return mine->table;
  auto fresh = std::make_unique<OfFork>();
  fresh->fork = now;
  if (current.compare_exchange_strong(mine, fresh.get())) return fresh.release()->table;
  return mine->table;
}

}  // namespace understudy
