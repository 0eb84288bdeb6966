// SPDX-License-Identifier: Apache-2.0
// The links of a VirtualNetwork: TCP as its users see it.
#include <utility>

#include "base/check.h"
#include "tests/simulation/virtual_machine.h"

namespace understudy {

void VirtualNetwork::Life::send(const Peer& to, Frame frame) {
  if (is_over_) return;
  CHECK(to.address != self_.address, "a member sends no frame to itself");
  CHECK(frame.payload.size() <= kFramePayloadMax);
  if (network_.watch_) network_.watch_(self_.mid, to.mid, frame);
  const LinkKey key{index_, to.mid, to.address};
  auto [found, is_new] = network_.links_.try_emplace(key);
  Link& link = found->second;
  if (is_new) {
    link.number = ++network_.link_number_;
    const TimePoint deadline = network_.now_ + network_.weather_.connect_timeout;
    network_.at(network_.now_ + 2 * network_.delay(),
                [network = &network_, key, number = link.number, deadline] {
                  network->connect(key, number, deadline);
                });
  }
  network_.transmit(key, link, std::move(frame));
}

void VirtualNetwork::connect(const LinkKey& key, uint64_t number, TimePoint deadline) {
  const auto found = links_.find(key);
  if (found == links_.end() || found->second.number != number) return;
  Link& link = found->second;
  if (link.is_broken) return;
  const auto& [from, mid, address] = key;
  const Machine& there = machine(address);
  if (!is_reachable(lives_[from]->self_.address, address) || (there.life && there.is_paused)) {
    if (now_ >= deadline) return link_down(key, LinkDown::kReset, Duration::zero());
    return at(now_ + kLookAgain, [this, key, number, deadline] { connect(key, number, deadline); });
  }
  const bool is_lie = refusals_.contains({lives_[from]->self_.address, address});
  if (!there.life || is_lie) return link_down(key, LinkDown::kRefused, Duration::zero());
  if (!accepts(lives_[from]->self_.address, address)) {
    return link_down(key, LinkDown::kOtherKey, Duration::zero());
  }
  if (mid != kNobody && there.life->self_.mid != mid) {
    return link_down(key, LinkDown::kOtherLife, Duration::zero());
  }
  link.to = there.life;
  for (auto& waiting : link.frames) {
    waiting.arrival = link.last_arrival = std::max(link.last_arrival, now_ + delay());
  }
  deliver(key, number);
}

void VirtualNetwork::transmit(const LinkKey& key, Link& link, Frame frame) {
  if (link.is_broken) return;
  link.bytes += kFrameHeaderBytes + frame.payload.size();
  if (link.bytes > weather_.link_queue_bytes_max) {
    return link_down(key, LinkDown::kOverflow, Duration::zero());
  }
  const Duration extra = happens(weather_.loss) ? weather_.retransmission : Duration::zero();
  link.last_arrival = std::max(link.last_arrival, now_ + delay() + extra);
  link.frames.push_back({link.last_arrival, std::move(frame)});
  if (link.to && !link.delivery_is_scheduled) {
    link.delivery_is_scheduled = true;
    at(link.frames.front().arrival, [this, key, number = link.number] { deliver(key, number); });
  }
}

// Delivers the frames that have arrived, in order, and looks again for the next.
void VirtualNetwork::deliver(const LinkKey& key, uint64_t number) {
  const auto found = links_.find(key);
  if (found == links_.end() || found->second.number != number) return;
  Link& link = found->second;
  if (link.is_broken) return;
  link.delivery_is_scheduled = false;
  const Life& from = *lives_[std::get<0>(key)];
  if (link.frames.empty()) {
    link.blocked_since = TimePoint::max();
    if (from.is_over_) links_.erase(found);
    return;
  }
  TimePoint next = link.frames.front().arrival;
  if (next <= now_) {
    const Address& there = link.to->self_.address;
    if (passes(from.self_.address, there, link.unacknowledged)) {
      if (link.to->is_over_) return link_down(key, LinkDown::kReset, Duration::zero());
      const bool comes_back = is_reachable(from.self_.address, there);
      link.unacknowledged = comes_back ? 0 : link.unacknowledged + 1;
      if (comes_back) link.blocked_since = TimePoint::max();
      Frame frame = std::move(link.frames.front().frame);
      link.frames.pop_front();
      // A paused process has not consumed it: it goes on to fill the queue.
      run_in(*link.to, [this, key, number, peer = from.self_, frame](Process& process) {
        if (const auto it = links_.find(key); it != links_.end() && it->second.number == number) {
          it->second.bytes -= kFrameHeaderBytes + frame.payload.size();
        }
        process.on_frame(peer, frame);
      });
      next = now_;
    } else {
      if (link.blocked_since == TimePoint::max()) link.blocked_since = now_;
      if (now_ - link.blocked_since >= weather_.link_timeout) {
        return link_down(key, LinkDown::kReset, Duration::zero());
      }
      next = now_ + kLookAgain;
    }
  }
  // The process may have sent on this link, or forgotten it, while it handled the frame.
  const auto again = links_.find(key);
  if (again == links_.end() || again->second.number != number) return;
  if (again->second.delivery_is_scheduled || again->second.is_broken) return;
  again->second.delivery_is_scheduled = true;
  if (!again->second.frames.empty() && next == now_) {
    next = std::max(now_, again->second.frames.front().arrival);
  }
  at(next, [this, key, number] { deliver(key, number); });
}

// From now on the link swallows what is sent; the sender learns it a little later.
void VirtualNetwork::link_down(const LinkKey& key, LinkDown why, Duration after) {
  const auto found = links_.find(key);
  Link& link = found->second;
  if (link.is_broken) return;
  link.is_broken = true;
  link.frames.clear();
  at(now_ + after, [this, key, number = link.number, why] {
    const auto it = links_.find(key);
    if (it == links_.end() || it->second.number != number) return;
    links_.erase(it);
    const auto& [from, mid, address] = key;
    run_in(*lives_[from],
           [peer = Peer{mid, address}, why](Process& process) { process.on_link_down(peer, why); });
  });
}

void VirtualNetwork::Life::forget(const Peer& peer) {
  network_.links_.erase(LinkKey{index_, peer.mid, peer.address});
}

}  // namespace understudy
