// SPDX-License-Identifier: Apache-2.0
// What operators have ordered by command: one order for each member by cluster and address, so that
// it outlives reloads, views and the member itself. A draining member whose deadline has passed
// becomes disabled. It tells its owner, who tells the workers. Owned by the Server; main thread.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/event_loop.h"
#include "proxy/routing/operator_order.h"

namespace understudy {

inline constexpr std::size_t kOrdersMax = 8192;

class OperatorOrders final {
 public:
  // A cluster's label and a member's address text.
  using Place = std::pair<std::string, std::string>;
  struct Standing {
    routing::OperatorOrder order = {};
    std::optional<TimePoint> deadline = {};  // of kDraining
  };

  class Listener {
   public:
    // Nothing: as the configuration says. Also for what set() was given.
    virtual void on_order(const Place& place,
                          const std::optional<routing::OperatorOrder>& order) = 0;

   protected:
    ~Listener() = default;
  };

  OperatorOrders(EventLoop& loop, Listener& listener);

  // False: there are too many.
  bool set(const Place& place, const Standing& standing);
  void forget(const Place& place);
  const std::map<Place, Standing>& all() const { return orders_; }

 private:
  void on_deadline();
  void arm();

  EventLoop& loop_;
  Listener& listener_;
  std::map<Place, Standing> orders_;
  Timer timer_;
};

}  // namespace understudy
