// SPDX-License-Identifier: Apache-2.0
// HeapTrimmer: gives memory back to the system that the process has freed. The C library keeps most
// of it, page by page between what is still used, so that a process that has had ten thousand
// connections once would look as if it had them still. Looks once a minute, on the main thread,
// and does nothing where there is little to give; in return the library keeps more between two
// looks, where by itself it would give back what a TLS handshake has freed and fetch it again for
// the next. Does nothing at all without glibc.
#pragma once

#include <cstddef>

#include "base/event_loop.h"

namespace understudy {

class HeapTrimmer final {
 public:
  static constexpr Duration kEvery = std::chrono::minutes(1);
  static constexpr std::size_t kWorthBytes = std::size_t{512} * 1024;
  static constexpr int kKeptBytesMax = 4 * 1024 * 1024;  // at the end of each thread's heap

  // What the heap keeps in memory unused, as far as it can be told; 0: unknown.
  static std::size_t idle_bytes();

  explicit HeapTrimmer(EventLoop& loop);
  HeapTrimmer(const HeapTrimmer&) = delete;

 private:
  void look();

  EventLoop& loop_;
  Timer timer_;
};

}  // namespace understudy
