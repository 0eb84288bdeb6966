// SPDX-License-Identifier: Apache-2.0
// Recovery: finds sessions that no cookie leads to, by asking all members, and serves again what a
// dead member took with it but for a copy that was passed over (PROTOCOL 2.4). It recovers only
// when that member is proven dead, all others have answered in its name, and a quorum confirms the
// view. Modelled in backend_sdk/models/recovery.pml. Owned by Sessions, loop thread only.
#pragma once

#include "backend_sdk/sessions/disputes.h"
#include "backend_sdk/sessions/layer.h"
#include "backend_sdk/sessions/lookups.h"
#include "backend_sdk/sessions/turnover.h"
#include "backend_sdk/sessions/waiting.h"

namespace understudy {

class Recovery final : private Lookups::Members {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // The request waited for this answer.
    virtual void on_looked_up(WaitingId waiting, const Lookups::Finished& finished) = 0;
  };
  Recovery(SessionLayer& layer, Turnover& turnover, Parking& parking, Disputes& disputes)
      : layer_(layer),
        turnover_(turnover),
        parking_(parking),
        disputes_(disputes),
        lookups_(*this) {}
  void set_owner(Owner& owner) { owner_ = &owner; }  // once, before anything else

  // False: no more questions can be asked now. `waiting` 0: for no request. `primary`: the
  // cookie's, by which another group may be known to have it.
  bool ask(const SessionId& sid, WaitingId waiting, MemberId primary = kNobody);
  FoundPayload on_lookup(const LookupPayload& lookup);
  void on_found(MemberId from, const FoundPayload& found);

  // Sends what has been answered on its way, then asks for what no client asks for now: it shall
  // have a second copy again.
  void advance();
  TimePoint wake_at() const { return lookups_.wake_at(); }
  void end_life() { lookups_.clear(); }

  // This client has been shown more than the copy had that was left.
  static bool has_seen_more(const SessionToken& token, const Stay& stay);
  // This client does not know yet that its session was recovered.
  static bool is_recovered(const SessionToken& token, const Stay& stay);
  static bool is_outdated(const Waiting& waiting, const Stay& stay);
  // When the request came to the proxy: at the earliest, and at the latest. What it had waited
  // before this member read it is not known; one without Understudy-Waited came now.
  static TimePoint began(const BeginRequest& request, TimePoint arrived);
  static TimePoint came(const BeginRequest& request, TimePoint arrived);

 private:
  // Lookups::Members.
  Fate fate_of(MemberId member) const override { return layer_.replicator->fate(member); }
  MemberId self() const override { return layer_.self; }
  bool is_quorum(const std::set<MemberId>& members) const override {
    return layer_.host.is_quorum(members);
  }
  Search::Finding found_groups() const override { return layer_.host.found_groups(); }

  MemberId claimable_from(const SessionId& sid) const;
  std::vector<MemberId> members_to_ask(MemberId instead_of) const;
  Lookups::View view() const;
  void finish();
  void settle_passed_over(const Lookups::Finished& finished);
  void recover(const SessionId& sid);
  void recover_in_background();
  void ask_about_disputes();

  SessionLayer& layer_;
  Turnover& turnover_;
  Parking& parking_;
  Disputes& disputes_;
  Owner* owner_ = nullptr;
  Lookups lookups_;
  TimePoint recover_after_{};
};

}  // namespace understudy
