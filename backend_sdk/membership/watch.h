// SPDX-License-Identifier: Apache-2.0
// Watch: beats, and the probe rounds for those whose beats are missing. The leader watches all that
// have come to its group, all others the leader. What silence means is for losses.h to say. Owned
// by membership's core.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "backend_sdk/membership/detector.h"
#include "backend_sdk/membership/group.h"
#include "backend_sdk/membership/health.h"
#include "backend_sdk/membership/losses.h"
#include "backend_sdk/membership/relay.h"
#include "backend_sdk/membership/standing.h"
#include "backend_sdk/wire/beat.h"

namespace understudy {

class Watch final {
 public:
  Watch(Standing& standing, Group& group, Losses& losses);

  // At the begin of each call: the time we did not listen is no member's silence.
  void on_call(TimePoint promised);
  bool is_beat_due() const { return standing_.now() >= next_beat_; }
  TimePoint due() const;
  void advance();
  void beat();       // and the next one a T later
  void beat_soon();  // in this turn of the loop, or in the next
  void send_beats();

  void set_operator_state(OperatorState state) { operator_state_ = state; }
  OperatorState operator_state() const { return operator_state_; }
  void report_load(uint16_t load, uint32_t sessions);
  void set_voted_term(uint32_t term) { voted_term_ = term; }

  void on_datagram(MemberId from, const Datagram& datagram);
  // Any frame, any answer to a probe.
  void heard(MemberId mid) { detector_.heard(mid, standing_.now()); }

  // A view came into force.
  void on_view(bool is_new_leader);
  void watch_all();
  void forget_reports() { reported_suspects_.clear(); }
  // Sends no beats to us, and its word is needed now.
  void accuse(const Peer& peer);

  bool may_judge() const { return health_.may_judge(standing_.now()); }
  bool has_last_view() const { return leader_version_ <= standing_.view().version(); }
  bool was_heard_within(MemberId mid, Duration time, TimePoint now) const {
    return detector_.was_heard_within(mid, time, now);
  }
  std::set<MemberId> suspects() const { return detector_.suspects(); }
  bool is_reported_suspect(MemberId mid) const { return reported_suspects_.contains(mid); }

 private:
  Beat beat_now() const;
  void send_about(DatagramType type, const Peer& to, uint64_t echo, MemberId target);
  void on_beat(const Member& from, const Beat& beat);
  void on_ping_for(const Member& from, const Beat& beat);
  void note_version(const Peer& of, const Beat& beat);
  void run_round(const Detector::Order& order);
  std::vector<Peer> helpers_for(MemberId target);

  Standing& standing_;
  Group& group_;
  Losses& losses_;

  Health health_;
  Detector detector_;
  Relay relay_;
  TimePoint next_beat_ = TimePoint::max();
  uint64_t leader_version_ = 0;           // by the leader's last beat
  std::set<MemberId> reported_suspects_;  // the same
  std::set<MemberId> beaten_suspects_;    // as our own last beats said
  std::map<MemberId, uint16_t> refuted_;  // while leading: the count in each member's last beat

  OperatorState operator_state_;
  uint16_t refute_ = 0;
  uint16_t load_ = 0;
  uint32_t sessions_ = 0;
  uint32_t voted_term_ = 0;
};

}  // namespace understudy
