// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/view_waiters.h"

namespace understudy {
namespace {

Decision to_decision(Reply reply) {
  Decision decision;
  decision.reply = std::move(reply);
  return decision;
}

}  // namespace

void ViewWaiters::add(const ViewQuestion& question, std::uint64_t current_hash,
                      std::shared_ptr<Pending<Decision>> pending) {
  const bool waits = question.wait.count() > 0 && question.seen == current_hash;
  if (!waits || waiters_.size() >= kWaitersMax) {
    return pending->answer(to_decision(contract_.view_reply(question)));
  }
  Waiter& waiter = waiters_.emplace_back(loop_.timers(), *this);
  waiter.question = question;
  waiter.pending = std::move(pending);
  waiter.timer.start_at(loop_.now() + question.wait);
}

void ViewWaiters::on_published(std::uint64_t current_hash) {
  for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
    if (waiter->question.seen == current_hash) {
      ++waiter;
      continue;
    }
    waiter->pending->answer(to_decision(contract_.view_reply(waiter->question)));
    waiter = waiters_.erase(waiter);
  }
}

void ViewWaiters::on_time(Waiter& waiter) {
  waiter.pending->answer(to_decision(contract_.view_reply(waiter.question)));
  waiters_.remove_if([&waiter](const Waiter& other) { return &other == &waiter; });
}

}  // namespace understudy
