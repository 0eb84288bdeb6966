// SPDX-License-Identifier: Apache-2.0
// Membership::Core: what stands behind membership.h. It owns the parts of this folder and what is
// common to them: one call after the other, which view is in force, and what the listener is told.
// Included by core*.cc only. core.cc: calls, time, the listener, who gets which message;
// core_view.cc: views come into force and are passed on.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backend_sdk/membership/electing.h"
#include "backend_sdk/membership/losses.h"
#include "backend_sdk/membership/meeting.h"
#include "backend_sdk/membership/membership.h"
#include "backend_sdk/membership/outlook.h"
#include "backend_sdk/membership/reception.h"
#include "backend_sdk/membership/standing.h"
#include "backend_sdk/membership/watch.h"

namespace understudy {

class Membership::Core final : private Group {
 public:
  Core(const MembershipOptions& options, const Clock& clock, Random& random, Transport& transport,
       Listener& listener);

  // The calls of membership.h, each inside a Turn.
  void start();
  void leave();
  void advance();
  void set_operator_state(OperatorState state);
  void report_load(uint16_t load, uint32_t sessions) { watch_.report_load(load, sessions); }
  void ask_for_view_of(const Peer& of);
  void search_groups();
  Search::Finding found_groups() const { return meeting_.found(clock_.now()); }
  void on_sign_of_life(MemberId mid);
  void on_frame(const Peer& from, const Frame& frame);
  void on_link_down(const Peer& peer, LinkDown why);
  void on_datagram(MemberId from, const Datagram& datagram);
  void on_probe_failed(const Peer& peer, LinkDown why);
  void on_probe_answered(const Peer& peer);

  TimePoint wake_at() const { return promised_; }
  MemberId mid() const { return options_.self.mid; }
  const Outlook& outlook() const override { return outlook_; }
  const Fates& fates() const { return losses_.fates(); }
  bool is_admitted() const override { return phase_ == Phase::kMember; }
  bool is_leader() const { return standing_.writer() != nullptr; }
  const std::string& obstacle() const { return reception_.obstacle(); }
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
  void advance_joining();
  void found_group();
  void on_view_message(const Peer& from, const ViewMessage& message, const Frame& frame);
  bool dispatch(const Peer& from, const Frame& frame);
  bool dispatch_about(const Peer& from, const Frame& frame);

  // Group. core_view.cc
  void adopt(MemberView view) override;
  void lead(uint32_t term) override;
  void publish(bool is_urgent) override;
  void expel(const char* why) override;
  void send_view(const Peer& to, FrameType type) override;
  void ask_for_view(const Peer& of) override;
  void tell(const Peer& peer, News news) override { news_.emplace_back(peer, news); }
  void on_lost() override { electing_.consider(); }
  void on_found() override;

  void on_view_ask(const Peer& from, const ViewAskMessage& message);
  void on_view_alike(const Peer& from, const ViewMessage& message);
  void confirm();

  // Constant after construction; borrowed.
  const MembershipOptions options_;
  const Clock& clock_;
  Listener& listener_;

  // The turn.
  int depth_ = 0;
  TimePoint promised_ = TimePoint::max();
  std::vector<std::pair<Peer, News>> news_;
  std::optional<MemberView> announced_;  // the last view the listener saw
  bool is_expelled_ = false;

  Phase phase_ = Phase::kIdle;
  int ticks_ = 0;

  Standing standing_;
  Losses losses_;
  Watch watch_;
  Electing electing_;
  Reception reception_;
  Meeting meeting_;
  Outlook outlook_;
};

}  // namespace understudy
