// SPDX-License-Identifier: Apache-2.0
// Detector: the suspicions of all members that this one watches, and the nonces by which answers
// to probe rounds find their round. It sends nothing: advance() returns orders for its owner
// (membership's core) to carry out. Time is handed in.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "backend_sdk/membership/health.h"
#include "backend_sdk/membership/suspicion.h"
#include "backend_sdk/transport/transport.h"
#include "base/random.h"

namespace understudy {

class Detector final {
 public:
  static constexpr size_t kHelpersMax = 3;  // questions to third members in a round

  struct Order {
    // kRound: ping it, ask helpers to ping it, probe it. kDead: silent, not proven.
    Suspicion::Step step;
    Peer peer;
    uint64_t nonce = 0;  // of a round
  };

  // Both are borrowed and outlive the detector.
  Detector(Health& health, Random& random) : health_(health), random_(random) {}

  // Beats are expected from now on. Who is watched already stays as it is.
  void watch(const Peer& peer, TimePoint now);
  // Sends no beats, or its word is needed now: probe rounds begin at once.
  void accuse(const Peer& peer, TimePoint now);
  void unwatch(MemberId mid);
  void clear();
  bool is_watched(MemberId mid) const { return watched_.contains(mid); }

  // Any authentic sign of life. True when it was suspected (or dead) until now.
  bool heard(MemberId mid, TimePoint now);
  void forgive(Duration time, TimePoint now);
  // A pong, ours or a helper's: whose life it proves. nullopt: no round of ours.
  std::optional<MemberId> on_pong(uint64_t nonce);
  void on_helpers_asked(uint64_t nonce);
  // A helper said anything about the round: it is not our own network that is ill.
  void on_helper_answered(uint64_t nonce);

  // Empty while health forbids to judge.
  std::vector<Order> advance(TimePoint now);
  TimePoint due() const;
  std::set<MemberId> suspects() const;
  bool was_heard_within(MemberId mid, Duration time, TimePoint now) const;

 private:
  struct Watched {
    Peer peer;
    Suspicion suspicion;
    std::set<uint64_t> nonces{};  // of the rounds that run
    bool helpers_asked = false;
    bool helpers_answered = false;
  };
  Watched* by_nonce(uint64_t nonce);
  void close_round(Watched& watched, TimePoint now);

  Health& health_;
  Random& random_;
  std::map<MemberId, Watched> watched_;
};

}  // namespace understudy
