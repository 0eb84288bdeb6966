// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/session_queues.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace understudy {

// The parked request may have given up; its place in the queue goes with it.
void SessionQueues::drop_gone(std::deque<WaitingId>& queue) const {
  std::erase_if(queue, [this](WaitingId id) { return !parking_.contains(id); });
}

// Its deadline is over at once: the owner of the parking answers.
void SessionQueues::refuse(WaitingPtr waiting) {
  parking_.park(std::move(waiting), Duration::zero(), Unavailable::kQueueFull);
}

void SessionQueues::enqueue(std::deque<WaitingId>& queue, WaitingPtr waiting) {
  drop_gone(queue);
  if (queue.size() >= layer_.options.session_queue_max) return refuse(std::move(waiting));
  const WaitingId id = waiting->id;
  const bool is_first = waiting->is_called;
  parking_.park(std::move(waiting), layer_.options.exclusive_wait, Unavailable::kBusy);
  if (!parking_.contains(id)) return;
  if (is_first) {
    queue.push_front(id);
  } else {
    queue.push_back(id);
  }
}

void SessionQueues::repeat(Stay& stay, WaitingPtr waiting, Duration patience) {
  std::erase_if(stay.repeated,
                [this](const auto& entry) { return !parking_.contains(entry.second); });
  if (stay.repeated.size() >= layer_.options.session_queue_max) return refuse(std::move(waiting));
  const auto entry = std::pair(waiting->request.request_id, waiting->id);
  parking_.park(std::move(waiting), patience, Unavailable::kWaitedOut);
  if (parking_.contains(entry.second)) stay.repeated.push_back(entry);
}

bool SessionQueues::has_room(const Stay& stay) const {
  return stay.image.requests.size() + stay.running.size() < layer_.options.requests_remembered;
}

bool SessionQueues::waits(WaitingPtr& waiting, Stay& stay, Duration patience) {
  const RequestId request = waiting->request.request_id;
  const bool is_repeated =
      request != 0 && std::any_of(stay.running.begin(), stay.running.end(),
                                  [&](const auto& running) { return running.first == request; });
  if (is_repeated) {
    repeat(stay, std::move(waiting), patience);
    return true;
  }
  forget_old(stay);
  drop_gone(stay.memory_queue);
  const bool is_behind = !waiting->is_called && !stay.memory_queue.empty();
  if (request != 0 && (is_behind || !has_room(stay))) {
    full_.insert(stay.id);
    enqueue(stay.memory_queue, std::move(waiting));
    layer_.schedule(layer_.now());  // advance() looks when there can be room
    return true;
  }
  if (waiting->request.exclusive && stay.exclusive != 0) {
    enqueue(stay.exclusive_queue, std::move(waiting));
    return true;
  }
  return false;
}

void SessionQueues::enter(Stay& stay, const Active& active, RequestHandle handle) {
  ++stay.active;
  if (active.exclusive) stay.exclusive = handle;
  if (active.request_id != 0 && !active.replayed) {
    stay.running.emplace_back(active.request_id, handle);
  }
}

void SessionQueues::leave(Stay& stay, const Active& active, RequestHandle handle) {
  CHECK(stay.active > 0);
  --stay.active;
  std::erase_if(stay.running, [&](const auto& running) { return running.second == handle; });
  std::erase_if(stay.repeated, [&](const auto& repeated) {
    if (repeated.first != active.request_id) return false;
    parking_.admit_later(repeated.second);
    return true;
  });
  if (active.exclusive && stay.exclusive == handle) {
    stay.exclusive = 0;
    drop_gone(stay.exclusive_queue);
    if (!stay.exclusive_queue.empty()) {
      parking_.call(stay.exclusive_queue.front());
      stay.exclusive_queue.pop_front();
    }
  }
  let_in(stay);
}

// The same request may also stand in the queue for exclusivity, sent again while the first waited:
// it is answered now, not when its turn comes.
void SessionQueues::on_committed(Stay& stay, RequestId request) {
  if (request == 0) return;
  if (remembered_.size() < layer_.options.answered_index_max) remembered_[request] = stay.id;
  std::erase_if(stay.exclusive_queue, [&](WaitingId id) {
    const Waiting* waiting = parking_.find(id);
    if (waiting == nullptr || waiting->request.request_id != request) return false;
    parking_.admit_later(id);
    return true;
  });
}

void SessionQueues::forget(Stay& stay, RequestId request) {
  if (!stay.image.requests.forget(request)) return;
  // A FULL says it by leaving it out.
  const bool is_delta_next = stay.placement.channel() != 0 && !stay.placement.is_dirty();
  if (is_delta_next) stay.forgotten.push_back(request);
}

void SessionQueues::on_answered(const std::vector<RequestId>& requests) {
  for (const RequestId request : requests) {
    const auto found = remembered_.find(request);
    if (found == remembered_.end()) continue;
    Stay* stay = layer_.store.find_stay(found->second);
    remembered_.erase(found);
    if (stay == nullptr) continue;
    forget(*stay, request);
    let_in(*stay);
  }
}

void SessionQueues::forget_old(Stay& stay) {
  const TimePoint now = layer_.now();
  const auto& requests = stay.image.requests.oldest_first();
  while (!requests.empty() && requests.front().since + layer_.options.request_memory <= now) {
    const RequestId oldest = requests.front().id;
    remembered_.erase(oldest);
    forget(stay, oldest);
  }
}

// As many as there is room for: they run, or queue for exclusivity, in the order in which they
// came.
void SessionQueues::let_in(Stay& stay) {
  if (stay.memory_queue.empty()) return;
  drop_gone(stay.memory_queue);
  size_t used = stay.image.requests.size() + stay.running.size();
  while (!stay.memory_queue.empty() && used++ < layer_.options.requests_remembered) {
    parking_.call(stay.memory_queue.front());
    stay.memory_queue.pop_front();
  }
  if (stay.memory_queue.empty()) full_.erase(stay.id);
}

void SessionQueues::advance() {
  const std::vector<StayId> full(full_.begin(), full_.end());
  for (const StayId id : full) {
    Stay* stay = layer_.store.find_stay(id);
    if (stay == nullptr) {
      full_.erase(id);
      continue;
    }
    forget_old(*stay);
    let_in(*stay);
    if (stay->memory_queue.empty()) {
      full_.erase(id);
    } else if (!stay->image.requests.oldest_first().empty()) {
      layer_.schedule(stay->image.requests.oldest_first().front().since +
                      layer_.options.request_memory);
    }
  }
}

void SessionQueues::dissolve(Stay& stay) {
  for (const WaitingId id : stay.exclusive_queue) parking_.admit_later(id);
  for (const WaitingId id : stay.memory_queue) parking_.admit_later(id);
  for (const auto& [request, id] : stay.repeated) parking_.admit_later(id);
  stay.exclusive_queue.clear();
  stay.memory_queue.clear();
  stay.repeated.clear();
  full_.erase(stay.id);
  for (const CommittedRequest& request : stay.image.requests.oldest_first()) {
    remembered_.erase(request.id);
  }
}

// A life that ends within 64 turns of the one before frees what is left of that in this turn.
void SessionQueues::clear() {
  outdated_ = std::exchange(remembered_, {});
  full_.clear();
  layer_.schedule(layer_.now());
}

void SessionQueues::sweep() {
  if (outdated_.empty()) return;
  outdated_.clear_shard();
  layer_.schedule(layer_.now());
}

}  // namespace understudy
