// SPDX-License-Identifier: Apache-2.0
// Relays: all requests of this member that other members answer (PROTOCOL 1.4): their bounds, the
// connections kept for the next ones, and which answers have come whole. Where a request goes is
// the caller's decision. Owned by Node::Running; loop thread only.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backend_sdk/node/relay_exchange.h"
#include "base/event_loop.h"

namespace understudy {

class Relays final : public RelayExchange::Owner {
 public:
  using Begun = std::function<void(RelayFault, const std::shared_ptr<RelayExchange>&)>;
  static constexpr Duration kKept = std::chrono::seconds(1);

  Relays(EventLoop& loop, const RelayLimits& limits) : loop_(loop), limits_(limits) {}
  // Requests under way are broken off.
  ~Relays() override;
  Relays(const Relays&) = delete;

  // `begun` comes once, possibly before this returns; the exchange is null but for kNone.
  void send(RelayOrder order, Begun begun);
  // Of answers of this life that have come whole: at most kAnsweredIdsMax, taken.
  std::vector<RequestId> take_answered(MemberId of);
  // A view says so: nothing more comes from it.
  void on_gone(const std::function<bool(MemberId)>& is_gone);

  std::size_t under_way() const { return exchanges_.size(); }

 private:
  struct Idle {
    Relays& relays;
    Address address;
    bufferevent* stream = nullptr;
    std::list<Idle>::iterator place = {};
  };
  void on_over(RelayExchange& exchange, bool is_whole, bufferevent* stream) override;
  bufferevent* take_kept(const Address& address);
  void keep(const Address& address, bufferevent* stream);
  void drop(Idle& idle);

  EventLoop& loop_;
  const RelayLimits limits_;
  std::map<RelayExchange*, std::shared_ptr<RelayExchange>> exchanges_;
  std::list<Idle> idle_;  // the last used first
  std::map<MemberId, std::deque<RequestId>> answered_;
};

}  // namespace understudy
