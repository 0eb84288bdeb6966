// SPDX-License-Identifier: Apache-2.0
// Mailbox: the only door between threads. Any thread posts; the receiver's handler runs on its
// loop's thread, in the order posted. Owned by the receiver, and destroyed on the loop's thread;
// letters that are still under way then are dropped.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/event_loop.h"

namespace understudy {

template <typename Letter>
class Mailbox final {
 public:
  Mailbox(EventLoop& loop, std::function<void(Letter)> handler)
      : loop_(loop), handler_(std::make_shared<Handler>(std::move(handler))) {}
  ~Mailbox() { handler_->reset(); }
  Mailbox(const Mailbox&) = delete;

  void post(Letter letter) {
    loop_.post([handler = handler_, letter = std::move(letter)]() mutable {
      if (*handler) (**handler)(std::move(letter));
    });
  }

 private:
  using Handler = std::optional<std::function<void(Letter)>>;
  EventLoop& loop_;
  std::shared_ptr<Handler> handler_;  // outlives the mailbox only in letters under way
};

}  // namespace understudy
