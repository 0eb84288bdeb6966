// SPDX-License-Identifier: Apache-2.0
// Node::Running: the thread behind a Node, with its loop, the transport and the core, and the hops
// between it and application threads. The thin driver: every decision is the core's, every header
// the contract's. Public methods from any thread; what the Transport and the Core call, on the
// loop's.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "backend_sdk/node/answered_requests.h"
#include "backend_sdk/node/cluster_keys.h"
#include "backend_sdk/node/contract.h"
#include "backend_sdk/node/drain.h"
#include "backend_sdk/node/fork_guard.h"
#include "backend_sdk/node/node_door.h"
#include "backend_sdk/node/pending.h"
#include "backend_sdk/node/readiness_board.h"
#include "backend_sdk/node/session_state.h"
#include "backend_sdk/node/statistics_board.h"
#include "backend_sdk/node/third_server.h"
#include "backend_sdk/node/view_board.h"
#include "backend_sdk/node/view_waiters.h"
#include "backend_sdk/node_core.h"
#include "base/event_loop.h"
#include "base/random.h"
#include "understudy/node.h"

namespace understudy {

class LivesTransport;

class Node::Running final : public Transport::Receiver,
                            public NodeCore::Host,
                            public ThirdServer::Host {
 public:
  static Outcome<std::unique_ptr<Running>> open(const Options& options, Hooks hooks);
  ~Running() override;

  void begin(const RequestView& request, const BeginOptions& options,
             std::function<void(Decision)> callback);
  void finish(Session session, std::function<void(Release)> callback);
  void commit(Session& session, std::function<void(Release)> callback);
  std::vector<Header> headers_for(const RequestView& request) const;
  void drain(std::function<void()> callback, std::shared_ptr<Executor> executor);
  // Read in the caller's thread, put into force in the loop's.
  std::optional<Failure> reload_keys();
  // Ends the thread; without `with_leave` as if the process had died. Once.
  void stop(bool with_leave);

  // Nothing of this may be touched but what asks this first.
  bool is_in_child() const { return fork_.is_child(); }
  NodeStatistics statistics() const {
    return is_in_child() ? NodeStatistics() : statistics_.current();
  }
  Readiness readiness() const { return is_in_child() ? Readiness::kLeaving : readiness_.current(); }
  std::optional<Failure> wait_ready(std::chrono::milliseconds at_most, Readiness least) const;
  std::vector<MemberStatus> members() const;
  const Options& options() const { return options_; }
  const std::string& cluster_address() const { return cluster_address_; }
  std::uint32_t mid() const { return is_in_child() ? kNobody : statistics_.mid(); }

  // From the transport.
  void on_frame(const Peer& from, Frame frame) override;
  void on_link_down(const Peer& peer, LinkDown why) override;
  void on_datagram(MemberId from, const Datagram& datagram) override;
  void on_probe_failed(const Peer& peer, LinkDown why) override;
  void on_probe_answered(const Peer& peer) override;

  // From the core.
  void on_new_life(MemberId mid) override;
  void on_view(const MemberView& view) override;
  void on_session_lost(const SessionId& sid, Position floor) override;
  void on_conflict(const SessionId& sid, Position kept, Position dropped) override;

 private:
  Running(const Options& options, Hooks hooks, std::shared_ptr<const Keyring> keyring,
          std::unique_ptr<EventLoop> loop);
  using Started = std::optional<Failure>;
  void run_thread(std::promise<Started> started);
  Started start();
  std::optional<Failure> use_keys(const ClusterKeys::Read& read);
  void clear();
  bool may_relay(const ContractFacts& facts, const BeginOptions& options) const;
  void begin_again(const std::shared_ptr<BeginCall>& asked) override;
  Decision decide(const BeginCall& asked, const BeginOutcome& outcome) const;
  template <typename T>
  void answer_later(const std::shared_ptr<Pending<T>>& pending, T value);
  void leave_on_loop();
  void on_leave_time();
  // Let the core do what is due at the end of this turn, and set the alarm for what comes later.
  void schedule_advance();
  void advance();
  void on_alarm() { schedule_advance(); }

  // Constant after construction.
  const Options options_;
  const Hooks hooks_;
  const ForkGuard fork_;
  std::string cluster_address_;  // constant after open()

  // Shared; each guards itself.
  ViewBoard board_;
  HttpContract contract_;
  const std::unique_ptr<EventLoop> loop_;
  const std::shared_ptr<NodeDoor> door_;
  StatisticsBoard statistics_;
  ReadinessBoard readiness_;
  mutable AnsweredRequests answered_;

  // read() from any thread, the rest on the loop's.
  ClusterKeys keys_;

  // State of the loop's thread.
  SystemRandom random_;
  std::unique_ptr<LivesTransport> transport_;
  std::unique_ptr<NodeCore> core_;
  std::unique_ptr<ViewWaiters> waiters_;
  std::unique_ptr<ThirdServer> third_server_;
  Timer alarm_;
  Timer leave_timer_;
  TimePoint flush_until_{};
  bool advance_scheduled_ = false;
  Drain drain_;

  // Application threads; stop() is called by one of them, once.
  std::thread thread_;
};

}  // namespace understudy
