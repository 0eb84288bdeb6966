// SPDX-License-Identifier: Apache-2.0
// SimMember: one application server of the simulated cluster: a production NodeCore on a machine of
// the VirtualNetwork, through crashes, pauses and lives. What runs on it is given as work, and
// waits while the process is stopped, as bytes in a socket do.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "backend_sdk/node_core.h"
#include "tests/simulation/virtual_network.h"

namespace understudy::sim {

class SimMember final : public VirtualNetwork::Process,
                        public NodeCore::Host,
                        public Transport,
                        public Clock {
 public:
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void on_life(SimMember& member, MemberId mid) = 0;
    virtual void on_lost(SimMember& member, const SessionId& sid) = 0;
    virtual void on_conflict(SimMember& member, const SessionId& sid) = 0;
  };

  SimMember(VirtualNetwork& network, size_t index, const NodeCoreOptions& options, uint64_t seed,
            Observer& observer);
  ~SimMember() override;

  void boot();
  void crash();      // its port refuses
  void power_off();  // silence
  void pause();
  void resume();
  void drain();
  // One turn of the loop takes this long: now() stands still, the alarm does not fire, and what
  // arrives is handled in the same turn, as by a loop that has much to read. read() goes on.
  void begin_turn(Duration length);

  bool is_up() const { return core_ != nullptr; }
  bool is_paused() const { return paused_; }
  bool is_silent() const { return silent_; }
  bool is_draining() const { return draining_; }
  bool is_drained() const { return drained_; }
  size_t index() const { return index_; }
  const Address& address() const { return address_; }
  MemberId mid() const { return is_up() ? core_->mid() : kNobody; }
  uint64_t boots() const { return boots_; }
  NodeCore& core() { return *core_; }
  const NodeCore& core() const { return *core_; }
  const MemberView& view() const { return core_->view(); }

  // In the process, now or when it goes on; never if it dies before. The same after a delay.
  void run(std::function<void(NodeCore&)> work);
  void run_after(Duration delay, std::function<void(NodeCore&)> work);

  // VirtualNetwork::Process.
  void on_wake() override;
  void on_frame(const Peer& from, Frame frame) override;
  void on_link_down(const Peer& peer, LinkDown why) override;
  void on_datagram(MemberId from, const Datagram& datagram) override;
  void on_probe_failed(const Peer& peer, LinkDown why) override;
  void on_probe_answered(const Peer& peer) override;

  // Transport, of the current life.
  void send(const Peer& to, Frame frame) override { life_->send(to, std::move(frame)); }
  void send_datagram(const Peer& to, const Datagram& datagram) override {
    life_->send_datagram(to, datagram);
  }
  void probe(const Peer& peer) override { life_->probe(peer); }
  void forget(const Peer& peer) override { life_->forget(peer); }

  // Clock.
  TimePoint now() const override { return turn_began_.value_or(read()); }
  TimePoint read() const override { return life_ ? life_->clock().read() : network_.now(); }

  // NodeCore::Host.
  void on_new_life(MemberId mid) override;
  void on_view(const MemberView&) override {}
  void on_session_lost(const SessionId& sid, Position floor) override;
  void on_conflict(const SessionId& sid, Position kept, Position dropped) override;

 private:
  void rearm();
  void end_turn();

  VirtualNetwork& network_;
  const size_t index_;
  const NodeCoreOptions options_;
  const uint64_t seed_;
  const Address address_;
  Observer& observer_;

  std::unique_ptr<SeededRandom> random_;
  VirtualNetwork::Life* life_ = nullptr;
  std::unique_ptr<NodeCore> core_;
  uint64_t boots_ = 0;
  bool paused_ = false;
  bool silent_ = false;
  bool draining_ = false;
  bool drained_ = false;
  std::deque<std::function<void(NodeCore&)>> waiting_;  // for resume()
  std::optional<TimePoint> turn_began_;                 // while a long turn runs
  uint64_t turns_ = 0;
};

}  // namespace understudy::sim
