// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/detector.h"

#include <algorithm>

namespace understudy {

void Detector::watch(const Peer& peer, TimePoint now) {
  watched_.try_emplace(peer.mid, Watched{.peer = peer, .suspicion = Suspicion(now)});
}

void Detector::accuse(const Peer& peer, TimePoint now) {
  Watched accused{.peer = peer, .suspicion = Suspicion::accused(now, health_.stretched())};
  const auto [found, is_new] = watched_.try_emplace(peer.mid, accused);
  if (!is_new && !found->second.suspicion.is_suspect()) found->second = accused;
}

void Detector::unwatch(MemberId mid) {
  watched_.erase(mid);
}

void Detector::clear() {
  watched_.clear();
}

bool Detector::heard(MemberId mid, TimePoint now) {
  const auto found = watched_.find(mid);
  if (found == watched_.end()) return false;
  Watched& watched = found->second;
  const bool was_suspect = watched.suspicion.is_suspect();
  watched.suspicion.heard(now);
  watched.nonces.clear();
  watched.helpers_asked = false;
  return was_suspect;
}

void Detector::forgive(Duration time, TimePoint now) {
  for (auto& [mid, watched] : watched_) watched.suspicion.forgive(time, now);
}

Detector::Watched* Detector::by_nonce(uint64_t nonce) {
  for (auto& [mid, watched] : watched_) {
    if (watched.nonces.contains(nonce)) return &watched;
  }
  return nullptr;
}

std::optional<MemberId> Detector::on_pong(uint64_t nonce) {
  const Watched* watched = by_nonce(nonce);
  if (!watched) return std::nullopt;
  return watched->peer.mid;
}

void Detector::on_helpers_asked(uint64_t nonce) {
  if (Watched* watched = by_nonce(nonce)) watched->helpers_asked = true;
}

void Detector::on_helper_answered(uint64_t nonce) {
  if (Watched* watched = by_nonce(nonce)) watched->helpers_answered = true;
}

// All members silent at once: more likely the fault is ours.
void Detector::close_round(Watched& watched, TimePoint now) {
  if (watched.helpers_asked) health_.on_round_over(watched.helpers_answered, now);
  watched.helpers_asked = watched.helpers_answered = false;
}

std::vector<Detector::Order> Detector::advance(TimePoint now) {
  std::vector<Order> orders;
  if (!health_.may_judge(now)) return orders;
  for (auto& [mid, watched] : watched_) {
    for (;;) {
      const auto step = watched.suspicion.advance(now, health_.stretched());
      if (step == Suspicion::Step::kNone) break;
      Order order{.step = step, .peer = watched.peer};
      if (step != Suspicion::Step::kSuspect) close_round(watched, now);
      if (step == Suspicion::Step::kRound) {
        order.nonce = random_.next();
        watched.nonces.insert(order.nonce);
      }
      orders.push_back(order);
    }
  }
  return orders;
}

TimePoint Detector::due() const {
  TimePoint due = TimePoint::max();
  for (const auto& [mid, watched] : watched_) {
    due = std::min(due, watched.suspicion.due(health_.stretched()));
  }
  return due == TimePoint::max() ? due : std::max(due, health_.quiet_until());
}

std::set<MemberId> Detector::suspects() const {
  std::set<MemberId> suspects;
  for (const auto& [mid, watched] : watched_) {
    if (watched.suspicion.is_suspect()) suspects.insert(mid);
  }
  return suspects;
}

bool Detector::was_heard_within(MemberId mid, Duration time, TimePoint now) const {
  const auto found = watched_.find(mid);
  return found != watched_.end() && now - found->second.suspicion.last_heard() <= time;
}

}  // namespace understudy
