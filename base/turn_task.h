// SPDX-License-Identifier: Apache-2.0
// TurnTask: something to do once when the callbacks of the present turn are done, however often it
// was asked for. Usually a member of the object that has the work; destroying it cancels it, so the
// work never reaches a dead object. Loop thread only.
#pragma once

#include <memory>

#include "base/event_loop.h"

namespace understudy {

class TurnTask final {
 public:
  using Callback = void (*)(void* context);

  // Calls `owner.method()`: TurnTask::of<&Connection::settle>(loop, *this).
  template <auto Method, typename Owner>
  static TurnTask of(EventLoop& loop, Owner& owner) {
    return TurnTask(
        loop, [](void* self) { (static_cast<Owner*>(self)->*Method)(); }, &owner);
  }
  TurnTask(EventLoop& loop, Callback callback, void* context)
      : loop_(loop), callback_(callback), context_(context) {}
  ~TurnTask() { stop(); }
  TurnTask(const TurnTask&) = delete;

  void run_at_turn_end();
  void stop();

 private:
  EventLoop& loop_;
  const Callback callback_;
  void* const context_;
  // Set while it is in the loop's list, which cannot be searched; that list looks here.
  std::shared_ptr<TurnTask*> place_;
};

}  // namespace understudy
