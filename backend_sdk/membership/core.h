// SPDX-License-Identifier: Apache-2.0
// Membership::Core: what stands behind membership.h. It composes the small parts of this folder and
// holds the one thing that is common to them: which view is in force and what follows from a new
// one. Included by core*.cc only. core.cc: calls, time, listeners; core_join.cc: until admission;
// core_view.cc: views, leading and following; core_detect.cc: beats, probes, deaths; core_elect.cc:
// the leader is lost.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "backend_sdk/membership/detector.h"
#include "backend_sdk/membership/election.h"
#include "backend_sdk/membership/health.h"
#include "backend_sdk/membership/joining.h"
#include "backend_sdk/membership/membership.h"
#include "backend_sdk/membership/messages.h"
#include "backend_sdk/membership/relay.h"
#include "backend_sdk/membership/view_writer.h"
#include "backend_sdk/wire/beat.h"

namespace understudy {

class Membership::Core final {
 public:
  Core(const MembershipOptions& options, const Clock& clock, Random& random, Transport& transport,
       Listener& listener);

  // The calls of membership.h, each inside a Turn.
  void start();
  void leave();
  void advance();
  void set_operator_state(OperatorState state);
  void report_load(uint16_t load, uint32_t sessions);
  void on_frame(const Peer& from, const Frame& frame);
  void on_link_down(const Peer& peer, LinkDown why);
  void on_datagram(MemberId from, const Datagram& datagram);
  void on_probe_failed(const Peer& peer, LinkDown why);
  void on_probe_answered(const Peer& peer);

  TimePoint wake_at() const { return promised_; }
  MemberId mid() const { return options_.self.mid; }
  const MemberView& view() const { return shown_; }
  bool is_admitted() const { return phase_ == Phase::kMember; }
  bool is_leader() const { return writer_.has_value(); }
  bool has_quorum() const;
  std::vector<Address> rejoin_seeds() const;

 private:
  enum class Phase { kIdle, kJoining, kMember, kGone };

  // One call from outside: takes the time at its begin, draws the consequences at its end.
  class Turn final {
   public:
    explicit Turn(Core& core);
    ~Turn();
    Turn(const Turn&) = delete;

   private:
    Core& core_;
  };

  // core.cc
  void conclude();
  void tell_listener();
  TimePoint next_wake() const;
  void tick();
  bool is_me(MemberId mid) const { return mid == options_.self.mid; }
  std::vector<Peer> other_usable() const;
  // Nothing is sent to the own address: an earlier life of ours may still be listed there.
  void tell(const Peer& to, FrameType type, std::string payload = {});
  // At most one thing of this kind to this member in a T.
  bool may_repeat(MemberId mid);

  // core_join.cc
  void advance_joining();
  void found_group();
  void on_join(const Peer& from, const JoinMessage& message);
  void on_redirect(const Peer& from, const RedirectMessage& message);
  void on_join_no(const JoinNoMessage& message);
  bool is_address_free_for(const Member& joiner);

  // core_view.cc
  void adopt(MemberView view);
  void lead(uint32_t term);
  void publish(bool is_urgent);
  void send_view(const Peer& to, FrameType type = FrameType::kViewPush);
  void ask_for_view(const Peer& of);
  void on_view_message(const Peer& from, const ViewMessage& message, const Frame& frame);
  void on_view_alike(const Peer& from, const ViewMessage& message);
  void on_view_ask(const Peer& from, const ViewAskMessage& message);
  void note_version(const Peer& of, uint64_t version, uint64_t hash);
  void announce_deaths(const MemberView& before);
  void watch_for_view();
  void bury_own_earlier_lives();
  void refresh_shown();
  void expel(const char* why);
  void look_for_others();
  bool outranks(const GroupId& other) const;

  // core_detect.cc
  void send_beats();
  void send_about(DatagramType type, const Peer& to, uint64_t echo, MemberId target);
  Beat beat_now() const;
  void on_beat(const Member& from, const Beat& beat);
  void on_ping_for(const Member& from, const Beat& beat);
  void advance_detector();
  void run_round(const Detector::Order& order);
  std::vector<Peer> helpers_for(MemberId target);
  void heard(MemberId mid);
  void on_proof(MemberId mid, Liveness liveness, const char* why);
  bool is_in_touch(MemberId mid) const;
  void on_silent_death(const Peer& peer);
  void bury_the_silent();
  void announce(const Peer& peer, bool is_proven);

  // core_elect.cc
  bool is_leader_lost() const;
  void consider_election();
  void end_election();
  void stand(const Member& leader);
  void wait_for(const Peer& candidate);
  std::set<MemberId> voters() const;
  void on_elect(const Peer& from, const ElectMessage& message);
  void on_elect_ok(const Peer& from, const ElectOkMessage& message);
  void decide_ballot();
  std::optional<Peer> standing_in_the_way(const Member& candidate) const;

  // Constant after construction; borrowed.
  const MembershipOptions options_;
  const Clock& clock_;
  Random& random_;
  Transport& transport_;
  Listener& listener_;

  // The turn.
  TimePoint now_;
  int depth_ = 0;
  TimePoint promised_ = TimePoint::max();
  std::vector<std::pair<Peer, bool>> deaths_to_tell_;
  std::optional<MemberView> told_;  // the last view the listener saw
  bool is_expelled_ = false;

  Phase phase_ = Phase::kIdle;
  std::optional<Joining> joining_;
  std::vector<Address> met_;  // addresses of an older group

  MemberView view_;  // in force
  uint64_t view_hash_ = 0;
  MemberView shown_;                  // with suspicions
  std::optional<ViewWriter> writer_;  // while leading
  std::set<MemberId> to_welcome_;

  Health health_;
  Detector detector_;
  Relay relay_;
  Election election_;
  TimePoint next_beat_ = TimePoint::max();
  TimePoint next_stand_ = TimePoint::max();
  int ticks_ = 0;
  size_t next_seed_ = 0;

  // Held for lost before the view says so.
  std::map<MemberId, Evidence> lost_;
  std::map<MemberId, bool> announced_;
  std::set<MemberId> reported_suspects_;  // by the leader's last beat
  std::set<MemberId> beaten_suspects_;    // as our own last beats said
  std::map<MemberId, TimePoint> repeated_at_;
  std::map<MemberId, uint16_t> refuted_;  // while leading: the count in each member's last beat
  std::optional<std::pair<Peer, ElectMessage>> ballot_;

  OperatorState operator_state_;
  uint16_t refute_ = 0;
  uint16_t load_ = 0;
  uint32_t sessions_ = 0;
};

}  // namespace understudy
