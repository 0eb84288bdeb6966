// SPDX-License-Identifier: Apache-2.0
// TransportPeer: a ClusterTransport on a free loopback port that writes down what it is told; and
// the one way of waiting: run the loop until something is true, or too much time passed.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backend_sdk/transport/cluster_transport.h"
#include "base/check.h"
#include "base/event_loop.h"

namespace understudy {

inline std::shared_ptr<const Keyring> test_keys(const std::string& ids, unsigned char fill = 7) {
  std::vector<std::array<uint8_t, 32>> bytes;
  for (const char id : ids) {
    bytes.emplace_back().fill(static_cast<uint8_t>(fill + id));
  }
  std::vector<Keyring::NamedKey> named;
  for (size_t i = 0; i < ids.size(); ++i) named.push_back({ids[i], bytes[i]});
  auto result = Keyring::from_keys(named);
  CHECK(result.keyring != nullptr, result.error.c_str());
  return result.keyring;
}

inline bool run_until(EventLoop& loop, const std::function<bool()>& is_reached,
                      Duration at_most = std::chrono::seconds(5)) {
  const TimePoint end = loop.now() + at_most;
  while (!is_reached()) {
    if (loop.now() >= end) return false;
    loop.run_once(std::chrono::milliseconds(20));
  }
  return true;
}

class TransportPeer final : public Transport::Receiver {
 public:
  TransportPeer(EventLoop& loop, MemberId mid, std::shared_ptr<const Keyring> keys,
                const std::string& cluster = "shop") {
    ClusterTransportOptions options;
    options.mid = mid;
    options.name = "m" + std::to_string(mid);
    options.cluster = cluster;
    options.listen = Address::loopback(0);
    options.keys = keys;
    options.is_insecure = keys == nullptr;
    open(loop, options);
  }
  TransportPeer(EventLoop& loop, const ClusterTransportOptions& options) { open(loop, options); }

  Peer peer() const { return {mid, transport->address()}; }

  void on_frame(const Peer& from, Frame frame) override {
    frames.emplace_back(from, std::move(frame));
  }
  void on_link_down(const Peer& peer, LinkDown why) override { downs.emplace_back(peer, why); }
  void on_datagram(MemberId from, const Datagram& datagram) override {
    datagrams.emplace_back(from, std::string(datagram.payload));
  }
  void on_probe_failed(const Peer& peer, LinkDown why) override {
    failed_probes.emplace_back(peer, why);
  }
  void on_probe_answered(const Peer& peer) override { answered_probes.push_back(peer); }

  MemberId mid = kNobody;
  std::unique_ptr<ClusterTransport> transport;
  std::vector<std::pair<Peer, Frame>> frames;
  std::vector<std::pair<Peer, LinkDown>> downs;
  std::vector<std::pair<MemberId, std::string>> datagrams;
  std::vector<std::pair<Peer, LinkDown>> failed_probes;
  std::vector<Peer> answered_probes;

 private:
  void open(EventLoop& loop, const ClusterTransportOptions& options) {
    auto opened = ClusterTransport::open(loop, random_, options);
    CHECK(static_cast<bool>(opened), opened ? "" : opened.error().detail.c_str());
    mid = options.mid;
    transport = *std::move(opened);
    transport->attach(*this);
  }
  SystemRandom random_;
};

}  // namespace understudy
