// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/relays.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "cookies/contract.h"

namespace understudy {
namespace {

constexpr std::size_t kAnsweredKeptMax = 1024;  // of one member

// Closed by the other side, or with bytes that no request asked for.
bool is_spent(bufferevent* stream) {
  char byte = 0;
  return ::recv(bufferevent_getfd(stream), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

}  // namespace

Relays::~Relays() {
  while (!exchanges_.empty()) {
    const std::shared_ptr<RelayExchange> exchange = exchanges_.begin()->second;
    exchange->close();
  }
  while (!idle_.empty()) drop(idle_.front());
}

void Relays::send(RelayOrder order, Begun begun) {
  if (exchanges_.size() >= limits_.connections_max) return begun(RelayFault::kFull, nullptr);
  bufferevent* stream = take_kept(order.address);
  const bool is_kept = stream != nullptr;
  if (!is_kept) stream = bufferevent_socket_new(loop_.raw(), -1, BEV_OPT_CLOSE_ON_FREE);
  if (stream == nullptr) return begun(RelayFault::kFull, nullptr);
  // The exchange owns what is called when it begins, so that may not own the exchange.
  auto weak = std::make_shared<std::weak_ptr<RelayExchange>>();
  auto exchange = std::make_shared<RelayExchange>(
      *this, limits_, std::move(order), [weak, begun = std::move(begun)](RelayFault fault) {
        begun(fault, fault == RelayFault::kNone ? weak->lock() : nullptr);
      });
  *weak = exchange;
  exchanges_.emplace(exchange.get(), exchange);
  exchange->start(stream, is_kept);
}

std::vector<RequestId> Relays::take_answered(MemberId of) {
  std::vector<RequestId> ids;
  const auto found = answered_.find(of);
  if (found == answered_.end()) return ids;
  while (!found->second.empty() && ids.size() < kAnsweredIdsMax) {
    ids.push_back(found->second.front());
    found->second.pop_front();
  }
  if (found->second.empty()) answered_.erase(found);
  return ids;
}

void Relays::on_gone(const std::function<bool(MemberId)>& is_gone) {
  std::erase_if(answered_, [&](const auto& entry) { return is_gone(entry.first); });
  std::vector<std::shared_ptr<RelayExchange>> ended;
  for (const auto& [raw, exchange] : exchanges_) {
    if (is_gone(exchange->order().to)) ended.push_back(exchange);
  }
  for (const auto& exchange : ended) exchange->close();
}

void Relays::on_over(RelayExchange& exchange, bool is_whole, bufferevent* stream) {
  const RelayOrder& order = exchange.order();
  if (is_whole && order.request_id != 0) {
    std::deque<RequestId>& ids = answered_[order.to];
    ids.push_back(order.request_id);
    if (ids.size() > kAnsweredKeptMax) ids.pop_front();
  }
  if (stream != nullptr) keep(order.address, stream);
  const auto found = exchanges_.find(&exchange);
  // It is in the middle of a call.
  loop_.at_turn_end([last = std::move(found->second)] {});
  exchanges_.erase(found);
}

bufferevent* Relays::take_kept(const Address& address) {
  for (auto it = idle_.begin(); it != idle_.end();) {
    Idle& idle = *it++;
    if (idle.address != address) continue;
    if (is_spent(idle.stream)) {
      drop(idle);
      continue;
    }
    bufferevent* stream = std::exchange(idle.stream, nullptr);
    bufferevent_disable(stream, EV_READ);
    idle_.erase(idle.place);
    return stream;
  }
  return nullptr;
}

void Relays::keep(const Address& address, bufferevent* stream) {
  idle_.push_front(Idle{.relays = *this, .address = address, .stream = stream});
  Idle& idle = idle_.front();
  idle.place = idle_.begin();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(kKept).count();
  const timeval wait{.tv_sec = seconds, .tv_usec = 0};
  bufferevent_set_timeouts(stream, &wait, nullptr);
  // Whatever happens to it ends it.
  bufferevent_setcb(
      stream,
      [](bufferevent*, void* self) {
        static_cast<Idle*>(self)->relays.drop(*static_cast<Idle*>(self));
      },
      nullptr,
      [](bufferevent*, short, void* self) {
        static_cast<Idle*>(self)->relays.drop(*static_cast<Idle*>(self));
      },
      &idle);
  bufferevent_enable(stream, EV_READ);
}

void Relays::drop(Idle& idle) {
  bufferevent_free(idle.stream);
  idle_.erase(idle.place);
}

}  // namespace understudy
