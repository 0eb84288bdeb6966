// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/evhttp_door.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "backend_sdk/node/application_call.h"
#include "base/check.h"

namespace understudy {

EvhttpDoor::EvhttpDoor(event_base* base)
    : wakeup_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), letters_(std::make_shared<Letters>()) {
  CHECK(wakeup_, "no eventfd: too many open files?");
  wakeup_event_ = event_new(base, wakeup_.value(), EV_READ | EV_PERSIST, &on_wakeup, this);
  CHECK(wakeup_event_ && event_add(wakeup_event_, nullptr) == 0);
}

EvhttpDoor::~EvhttpDoor() {
  CHECK(!wakeup_event_, "the server closes its door");
}

void EvhttpDoor::post(std::function<void()> work) {
  {
    const std::lock_guard lock(letters_->mutex);
    if (letters_->closed) return;  // `work` is destroyed by the caller's frame, outside the lock
    letters_->posted.push_back(std::move(work));
    if (letters_->posted.size() > 1) return;
  }
  const std::uint64_t one = 1;
  CHECK(::write(wakeup_.value(), &one, sizeof one) == sizeof one || errno == EAGAIN);
}

void EvhttpDoor::close() {
  if (!wakeup_event_) return;
  event_free(wakeup_event_);
  wakeup_event_ = nullptr;
  std::vector<std::function<void()>> dropped;  // outlives the lock: work may post when it dies
  const std::lock_guard lock(letters_->mutex);
  letters_->closed = true;
  dropped.swap(letters_->posted);
}

void EvhttpDoor::on_wakeup(int fd, short, void* self) {
  std::uint64_t count;
  CHECK(::read(fd, &count, sizeof count) == sizeof count || errno == EAGAIN || errno == EINTR);
  const std::shared_ptr<Letters> letters = static_cast<EvhttpDoor*>(self)->letters_;
  std::vector<std::function<void()>> ready;
  {
    const std::lock_guard lock(letters->mutex);
    ready.swap(letters->posted);
  }
  for (std::function<void()>& work : ready) {
    call_application("work in the server's loop", work);
    const std::lock_guard lock(letters->mutex);
    if (letters->closed) return;
  }
}

}  // namespace understudy
