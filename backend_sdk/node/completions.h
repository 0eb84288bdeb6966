// SPDX-License-Identifier: Apache-2.0
// Completions: results of begin and finish for a program that takes them itself, with an eventfd
// that is readable as long as there are any. Behind understudy_completions of the C ABI. Filled by
// the node's thread, emptied by the application's; any thread.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

#include "understudy/understudy.h"

namespace understudy {

class Completions final {
 public:
  // Null when the process has no file descriptor left.
  static std::unique_ptr<Completions> open();
  ~Completions();
  Completions(const Completions&) = delete;

  int fd() const { return fd_; }
  void add(const understudy_completion& completion);
  std::size_t take(understudy_completion* list, std::size_t size);
  // What is here, and what is added later, is dropped.
  void close();

 private:
  explicit Completions(int fd) : fd_(fd) {}

  const int fd_;
  std::mutex mutex_;
  std::deque<understudy_completion> waiting_;  // guarded by mutex_; the fd is readable: it has some
  bool is_closed_ = false;                     // guarded by mutex_
};

}  // namespace understudy

struct understudy_completions {
  std::unique_ptr<understudy::Completions> queue;
};
