// SPDX-License-Identifier: Apache-2.0
// Awaiting<T>: what a Node will say, for coroutines: co_await node.begin(request, options). The
// coroutine goes on where the callback would have come: on the Executor of BeginOptions, else on
// the node's thread; where the answer is there already, it does not stop at all. It may be
// destroyed while it waits, on that executor's thread: the answer is then dropped, and with a
// Decision its Session. Awaited once; one coroutine.
//
// Name the options before you await: GCC 12 destroys a temporary like {.exclusive = true} twice
// when it stands within a co_await.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace understudy {

template <typename T>
class [[nodiscard]] Awaiting final {
 public:
  // `ask` is called at once, with the callback that brings the answer.
  template <typename Ask>
  explicit Awaiting(Ask&& ask) : answer_(std::make_shared<Answer>()) {
    std::forward<Ask>(ask)([answer = answer_](T value) { answer->arrive(std::move(value)); });
  }
  Awaiting(Awaiting&& other) noexcept = default;
  Awaiting& operator=(Awaiting&&) = delete;
  ~Awaiting() {
    if (answer_) answer_->state.store(State::kDropped, std::memory_order_release);
  }

  bool await_ready() const noexcept {
    return answer_->state.load(std::memory_order_acquire) == State::kHere;
  }
  bool await_suspend(std::coroutine_handle<> coroutine) noexcept {
    answer_->coroutine = coroutine;
    State expected = State::kOpen;
    return answer_->state.compare_exchange_strong(expected, State::kAwaited,
                                                  std::memory_order_acq_rel);
  }
  T await_resume() { return *std::move(answer_->value); }

 private:
  enum class State : std::uint8_t { kOpen, kAwaited, kHere, kDropped };
  struct Answer {
    std::atomic<State> state{State::kOpen};
    std::coroutine_handle<> coroutine;
    std::optional<T> value;

    void arrive(T arrived) {
      State before = state.load(std::memory_order_acquire);
      if (before == State::kDropped) return;
      value = std::move(arrived);
      while (!state.compare_exchange_weak(before, State::kHere, std::memory_order_acq_rel)) {
        if (before == State::kDropped) return value.reset();
      }
      if (before == State::kAwaited) coroutine.resume();
    }
  };
  std::shared_ptr<Answer> answer_;
};

}  // namespace understudy
