// SPDX-License-Identifier: Apache-2.0
// Pending<T>: a value owed to an application's callback, paid exactly once: by answer(), or with
// what `otherwise` makes when the last holder drops it (the node went down, the door was closed).
// Not a future: no thread waits. Held by one thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "backend_sdk/node/application_call.h"
#include "understudy/executor.h"

namespace understudy {

template <typename T>
class Pending final {
 public:
  // `executor` null: the callback runs where the answer is given.
  Pending(std::function<void(T)> callback, std::shared_ptr<Executor> executor, T (*otherwise)())
      : callback_(std::move(callback)), executor_(std::move(executor)), otherwise_(otherwise) {}
  ~Pending() {
    if (callback_) answer(otherwise_());
  }
  Pending(const Pending&) = delete;

  void answer(T value) {
    auto callback = std::exchange(callback_, nullptr);
    if (!executor_) {
      call_application("a callback on the node's thread", [&] { callback(std::move(value)); });
      return;
    }
    // std::function copies what it holds, a Session does not copy: hence the box.
    executor_->post([callback = std::move(callback), box = std::make_shared<T>(std::move(value))] {
      callback(std::move(*box));
    });
  }
  const std::shared_ptr<Executor>& executor() const { return executor_; }

 private:
  std::function<void(T)> callback_;  // empty once answered
  std::shared_ptr<Executor> executor_;
  T (*otherwise_)();
};

}  // namespace understudy
