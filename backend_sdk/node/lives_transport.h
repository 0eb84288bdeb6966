// SPDX-License-Identifier: Apache-2.0
// LivesTransport: the one Transport that a NodeCore keeps while its lives come and go. Each life
// needs a ClusterTransport of its own on the same address; the old one is closed and the new one
// opened between two turns of the loop, and what is sent in between is kept for it. What the old
// one still receives is dropped. Owned by Node::Running; loop thread only.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backend_sdk/transport/cluster_transport.h"
#include "base/turn_task.h"

namespace understudy {

class LivesTransport final : public Transport, public Transport::Receiver {
 public:
  static constexpr std::size_t kKeptMax = 256;  // frames between two lives; more are lost

  // `options` but for the mid; `receiver` outlives this.
  LivesTransport(EventLoop& loop, Random& random, const ClusterTransportOptions& options,
                 Transport::Receiver& receiver);
  LivesTransport(const LivesTransport&) = delete;

  // The first life begins at once; failure() then says whether it could. A later one begins at the
  // end of this turn, and is tried again until the address can be bound.
  void begin_life(MemberId mid);
  const std::string& failure() const { return failure_; }
  // As ClusterTransport::use_keys, for this life and those to come.
  Result<void> use_keys(const std::shared_ptr<const Keyring>& keys);
  // Nothing waits to be sent.
  bool is_flushed() const { return !current_ || current_->is_flushed(); }

  void send(const Peer& to, Frame frame) override;
  void send_datagram(const Peer& to, const Datagram& datagram) override;
  void probe(const Peer& peer) override;
  void forget(const Peer& peer) override;

  void on_frame(const Peer& from, Frame frame) override;
  void on_link_down(const Peer& peer, LinkDown why) override;
  void on_datagram(MemberId from, const Datagram& datagram) override;
  void on_probe_failed(const Peer& peer, LinkDown why) override;
  void on_probe_answered(const Peer& peer) override;

 private:
  void change();
  bool open();

  // Constant after construction.
  EventLoop& loop_;
  Random& random_;
  Transport::Receiver& receiver_;

  ClusterTransportOptions options_;
  std::unique_ptr<ClusterTransport> current_;
  bool is_changing_ = false;  // current_ belongs to a life that is over, or is not open yet
  std::vector<std::pair<Peer, Frame>> kept_;
  std::vector<Peer> probes_kept_;
  std::string failure_;
  TurnTask change_;
  Timer again_;
};

}  // namespace understudy
