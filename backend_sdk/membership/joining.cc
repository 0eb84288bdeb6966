// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/joining.h"

#include <algorithm>

namespace understudy {

Joining::Joining(const Options& options, TimePoint now)
    : options_(options), began_(now), next_request_(now) {
  std::vector<Address> seeds;
  for (const Address& seed : options.seeds) {
    const bool is_known = std::find(seeds.begin(), seeds.end(), seed) != seeds.end();
    if (seed != options.self && !is_known && seeds.size() < kSeedsMax) seeds.push_back(seed);
  }
  options_.seeds = std::move(seeds);
}

std::vector<Peer> Joining::due_requests(TimePoint now) {
  std::vector<Peer> peers;
  if (now < next_request_) return peers;
  next_request_ = now + options_.retry;
  for (const Address& seed : options_.seeds) peers.push_back({kNobody, seed});
  if (leader_.mid != kNobody) peers.push_back(leader_);
  return peers;
}

void Joining::on_fresh(const Address& seed, TimePoint now) {
  const auto& seeds = options_.seeds;
  if (std::find(seeds.begin(), seeds.end(), seed) != seeds.end()) fresh_[seed] = now;
}

void Joining::on_redirected(const Peer& leader, TimePoint now) {
  group_seen_ = now;
  // At once, but not in a circle: the same advice waits for the next round of requests.
  if (leader_.mid != leader.mid) next_request_ = now;
  leader_ = leader;
}

void Joining::on_refused(TimePoint now) {
  group_seen_ = now;
}

void Joining::on_unreachable(const Peer& peer) {
  if (peer.mid == leader_.mid) leader_ = {};
  if (peer.mid == kNobody) fresh_.erase(peer.address);
}

bool Joining::is_recent(TimePoint when, TimePoint now) const {
  return when != TimePoint{} && now - when < options_.found_after;
}

bool Joining::should_found(TimePoint now) const {
  if (options_.seeds.empty()) return true;
  if (now - began_ < options_.found_after || is_recent(group_seen_, now)) return false;
  return std::none_of(fresh_.begin(), fresh_.end(), [&](const auto& entry) {
    return entry.first < options_.self && is_recent(entry.second, now);
  });
}

}  // namespace understudy
