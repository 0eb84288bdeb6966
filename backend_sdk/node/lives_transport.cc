// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/lives_transport.h"

#include "base/log.h"

namespace understudy {
namespace {

constexpr Duration kBindAgain = std::chrono::milliseconds(100);

}  // namespace

LivesTransport::LivesTransport(EventLoop& loop, Random& random,
                               const ClusterTransportOptions& options,
                               Transport::Receiver& receiver)
    : loop_(loop),
      random_(random),
      receiver_(receiver),
      options_(options),
      change_(TurnTask::of<&LivesTransport::change>(loop, *this)),
      again_(Timer::of<&LivesTransport::change>(loop.timers(), *this)) {}

void LivesTransport::begin_life(MemberId mid) {
  options_.mid = mid;
  if (!current_ && !is_changing_) {
    open();
    return;
  }
  is_changing_ = true;
  kept_.clear();
  probes_kept_.clear();
  // Not before this turn is over: the old one may be the caller of our caller.
  again_.stop();
  change_.run_at_turn_end();
}

void LivesTransport::change() {
  current_ = nullptr;  // gives the address free
  if (!open()) {
    LOG(kError, "a new life cannot begin: {}; trying again", failure_);
    return again_.start_at(loop_.now() + kBindAgain);
  }
  is_changing_ = false;
  for (auto& [peer, frame] : std::exchange(kept_, {})) current_->send(peer, std::move(frame));
  for (const Peer& peer : std::exchange(probes_kept_, {})) current_->probe(peer);
}

bool LivesTransport::open() {
  auto opened = ClusterTransport::open(loop_, random_, options_);
  if (!opened) {
    failure_ = opened.error().detail;
    return false;
  }
  failure_.clear();
  current_ = *std::move(opened);
  current_->attach(*this);
  return true;
}

Result<void> LivesTransport::use_keys(const std::shared_ptr<const Keyring>& keys) {
  if (current_) {
    if (auto used = current_->use_keys(keys); !used) return std::move(used).error();
  }
  options_.keys = keys;
  return {};
}

void LivesTransport::send(const Peer& to, Frame frame) {
  if (current_ && !is_changing_) return current_->send(to, std::move(frame));
  if (kept_.size() < kKeptMax) kept_.emplace_back(to, std::move(frame));
}

void LivesTransport::send_datagram(const Peer& to, const Datagram& datagram) {
  if (current_ && !is_changing_) current_->send_datagram(to, datagram);
}

void LivesTransport::probe(const Peer& peer) {
  if (current_ && !is_changing_) return current_->probe(peer);
  if (probes_kept_.size() < kKeptMax) probes_kept_.push_back(peer);
}

void LivesTransport::forget(const Peer& peer) {
  if (current_ && !is_changing_) current_->forget(peer);
}

void LivesTransport::on_frame(const Peer& from, Frame frame) {
  if (!is_changing_) receiver_.on_frame(from, std::move(frame));
}

void LivesTransport::on_link_down(const Peer& peer, LinkDown why) {
  if (!is_changing_) receiver_.on_link_down(peer, why);
}

void LivesTransport::on_datagram(MemberId from, const Datagram& datagram) {
  if (!is_changing_) receiver_.on_datagram(from, datagram);
}

void LivesTransport::on_probe_failed(const Peer& peer, LinkDown why) {
  if (!is_changing_) receiver_.on_probe_failed(peer, why);
}

void LivesTransport::on_probe_answered(const Peer& peer) {
  if (!is_changing_) receiver_.on_probe_answered(peer);
}

}  // namespace understudy
