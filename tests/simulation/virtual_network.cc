// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/virtual_network.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "tests/simulation/virtual_machine.h"

namespace understudy {
namespace {

constexpr TimePoint kStart = TimePoint(std::chrono::hours(1));

}  // namespace

VirtualNetwork::VirtualNetwork(uint64_t seed, const Weather& weather)
    : weather_(weather), random_(seed), now_(kStart) {}

VirtualNetwork::~VirtualNetwork() = default;

const Clock& VirtualNetwork::Life::clock() const {
  return network_.machine(self_.address);
}

VirtualNetwork::Machine& VirtualNetwork::machine(const Address& address) {
  auto& slot = machines_[address];
  if (!slot) slot = std::make_unique<Machine>(*this);
  return *slot;
}

Duration VirtualNetwork::delay() {
  const auto spread = static_cast<uint64_t>((weather_.delay_max - weather_.delay_min).count());
  return weather_.delay_min + Duration(random_.below(spread + 1));
}

bool VirtualNetwork::happens(double probability) {
  constexpr uint64_t kParts = 1'000'000;
  return probability > 0 && random_.below(kParts) < static_cast<uint64_t>(probability * kParts);
}

bool VirtualNetwork::is_cut(const Address& from, const Address& to) const {
  return cuts_.contains({from, to});
}

bool VirtualNetwork::is_reachable(const Address& from, const Address& to) const {
  const auto found = machines_.find(to);
  const bool is_off = found != machines_.end() && found->second->is_off;
  return !is_off && !is_cut(from, to) && !is_cut(to, from);
}

// Does a segment of a link that stands arrive? Without acknowledgements the first ones do.
bool VirtualNetwork::passes(const Address& from, const Address& to, size_t unacknowledged) const {
  constexpr size_t kCongestionWindow = 10;
  if (is_reachable(from, to)) return true;
  const auto found = machines_.find(to);
  const bool is_off = found != machines_.end() && found->second->is_off;
  return weather_.tcp_one_way && !is_off && !is_cut(from, to) && unacknowledged < kCongestionWindow;
}

// ---- time

void VirtualNetwork::at(TimePoint when, std::function<void()> what) {
  events_.push({std::max(when, now_), ++order_, std::move(what)});
}

void VirtualNetwork::step() {
  // The queue hands out const references only; the event is gone right after the move.
  Event event = std::move(const_cast<Event&>(events_.top()));
  events_.pop();
  CHECK(event.when >= now_);
  now_ = event.when;
  event.what();
}

void VirtualNetwork::run_until(TimePoint end) {
  while (!events_.empty() && events_.top().when <= end) step();
  now_ = std::max(now_, end);
}

bool VirtualNetwork::run_until(const std::function<bool()>& is_reached, Duration at_most) {
  const TimePoint end = now_ + at_most;
  while (!is_reached()) {
    if (events_.empty() || events_.top().when > end) {
      now_ = end;
      return is_reached();
    }
    step();
  }
  return true;
}

// ---- processes

VirtualNetwork::Life& VirtualNetwork::start(const Peer& self) {
  CHECK(self.mid != kNobody);
  Machine& home = machine(self.address);
  stop(self.address);
  home.is_off = false;
  lives_.push_back(std::unique_ptr<Life>(new Life(*this, self, lives_.size())));
  home.life = lives_.back().get();
  return *home.life;
}

void VirtualNetwork::stop(const Address& address) {
  Machine& home = machine(address);
  if (home.life) end_life(*home.life);
  home.life = nullptr;
  home.is_paused = false;
  home.held.clear();
  home.held_datagrams = 0;
}

// What the kernel had taken from the dead process may still arrive: an unknown part of it.
void VirtualNetwork::end_life(Life& life) {
  life.is_over_ = true;
  life.process_ = nullptr;
  const bool is_told = !machine(life.self_.address).is_off;
  for (auto it = links_.begin(); it != links_.end();) {
    auto& [key, link] = *it++;
    const bool is_mine = std::get<0>(key) == life.index_;
    if (is_mine && !link.to) {
      links_.erase(key);
    } else if (is_mine) {
      link.frames.resize(random_.below(link.frames.size() + 1));
    } else if (link.to == &life && is_told) {
      link_down(key, LinkDown::kReset, delay());
    }
  }
}

void VirtualNetwork::pause(const Address& address) {
  machine(address).is_paused = true;
}

void VirtualNetwork::resume(const Address& address) {
  Machine& home = machine(address);
  home.is_paused = false;
  home.held_datagrams = 0;
  auto held = std::exchange(home.held, {});
  for (auto& what : held) at(now_, std::move(what));
}

void VirtualNetwork::power_off(const Address& address) {
  machine(address).is_off = true;
  stop(address);
}

void VirtualNetwork::set_clock_rate(const Address& address, double rate) {
  Machine& home = machine(address);
  home.local_anchor = home.now();
  home.anchor = now_;
  home.rate = rate;
}

// Runs `what` in the life, or keeps it until the machine goes on.
void VirtualNetwork::run_in(Life& life, std::function<void(Process&)> what, bool is_datagram) {
  if (life.is_over_) return;
  Machine& home = machine(life.self_.address);
  if (home.is_paused) {
    if (is_datagram && home.held_datagrams++ >= weather_.socket_datagrams_max) return;
    home.held.push_back(
        [this, &life, what = std::move(what), is_datagram] { run_in(life, what, is_datagram); });
    return;
  }
  fingerprint_ =
      (fingerprint_ ^ (life.self_.mid + static_cast<uint64_t>(now_.time_since_epoch().count()))) *
      1099511628211u;
  if (life.process_) what(*life.process_);
}

void VirtualNetwork::Life::wake_at(TimePoint local) {
  const uint64_t number = ++alarm_;
  if (is_over_ || local == TimePoint::max()) return;
  const auto lateness_max = static_cast<uint64_t>(network_.weather_.wake_lateness_max.count());
  const Duration lateness = Duration(network_.random_.below(lateness_max + 1));
  const TimePoint due = network_.machine(self_.address).to_network(local);
  network_.at(std::max(due, network_.now_) + lateness,
              [this, number] { network_.alarm(*this, number); });
}

void VirtualNetwork::alarm(Life& life, uint64_t number) {
  run_in(life, [&life, number](Process& process) {
    if (life.alarm_ == number) process.on_wake();
  });
}

// ---- faults

void VirtualNetwork::cut_one_way(const Address& from, const Address& to) {
  cuts_.insert({from, to});
}

void VirtualNetwork::cut(const Address& a, const Address& b) {
  cut_one_way(a, b);
  cut_one_way(b, a);
}

void VirtualNetwork::isolate(const Address& address) {
  for (const auto& [other, unused] : machines_) {
    if (other != address) cut(address, other);
  }
}

void VirtualNetwork::heal(const Address& a, const Address& b) {
  for (auto* pairs : {&cuts_, &refusals_}) {
    pairs->erase({a, b});
    pairs->erase({b, a});
  }
}

void VirtualNetwork::heal() {
  cuts_.clear();
  refusals_.clear();
}

void VirtualNetwork::refuse(const Address& from, const Address& to) {
  refusals_.insert({from, to});
  for (auto it = links_.begin(); it != links_.end();) {
    auto& [key, link] = *it++;
    const bool is_theirs =
        lives_[std::get<0>(key)]->self_.address == from && std::get<2>(key) == to;
    if (is_theirs && link.to) link_down(key, LinkDown::kReset, delay());
  }
}

void VirtualNetwork::set_keys(const Address& address, std::shared_ptr<const Keyring> keys) {
  machine(address).keys = std::move(keys);
}

bool VirtualNetwork::accepts(const Address& from, const Address& to) {
  const auto& sealed = machine(from).keys;
  const auto& accepted = machine(to).keys;
  if (!sealed || !accepted) return true;
  for (size_t slot = 0; slot < accepted->size(); ++slot) {
    const bool is_it =
        accepted->sub_key(slot, KeyPurpose::kLink) == sealed->sub_key(0, KeyPurpose::kLink);
    if (is_it) return true;
  }
  return false;
}

void VirtualNetwork::break_links(const Address& a, const Address& b) {
  for (auto it = links_.begin(); it != links_.end();) {
    auto& [key, link] = *it++;
    if (!link.to) continue;
    const Address& from = lives_[std::get<0>(key)]->self_.address;
    const Address& to = link.to->self_.address;
    if ((from == a && to == b) || (from == b && to == a)) {
      link_down(key, LinkDown::kReset, delay());
    }
  }
}

// ---- probes and datagrams

void VirtualNetwork::Life::probe(const Peer& peer) {
  if (is_over_) return;
  const TimePoint deadline = network_.now_ + network_.weather_.probe_timeout;
  // Connecting and being greeted: a lost packet of the four costs a retransmission.
  Duration time = 4 * network_.delay();
  for (int packet = 0; packet < 4; ++packet) {
    if (network_.happens(network_.weather_.loss)) time += network_.weather_.retransmission;
  }
  if (time >= network_.weather_.probe_timeout) {
    network_.at(deadline, [this, peer] {
      network_.run_in(
          *this, [peer](Process& process) { process.on_probe_failed(peer, LinkDown::kReset); });
    });
    return;
  }
  network_.at(network_.now_ + time,
              [this, peer, deadline] { network_.probe(*this, peer, deadline); });
}

void VirtualNetwork::probe(Life& from, const Peer& peer, TimePoint deadline) {
  const Machine& there = machine(peer.address);
  const auto failed = [&](LinkDown why) {
    run_in(from, [peer, why](Process& process) { process.on_probe_failed(peer, why); });
  };
  if (!is_reachable(from.self_.address, peer.address) || (there.life && there.is_paused)) {
    if (now_ >= deadline) return failed(LinkDown::kReset);
    return at(now_ + kLookAgain, [this, &from, peer, deadline] { probe(from, peer, deadline); });
  }
  const bool is_lie = refusals_.contains({from.self_.address, peer.address});
  if (!there.life || is_lie) return failed(LinkDown::kRefused);
  if (!accepts(from.self_.address, peer.address)) return failed(LinkDown::kOtherKey);
  if (peer.mid != kNobody && there.life->self_.mid != peer.mid) {
    return failed(LinkDown::kOtherLife);
  }
  run_in(from, [peer](Process& process) { process.on_probe_answered(peer); });
}

void VirtualNetwork::Life::send_datagram(const Peer& to, const Datagram& datagram) {
  if (is_over_) return;
  CHECK(datagram.payload.size() <= kDatagramPayloadMax);
  const int copies = network_.happens(network_.weather_.duplication) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    if (network_.happens(network_.weather_.loss)) continue;
    network_.at(network_.now_ + network_.delay(),
                [this, to, type = datagram.type, group = datagram.group,
                 payload = std::string(datagram.payload)] {
                  network_.deliver_datagram(*this, to, type, group, payload);
                });
  }
}

void VirtualNetwork::deliver_datagram(const Life& from, const Peer& to, DatagramType type,
                                      uint32_t group, const std::string& payload) {
  const Machine& there = machine(to.address);
  if (there.is_off || !there.life || is_cut(from.self_.address, to.address)) return;
  if (there.life->self_.mid != to.mid) return;  // sealed for another life
  if (!accepts(from.self_.address, to.address)) return;
  run_in(
      *there.life,
      [mid = from.self_.mid, type, group, payload](Process& process) {
        process.on_datagram(mid, {.type = type, .group = group, .payload = payload});
      },
      true);
}

}  // namespace understudy
