// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/joining.h"

#include <algorithm>
#include <utility>

namespace understudy {

Joining::Joining(const Options& options, TimePoint now)
    : options_(options), began_(now), next_request_(now) {
  for (const Address& seed : options.seeds) add_seed(seed);
}

void Joining::add_seed(const Address& address) {
  if (address == options_.self || find(address) || seeds_.size() == kSeedsMax) return;
  seeds_.push_back({.address = address, .asked = {}});
}

Joining::Seed* Joining::find(const Address& address) {
  const auto found = std::find_if(seeds_.begin(), seeds_.end(),
                                  [&](const Seed& seed) { return seed.address == address; });
  return found == seeds_.end() ? nullptr : &*found;
}

std::vector<Peer> Joining::due_requests(TimePoint now) {
  std::vector<Peer> peers;
  if (now < next_request_) return peers;
  next_request_ = now + options_.retry;
  for (Seed& seed : seeds_) {
    peers.push_back({kNobody, seed.address});
    if (seed.asked.size() < kAskedMax) seed.asked.push_back(now);
  }
  if (leader_.mid != kNobody) peers.push_back(leader_);
  return peers;
}

void Joining::on_fresh(const Address& address, TimePoint now) {
  Seed* seed = find(address);
  if (!seed || seed->asked.empty()) return;
  seed->outside_at = seed->asked.front();
  seed->asked.pop_front();
  seed->fresh_at = now;
  seed->foreign.reset();
}

void Joining::on_redirected(const Peer& leader, TimePoint now) {
  group_seen_ = now;
  // The member that answered may be gone next; that there was a leader is known from now on.
  add_seed(leader.address);
  // At once, but not in a circle: the same advice waits for the next round of requests.
  if (leader_.mid != leader.mid) next_request_ = now;
  leader_ = leader;
}

void Joining::on_refused(TimePoint now) {
  group_seen_ = refused_at_ = now;
}

void Joining::on_link_down(const Peer& peer, LinkDown why) {
  if (peer.mid != kNobody) {
    if (peer.mid == leader_.mid) leader_ = {};
    return;
  }
  Seed* seed = find(peer.address);
  if (!seed) return;
  const std::deque<TimePoint> asked = std::exchange(seed->asked, {});
  seed->fresh_at = {};
  seed->foreign.reset();
  switch (why) {
    case LinkDown::kRefused:
      if (!asked.empty()) seed->outside_at = asked.front();
      return;
    case LinkDown::kOtherLife:
      // No life was expected there: it is an address of our own.
      seeds_.erase(seeds_.begin() + (seed - seeds_.data()));
      return;
    case LinkDown::kReset:
    case LinkDown::kOverflow:
      return;
    case LinkDown::kOtherKey:
    case LinkDown::kOtherCluster:
    case LinkDown::kOtherProtocol:
      if (!asked.empty()) seed->outside_at = asked.front();
      seed->foreign = why;
      return;
  }
}

bool Joining::is_within(Duration age, TimePoint when, TimePoint now) const {
  return when != TimePoint{} && now - when < age;
}

bool Joining::is_refused(TimePoint now) const {
  return is_within(options_.found_after, refused_at_, now);
}

bool Joining::has_fresh(TimePoint now) const {
  return std::any_of(seeds_.begin(), seeds_.end(), [&](const Seed& seed) {
    return is_within(options_.found_after, seed.fresh_at, now);
  });
}

bool Joining::is_time(TimePoint now) const {
  const int share = has_fresh(now) ? 2 : 1;
  return now - began_ >= options_.found_after / share &&
         !is_within(options_.found_after, group_seen_, now);
}

// One that answers properly shows that our key and name are right.
bool Joining::is_held_up(TimePoint now) const {
  if (options_.found_alone || has_fresh(now)) return false;
  return std::any_of(seeds_.begin(), seeds_.end(),
                     [](const Seed& seed) { return seed.foreign.has_value(); });
}

std::vector<Joining::Foreign> Joining::foreign(TimePoint now) const {
  std::vector<Foreign> found;
  if (!is_time(now) || !is_held_up(now)) return found;
  for (const Seed& seed : seeds_) {
    if (seed.foreign) found.push_back({seed.address, *seed.foreign});
  }
  return found;
}

bool Joining::should_found(TimePoint now) const {
  if (seeds_.empty()) return true;
  if (!is_time(now) || is_held_up(now)) return false;
  const bool is_patient = now - began_ < options_.silence_patience;
  return std::none_of(seeds_.begin(), seeds_.end(), [&](const Seed& seed) {
    if (is_within(options_.found_after, seed.fresh_at, now) && seed.address < options_.self) {
      return true;
    }
    return is_patient && !is_within(options_.found_after / 2, seed.outside_at, now);
  });
}

}  // namespace understudy
