// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/heap_trimmer.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "base/fd.h"

namespace understudy {
namespace {

// Of this process, without files that are mapped.
std::size_t anonymous_bytes() {
  const Fd file(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  std::array<char, 128> text{};
  if (!file || ::read(file.value(), text.data(), text.size() - 1) <= 0) return 0;
  char* at = text.data();
  std::strtoull(at, &at, 10);  // all that is mapped
  const std::size_t resident = std::strtoull(at, &at, 10);
  const std::size_t shared = std::strtoull(at, &at, 10);
  return (resident - shared) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

std::size_t HeapTrimmer::idle_bytes() {
#ifdef __GLIBC__
  const struct mallinfo2 heap = ::mallinfo2();
  const std::size_t used = heap.uordblks + heap.hblkhd;
  const std::size_t held = anonymous_bytes();
  return held > used ? held - used : 0;
#else
  return 0;
#endif
}

HeapTrimmer::HeapTrimmer(EventLoop& loop)
    : loop_(loop), timer_(Timer::of<&HeapTrimmer::look>(loop.timers(), *this)) {
#ifdef __GLIBC__
  ::mallopt(M_TRIM_THRESHOLD, kKeptBytesMax);
  // Where one of the two is set, the other no longer follows what is freed.
  ::mallopt(M_MMAP_THRESHOLD, kKeptBytesMax / 4);
#endif
  timer_.start_at(loop.now() + kEvery);
}

void HeapTrimmer::look() {
#ifdef __GLIBC__
  if (idle_bytes() >= kWorthBytes) ::malloc_trim(0);
#endif
  timer_.start_at(loop_.now() + kEvery);
}

}  // namespace understudy
