// SPDX-License-Identifier: Apache-2.0
// control_plane_run [MEMBERS [INTERVAL_MS]]: the production membership of that many members on the
// virtual network: how long it takes until all know all, what it sends when nothing happens, and
// how long until everybody knows of a death, of one in silence, of a tenth of the cluster, and of
// the leader's.
#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "backend_sdk/membership/membership.h"
#include "tests/simulation/virtual_network.h"

namespace understudy {
namespace {

constexpr Duration kPatience = std::chrono::minutes(10);
constexpr Duration kQuiet = std::chrono::seconds(30);
constexpr size_t kUdpIpBytes = 28;

struct Traffic {
  uint64_t datagrams = 0;
  uint64_t datagram_bytes = 0;  // with UDP and IP
  uint64_t frames = 0;
  uint64_t frame_bytes = 0;
};

double seconds_of(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec) / 1e6;
}

// A Transport that counts what its member sends.
class Counting final : public Transport {
 public:
  Counting(Transport& to, Traffic& traffic) : to_(to), traffic_(traffic) {}
  void send(const Peer& peer, Frame frame) override {
    ++traffic_.frames;
    traffic_.frame_bytes += frame.payload.size();
    to_.send(peer, std::move(frame));
  }
  void send_datagram(const Peer& peer, const Datagram& datagram) override {
    ++traffic_.datagrams;
    traffic_.datagram_bytes += kDatagramHeadBytes + datagram.payload.size() + kUdpIpBytes;
    to_.send_datagram(peer, datagram);
  }
  void probe(const Peer& peer) override { to_.probe(peer); }
  void forget(const Peer& peer) override { to_.forget(peer); }

 private:
  static constexpr size_t kDatagramHeadBytes = 32 + 16;  // header and tag
  Transport& to_;
  Traffic& traffic_;
};

class SimulatedMember final : public VirtualNetwork::Process, public Membership::Listener {
 public:
  SimulatedMember(VirtualNetwork& network, size_t index, size_t members, Duration interval)
      : address(*Address::parse(fmt::format("10.0.{}.{}:7101", index / 250, index % 250 + 1))) {
    const auto mid = static_cast<MemberId>(index + 1);
    life_ = &network.start({mid, address});
    life_->attach(*this);
    counting_ = std::make_unique<Counting>(*life_, traffic);
    MembershipOptions options;
    options.self.mid = mid;
    options.self.name = "m" + std::to_string(index);
    options.self.machine = options.self.name;
    options.self.http_address = "127.0.0.1:80";
    options.self.cluster_address = address;
    for (const char* seed : {"10.0.0.1:7101", "10.0.0.2:7101", "10.0.0.3:7101"}) {
      options.seeds.push_back(*Address::parse(seed));
    }
    options.interval = interval;
    options.members_max = members;
    membership_ =
        std::make_unique<Membership>(options, life_->clock(), network.random(), *counting_, *this);
    membership_->start();
    life_->wake_at(membership_->wake_at());
  }

  void on_wake() override {
    run([&] { membership_->advance(); });
  }
  void on_frame(const Peer& from, Frame frame) override {
    run([&] { membership_->on_frame(from, std::move(frame)); });
  }
  void on_link_down(const Peer& peer, LinkDown why) override {
    run([&] { membership_->on_link_down(peer, why); });
  }
  void on_datagram(MemberId from, const Datagram& datagram) override {
    run([&] { membership_->on_datagram(from, datagram); });
  }
  void on_probe_failed(const Peer& peer, LinkDown why) override {
    run([&] { membership_->on_probe_failed(peer, why); });
  }
  void on_probe_answered(const Peer& peer) override {
    run([&] { membership_->on_probe_answered(peer); });
  }
  void on_view(const MemberView& view) override {
    usable = static_cast<size_t>(std::count_if(view.members.begin(), view.members.end(),
                                               [](const Member& m) { return m.is_usable(); }));
  }
  void on_dead(const Peer&, bool) override {}
  void on_alive(const Peer&) override {}
  void on_expelled() override { ++expulsions; }

  const Address address;
  Traffic traffic;
  size_t usable = 0;
  bool is_killed = false;
  int expulsions = 0;

 private:
  template <typename Call>
  void run(Call call) {
    call();
    life_->wake_at(membership_->wake_at());
  }
  VirtualNetwork::Life* life_ = nullptr;
  std::unique_ptr<Counting> counting_;
  std::unique_ptr<Membership> membership_;
};

class ControlPlane final {
 public:
  ControlPlane(size_t members, Duration interval) : network_(1, {}) {
    // Joins are limited to 50 a second: they come at about that rate.
    for (size_t index = 0; index < members; ++index) {
      all_.push_back(std::make_unique<SimulatedMember>(network_, index, members, interval));
      network_.run_for(index < 3 ? interval * 4 : std::chrono::milliseconds(20));
    }
  }

  void report(const std::string& what) {
    const TimePoint begin = network_.now();
    const size_t wanted = static_cast<size_t>(std::count_if(
        all_.begin(), all_.end(), [](const auto& member) { return !member->is_killed; }));
    bool is_reached = false;
    const TimePoint end = begin + kPatience;
    while (!is_reached && network_.now() < end) {
      network_.run_for(std::chrono::milliseconds(10));
      is_reached = std::all_of(all_.begin(), all_.end(), [&](const auto& member) {
        return member->is_killed || member->usable == wanted;
      });
    }
    fmt::print("{}: {} after {:.2f} s, {:.1f} s of processor so far\n", what,
               is_reached ? "all know all" : "NOT ALL KNOW ALL", seconds_of(network_.now() - begin),
               cpu_seconds());
  }

  void quiet() {
    for (const auto& member : all_) member->traffic = {};
    network_.run_for(kQuiet);
    Traffic sum;
    Traffic most;
    for (const auto& member : all_) {
      const Traffic& its = member->traffic;
      sum.datagrams += its.datagrams;
      sum.datagram_bytes += its.datagram_bytes;
      sum.frames += its.frames;
      sum.frame_bytes += its.frame_bytes;
      if (its.datagrams > most.datagrams) most = its;
    }
    const double time = seconds_of(kQuiet);
    const auto tell = [time](const char* who, const Traffic& traffic) {
      fmt::print("quiet, {}: {:.0f} datagrams/s, {:.1f} KiB/s; {:.1f} frames/s, {:.1f} KiB/s\n",
                 who, static_cast<double>(traffic.datagrams) / time,
                 static_cast<double>(traffic.datagram_bytes) / time / 1024,
                 static_cast<double>(traffic.frames) / time,
                 static_cast<double>(traffic.frame_bytes) / time / 1024);
    };
    tell("all together", sum);
    tell("the busiest member", most);
  }

  // kill -9: its port refuses, which is proof.
  void kill(size_t index) {
    all_[index]->is_killed = true;
    network_.stop(all_[index]->address);
  }
  // Silence: it has to be waited for, and asked.
  void power_off(size_t begin, size_t end) {
    for (size_t index = begin; index < end; ++index) {
      all_[index]->is_killed = true;
      network_.power_off(all_[index]->address);
    }
  }

 private:
  VirtualNetwork network_;
  std::vector<std::unique_ptr<SimulatedMember>> all_;
};

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) {
  const size_t members = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1000;
  const std::chrono::milliseconds interval(argc > 2 ? std::strtol(argv[2], nullptr, 10) : 1000);
  if (members < 20 || members > 1000 || interval.count() < 1) {
    fmt::print(stderr, "control_plane_run [MEMBERS [INTERVAL_MS]]: 20 to 1000 members\n");
    return 2;
  }
  fmt::print("{} members, HeartbeatInterval {} ms\n", members, interval.count());
  understudy::ControlPlane plane(members, interval);
  plane.report("start");
  plane.quiet();
  plane.kill(members - 1);
  plane.report("one killed");
  plane.power_off(members - 2, members - 1);
  plane.report("one without power");
  plane.power_off(members - 2 - members / 10, members - 2);
  plane.report("a tenth without power");
  plane.power_off(0, 1);
  plane.report("the leader without power");
  return 0;
}
