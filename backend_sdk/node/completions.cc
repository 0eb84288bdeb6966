// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/completions.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "backend_sdk/node/c_abi.h"

namespace understudy {
namespace {

void drop(const understudy_completion& completion) {
  understudy_session_drop(completion.session);
  understudy_reply_free(completion.reply);
}

}  // namespace

std::unique_ptr<Completions> Completions::open() {
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return nullptr;
  return std::unique_ptr<Completions>(new Completions(fd));
}

Completions::~Completions() {
  close();
  ::close(fd_);
}

void Completions::add(const understudy_completion& completion) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_closed_) {
      waiting_.push_back(completion);
      if (waiting_.size() == 1) eventfd_write(fd_, 1);
      return;
    }
  }
  drop(completion);
}

std::size_t Completions::take(understudy_completion* list, std::size_t size) {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) return 0;
  const std::size_t count = std::min(size, waiting_.size());
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  std::copy(waiting_.begin(), end, list);
  waiting_.erase(waiting_.begin(), end);
  eventfd_t counted = 0;
  if (waiting_.empty()) eventfd_read(fd_, &counted);
  return count;
}

void Completions::close() {
  std::deque<understudy_completion> left;
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    left.swap(waiting_);
  }
  for (const understudy_completion& completion : left) drop(completion);
}

}  // namespace understudy

using namespace understudy;

understudy_code understudy_completions_open(understudy_completions** completions, int* fd) {
  if (completions == nullptr || fd == nullptr) return UNDERSTUDY_ARGUMENT;
  *completions = nullptr;
  return guarded([&] {
    auto made = std::make_shared<understudy_completions>();
    made->queue = Completions::open();
    if (!made->queue) return UNDERSTUDY_SYSTEM;
    *fd = made->queue->fd();
    *completions = handles<understudy_completions>().add(std::move(made));
    return UNDERSTUDY_OK;
  });
}

void understudy_completions_free(understudy_completions* completions) {
  guarded([&] {
    const auto taken = handles<understudy_completions>().take(completions);
    if (taken.object) taken.object->queue->close();
    return taken.code;
  });
}

size_t understudy_completions_take(understudy_completions* completions, understudy_completion* list,
                                   size_t size) {
  if (list == nullptr) return 0;
  std::size_t count = 0;
  guarded([&] {
    const auto found = handles<understudy_completions>().find(completions);
    if (found.object) count = found.object->queue->take(list, size);
    return found.code;
  });
  return count;
}
