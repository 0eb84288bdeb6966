// SPDX-License-Identifier: Apache-2.0
// Tunnel: what an exchange becomes once the member has answered its Upgrade with 101 (RFC 9110
// 7.8): bytes in both directions, each as fast as the other side takes them, until both sides have
// closed. It knows no protocol inside and no bytes that came before the 101. It is made when a
// request asks for one, so that the number of tunnels has a bound before a member is asked. Owned
// by an Exchange, which tells it what has happened; worker thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "proxy/exchange/downstream.h"
#include "proxy/http/message.h"
#include "proxy/upstream/upstream.h"

namespace understudy {

struct WorkerContext;

// A silent tunnel's member is looked at this often (Upstream::check).
inline constexpr Duration kTunnelCheck = std::chrono::seconds(10);

class Tunnel final {
 public:
  // Whether the proxy passes this request's Upgrade on: without a body, to one protocol only, and
  // not to one that would carry requests past the proxy (h2c and other versions of HTTP, TLS).
  static bool is_wanted(const http::RequestHead& head);
  // Whether a 101 switches to what the request asked for.
  static bool is_answer(const http::RequestHead& request, const http::ResponseHead& response);

  // Null: this worker has its share of MaxWebSocketClients already.
  static std::unique_ptr<Tunnel> open(WorkerContext& worker);
  ~Tunnel();
  Tunnel(const Tunnel&) = delete;

  // The client has been given its 101.
  void begin(TimePoint now);

  enum class State : uint8_t {
    kOpen,
    kEnded,       // both sides have closed, and all has been passed on
    kClientGone,  // in the middle
    kMemberGone,
  };
  State move_to_member(Downstream& downstream, Upstream& upstream);
  State move_to_client(Downstream& downstream, Upstream& upstream);

  // Since when nothing has moved, as far as was seen by calls to this.
  TimePoint silent_since(TimePoint now);
  uint64_t bytes_to_client() const { return bytes_to_client_; }
  uint64_t bytes_to_member() const { return bytes_to_member_; }

 private:
  explicit Tunnel(WorkerContext& worker) : worker_(worker) {}
  State state() const { return client_ended_ && member_ended_ ? State::kEnded : State::kOpen; }

  WorkerContext& worker_;
  TimePoint moved_{};  // seen to have moved
  uint64_t bytes_seen_ = 0;
  uint64_t bytes_to_client_ = 0;
  uint64_t bytes_to_member_ = 0;
  bool begun_ = false;
  bool client_ended_ = false;  // and the member has been told
  bool member_ended_ = false;  // and the client has been told
};

}  // namespace understudy
