// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/operator_orders.h"

#include <algorithm>
#include <vector>

#include "base/log.h"

namespace understudy {

OperatorOrders::OperatorOrders(EventLoop& loop, Listener& listener)
    : loop_(loop),
      listener_(listener),
      timer_(Timer::of<&OperatorOrders::on_deadline>(loop.timers(), *this)) {}

bool OperatorOrders::set(const Place& place, const Standing& standing) {
  if (orders_.size() >= kOrdersMax && !orders_.contains(place)) return false;
  orders_.insert_or_assign(place, standing);
  listener_.on_order(place, standing.order);
  arm();
  return true;
}

void OperatorOrders::forget(const Place& place) {
  if (orders_.erase(place) == 0) return;
  listener_.on_order(place, std::nullopt);
  arm();
}

void OperatorOrders::on_deadline() {
  const TimePoint now = loop_.now();
  std::vector<Place> late;
  for (const auto& [place, standing] : orders_) {
    if (standing.deadline && *standing.deadline <= now) late.push_back(place);
  }
  for (const Place& place : late) {
    LOG(kNotice, "cluster {}: member {} has been draining for its time and is disabled now",
        place.first, place.second);
    set(place, {.order = {.state = OperatorState::kDisabled}});
  }
  arm();
}

void OperatorOrders::arm() {
  TimePoint first = TimePoint::max();
  for (const auto& [place, standing] : orders_) {
    if (standing.deadline) first = std::min(first, *standing.deadline);
  }
  if (first == TimePoint::max()) return timer_.stop();
  timer_.start_at(first);
}

}  // namespace understudy
