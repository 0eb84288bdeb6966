// SPDX-License-Identifier: Apache-2.0
// An Exchange whose request asks to switch protocols, and what it does when the member agrees.
#include <algorithm>
#include <chrono>

#include "base/check.h"
#include "base/log.h"
#include "proxy/config/location.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/worker_context.h"

namespace understudy {

void Exchange::begin_tunnel(const http::ResponseHead& head) {
  // Only the answer to a request that asked for it gets here: Upstream has seen to that.
  CHECK(tunnel_ != nullptr);
  const HeadScratch& scratch = worker_.io.scratch;
  unsigned status = 0;
  if (Tunnel::is_answer(downstream_.request_head(), head)) {
    status = downstream_.begin_tunnel(head, {.dropped = scratch.dropped,
                                             .added = scratch.lines.text(),
                                             .connection = http::ConnectionLine::kUpgrade});
  }
  if (status == 0) {
    account_.failure = "invalid response";
    return give_up(502, "The server switched to a protocol that was not asked for.");
  }
  account_.status = static_cast<uint16_t>(status);
  Upstream& upstream = try_->upstream();
  upstream.consume_body(0);
  phase_ = Phase::kTunnel;
  const TimePoint now = worker_.io.loop.now();
  tunnel_->begin(now);
  timer_.start_at(now + std::min<Duration>(location_->tunnel_idle_timeout, kTunnelCheck));
  // A side that did not wait for the 101 has sent something already.
  const uint32_t serial = serial_;
  on_tunnel(tunnel_->move_to_client(downstream_, upstream));
  if (serial == serial_) on_tunnel(tunnel_->move_to_member(downstream_, upstream));
}

void Exchange::on_tunnel(Tunnel::State state) {
  switch (state) {
    case Tunnel::State::kOpen:
      return;
    case Tunnel::State::kEnded:
      return finish();
    case Tunnel::State::kClientGone:
      account_.failure = "client gone";
      return abort("the client is gone");
    case Tunnel::State::kMemberGone:
      account_.failure = "tunnel broken off";
      return abort("the member is gone");
  }
}

void Exchange::on_tunnel_timer() {
  const uint32_t serial = serial_;
  try_->check();
  if (serial != serial_) return;
  if (try_->is_cut_off()) return on_tunnel(Tunnel::State::kMemberGone);
  const TimePoint now = worker_.io.loop.now();
  if (now - tunnel_->silent_since(now) < location_->tunnel_idle_timeout) {
    timer_.start_at(now + std::min<Duration>(location_->tunnel_idle_timeout, kTunnelCheck));
    return;
  }
  account_.failure = "WebSocketIdleTimeout";
  abort("nothing moved for WebSocketIdleTimeout");
}

}  // namespace understudy
