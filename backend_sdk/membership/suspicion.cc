// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/suspicion.h"

#include <algorithm>

namespace understudy {

Suspicion Suspicion::accused(TimePoint now, Duration interval) {
  Suspicion suspicion(now);
  suspicion.heard_ = now - kMissesToSuspect * interval - interval / 4;
  return suspicion;
}

void Suspicion::heard(TimePoint now) {
  *this = Suspicion(std::max(now, heard_));
}

void Suspicion::forgive(Duration time, TimePoint now) {
  heard_ = std::min(heard_ + time, now);
  if (rounds_ > 0) round_began_ = std::min(round_began_ + time, now);
}

TimePoint Suspicion::missed(int beats, Duration interval) const {
  return heard_ + beats * interval + interval / 4;
}

TimePoint Suspicion::due(Duration interval) const {
  if (is_dead_) return TimePoint::max();
  if (!is_suspect_) return missed(kMissesToSuspect, interval);
  if (rounds_ == 0) return heard_;
  // However late we are ourselves, every round is given its full time.
  const TimePoint round_ended = round_began_ + interval / 2;
  if (rounds_ < kRounds) return round_ended;
  return std::max(round_ended, missed(kMissesToDie, interval));
}

Suspicion::Step Suspicion::advance(TimePoint now, Duration interval) {
  if (now < due(interval)) return Step::kNone;
  if (!is_suspect_) {
    is_suspect_ = true;
    return Step::kSuspect;
  }
  if (rounds_ < kRounds) {
    ++rounds_;
    round_began_ = now;
    return Step::kRound;
  }
  is_dead_ = true;
  return Step::kDead;
}

}  // namespace understudy
