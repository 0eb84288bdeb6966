// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/fork_guard.h"

#include <pthread.h>

#include <atomic>

namespace understudy {
namespace {

std::atomic<std::uint32_t> forks{0};

// Once in a process and in all that come of it: handlers are inherited.
bool watch() {
  return pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); }) ==
         0;
}

std::uint32_t watched_count() {
  static const bool is_watched = watch();
  static_cast<void>(is_watched);
  return forks.load(std::memory_order_relaxed);
}

}  // namespace

ForkGuard::ForkGuard() : made_at_(watched_count()) {}

std::uint32_t ForkGuard::count() {
  return forks.load(std::memory_order_relaxed);
}

}  // namespace understudy
