// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/sim_member.h"

#include "base/check.h"

namespace understudy::sim {

namespace {

NodeCoreOptions with_address(NodeCoreOptions options, const Address& address) {
  options.membership.self.cluster_address = address;
  return options;
}

}  // namespace

SimMember::SimMember(VirtualNetwork& network, size_t index, const NodeCoreOptions& options,
                     uint64_t seed, Observer& observer)
    : network_(network),
      index_(index),
      options_(with_address(options, Address::loopback(static_cast<uint16_t>(7100 + index)))),
      seed_(seed),
      address_(Address::loopback(static_cast<uint16_t>(7100 + index))),
      observer_(observer) {}

SimMember::~SimMember() = default;

void SimMember::boot() {
  CHECK(!is_up());
  ++boots_;
  turn_began_.reset();
  paused_ = silent_ = draining_ = drained_ = false;
  NodeCoreOptions options = options_;
  random_ = std::make_unique<SeededRandom>(seed_ * 1000 + boots_);
  core_ = std::make_unique<NodeCore>(options, *this, *random_, *this, *this);
  core_->start();
  rearm();
}

void SimMember::crash() {
  CHECK(is_up());
  waiting_.clear();
  turn_began_.reset();
  core_.reset();
  paused_ = false;
  network_.stop(address_);
}

void SimMember::power_off() {
  CHECK(is_up());
  waiting_.clear();
  turn_began_.reset();
  core_.reset();
  paused_ = false;
  silent_ = true;
  network_.power_off(address_);
}

void SimMember::pause() {
  CHECK(is_up() && !paused_);
  paused_ = true;
  network_.pause(address_);
}

void SimMember::resume() {
  if (!paused_) return;
  paused_ = false;
  network_.resume(address_);
  turn_began_.reset();
  std::deque<std::function<void(NodeCore&)>> waiting = std::move(waiting_);
  waiting_.clear();
  for (auto& work : waiting) {
    if (is_up()) work(*core_);
  }
  if (is_up()) rearm();
}

void SimMember::drain() {
  draining_ = true;
  run([this](NodeCore& core) { core.drain([this] { drained_ = true; }); });
}

void SimMember::run(std::function<void(NodeCore&)> work) {
  if (!is_up()) return;
  if (paused_) {
    waiting_.push_back(std::move(work));
    return;
  }
  work(*core_);
  if (is_up()) rearm();
}

void SimMember::run_after(Duration delay, std::function<void(NodeCore&)> work) {
  network_.at(network_.now() + delay, [this, boot = boots_, work = std::move(work)] {
    if (boot == boots_) run(work);
  });
}

void SimMember::begin_turn(Duration length) {
  if (!is_up() || paused_ || turn_began_) return;
  turn_began_ = now();
  network_.at(network_.now() + length, [this, turn = ++turns_, boot = boots_] {
    if (turn == turns_ && boot == boots_ && !paused_) end_turn();
  });
}

void SimMember::end_turn() {
  if (!turn_began_) return;
  turn_began_.reset();
  on_wake();
}

void SimMember::rearm() {
  if (!turn_began_) life_->wake_at(core_->wake_at());
}

void SimMember::on_wake() {
  if (turn_began_) return;
  core_->advance();
  rearm();
}

void SimMember::on_frame(const Peer& from, Frame frame) {
  core_->on_frame(from, std::move(frame));
  rearm();
}

void SimMember::on_link_down(const Peer& peer, LinkDown why) {
  core_->on_link_down(peer, why);
  rearm();
}

void SimMember::on_datagram(MemberId from, const Datagram& datagram) {
  core_->on_datagram(from, datagram);
  rearm();
}

void SimMember::on_probe_failed(const Peer& peer, LinkDown why) {
  core_->on_probe_failed(peer, why);
  rearm();
}

void SimMember::on_probe_answered(const Peer& peer) {
  core_->on_probe_answered(peer);
  rearm();
}

void SimMember::on_new_life(MemberId mid) {
  life_ = &network_.start(Peer{mid, address_});
  life_->attach(*this);
  observer_.on_life(*this, mid);
}

void SimMember::on_session_lost(const SessionId& sid, Position) {
  observer_.on_lost(*this, sid);
}

void SimMember::on_conflict(const SessionId& sid, Position, Position) {
  observer_.on_conflict(*this, sid);
}

}  // namespace understudy::sim
