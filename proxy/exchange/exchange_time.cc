// SPDX-License-Identifier: Apache-2.0
// What an Exchange does when time has passed: a look at whoever is silent, and an end to patience.
#include <algorithm>

#include "proxy/exchange/exchange.h"
#include "proxy/exchange/worker_cluster.h"

namespace understudy {

void Exchange::wait_in_silence(TimePoint now) {
  TimePoint until = std::min(now + kSilenceCheck, account_.heard + location_->failover.io_timeout);
  if (account_.may_hedge && phase_ == Phase::kWaiting) {
    until = std::min(until, account_.heard + location_->failover.hedge_delay);
  }
  timer_.start_at(until);
}

void Exchange::on_timer() {
  switch (phase_) {
    case Phase::kNone:
    case Phase::kGathering:  // the client's time is the connection's business
    case Phase::kChoosing:
      return;
    case Phase::kQueued:
      ++worker_.counters.queue_timeouts;
      leave();
      return give_up_queueing("waited in the queue for too long");
    case Phase::kConnecting:
      return on_connect_timeout();
    case Phase::kPausing:
      attempt_.start_pass();
      account_.met_full_member = false;
      return choose(downstream_.request_head());
    case Phase::kWaiting:
    case Phase::kRelaying:
      return on_silence();
    case Phase::kTunnel:
      return on_tunnel_timer();
  }
}

// Whoever else waits for this member need not find out for itself.
void Exchange::on_connect_timeout() {
  MemberConnections& connections = *connections_;
  connections.hold();
  fail_try(TryFailure::kConnectTimeout);
  connections.fail_unanswered();
  connections.let_go();
}

void Exchange::on_silence() {
  const uint32_t serial = serial_;
  upstream_->check();
  const bool goes_on =
      serial == serial_ && (phase_ == Phase::kWaiting || phase_ == Phase::kRelaying);
  if (!goes_on) return;
  if (is_cut_off()) return on_cut_off();
  const TimePoint now = worker_.io.loop.now();
  const bool is_hedge_due = account_.may_hedge && phase_ == Phase::kWaiting &&
                            now >= account_.heard + location_->failover.hedge_delay;
  if (is_hedge_due) begin_hedge(now);
  const uint64_t bytes = account_.body_bytes_received + account_.body_bytes_sent;
  if (bytes != account_.bytes_moved) account_.heard = now;
  account_.bytes_moved = bytes;
  if (now - account_.heard >= location_->failover.io_timeout) {
    if (phase_ == Phase::kWaiting) return fail_try(TryFailure::kTimeout);
    return abort("nothing moved for the I/O timeout");
  }
  wait_in_silence(now);
}

// Whether the network, or the member's machine, has gone while bytes of ours were on their way. No
// timer and no system call belongs to this but those of the look at a silent member.
bool Exchange::is_cut_off() {
  const config::Connections& options = cluster_->connection_options();
  Duration patience = options.unreachable_timeout;
  if (patience.count() == 0) return false;
  // New connections are not answered either.
  if (member_ != nullptr && member_->back_off.last_failure() == routing::Failure::kUnreachable) {
    patience = std::min<Duration>(patience, options.connect_timeout);
  }
  return upstream_->unacknowledged_for() >= patience;
}

void Exchange::on_cut_off() {
  if (phase_ == Phase::kWaiting) return fail_try(TryFailure::kUnreachable);
  abort("the member is unreachable");
}

}  // namespace understudy
