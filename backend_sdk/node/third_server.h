// SPDX-License-Identifier: Apache-2.0
// ThirdServer: a request that came to this member and that another one serves (PROTOCOL 1.4): it is
// relayed there, decided anew when that member says otherwise or is gone, and its answer handed to
// the door. Owned by Node::Running; loop thread only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "backend_sdk/node/contract.h"
#include "backend_sdk/node/node_door.h"
#include "backend_sdk/node/pending.h"
#include "backend_sdk/node/relays.h"
#include "backend_sdk/node_core.h"
#include "base/random.h"
#include "understudy/node.h"

namespace understudy {

// One call of begin(), until its Decision.
struct BeginCall {
  ContractFacts facts;
  bool exclusive = false;
  std::shared_ptr<Pending<Decision>> pending;
  std::shared_ptr<UnderWay> under_way;
  // Null: its door cannot relay, or it is not to be relayed.
  std::shared_ptr<const RelayRequest> relay = {};
  std::string_view failover = {};  // said to the next member
  bool draws_id =
      false;  // its request id is of this member, and of no balancer that may send it again
  int hops = 0;
  TimePoint arrived{};
};

class ThirdServer final {
 public:
  class Host {
   public:
    virtual ~Host() = default;
    // As if the request came just now, with what its facts say by now.
    virtual void begin_again(const std::shared_ptr<BeginCall>& asked) = 0;
  };
  static constexpr int kRelayTries = 4;

  ThirdServer(Host& host, EventLoop& loop, Random& random, NodeCore& core,
              const HttpContract& contract, const RelayLimits& limits)
      : host_(host),
        loop_(loop),
        random_(random),
        core_(core),
        contract_(contract),
        relays_(loop, limits) {}

  // True: the request is its business from now on.
  bool takes(const std::shared_ptr<BeginCall>& asked, const BeginOutcome& outcome);
  void on_view(const MemberView& view);
  std::uint64_t relayed() const { return relayed_; }

 private:
  bool relay(const std::shared_ptr<BeginCall>& asked, MemberId to);
  RelayOrder order_for(const BeginCall& asked, const Member& to, const Address& address);
  void on_relayed(const std::shared_ptr<BeginCall>& asked, RelayFault fault,
                  const std::shared_ptr<RelayExchange>& exchange);
  void on_misdirected(const std::shared_ptr<BeginCall>& asked, RelayExchange& exchange);
  void again(const std::shared_ptr<BeginCall>& asked, std::string_view failover);
  static void hand_on(const std::shared_ptr<BeginCall>& asked,
                      const std::shared_ptr<RelayExchange>& exchange);
  void give_up(const BeginCall& asked, std::string_view why);

  Host& host_;
  EventLoop& loop_;
  Random& random_;
  NodeCore& core_;
  const HttpContract& contract_;
  Relays relays_;
  std::uint64_t relayed_ = 0;
};

}  // namespace understudy
