// SPDX-License-Identifier: Apache-2.0
// Suspicion: the arithmetic between a missed beat and DEAD, for one peer (PROTOCOL section 3).
// Pure: it is told the time and what was heard, and says what to do next. Proofs of death do not
// pass through here. Owned by detector.h.
//
// With T the interval and a quarter of it as allowance for a late beat, counted from the last sign
// of life: 2 1/4 T two beats are missed: SUSPECT, first probe round; half a T later the second
// round; half a T later, three beats being missed and both rounds unanswered: DEAD.
#pragma once

#include "base/clock.h"

namespace understudy {

class Suspicion final {
 public:
  enum class Step { kNone, kSuspect, kRound, kDead };
  static constexpr int kMissesToSuspect = 2;
  static constexpr int kMissesToDie = 3;
  static constexpr int kRounds = 2;

  // As if a beat had just been heard.
  explicit Suspicion(TimePoint now) : heard_(now) {}
  // The member sends no beats, and we wait for it: the first round is due at once.
  static Suspicion accused(TimePoint now, Duration interval);

  // A beat, an answer to a round, any authentic message.
  void heard(TimePoint now);
  // We did not listen for `time` until now: neither the silence nor a running round counts it.
  void forgive(Duration time, TimePoint now);
  // The next step that is due, kNone if there is none. Call it until then. kDead comes once, and
  // no step follows it until something is heard.
  Step advance(TimePoint now, Duration interval);
  // When advance() has something to say; max() after kDead.
  TimePoint due(Duration interval) const;

  bool is_suspect() const { return is_suspect_; }
  bool is_dead() const { return is_dead_; }
  TimePoint last_heard() const { return heard_; }

 private:
  TimePoint missed(int beats, Duration interval) const;

  TimePoint heard_;
  TimePoint round_began_{};
  int rounds_ = 0;
  bool is_suspect_ = false;
  bool is_dead_ = false;
};

}  // namespace understudy
