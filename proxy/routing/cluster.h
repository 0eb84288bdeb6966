// SPDX-License-Identifier: Apache-2.0
// One cluster as one worker sees it: its members, the view in force, the method and the options
// that routing needs. The face of proxy/routing towards proxy/exchange. It opens no connection and
// reads no clock. Owned by the worker; worker thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cookies/affinity.h"
#include "cookies/keyring.h"
#include "cookies/weblogic_view.h"
#include "proxy/routing/affinity_choice.h"
#include "proxy/routing/balancing_method.h"
#include "proxy/routing/member_table.h"
#include "proxy/routing/view_keeper.h"

namespace understudy::routing {

struct ClusterOptions {
  std::string name = {};     // for status and logs: the balancer's name, or the location's path
  std::string cluster = {};  // what signatures cover, see kDefaultClusterName
  std::vector<Seed> seeds = {};
  bool is_dynamic = true;  // DynamicServerList
  Dialect dialect = Dialect::kAuto;
  std::shared_ptr<const Keyring> keyring = {};  // null: no cookie is verified, no view believed
  bool believes_weblogic_lists = false;
  bool ranks_routes = true;  // "first.second" in a route names two members, as WildFly writes it
  WeblogicPort weblogic_port = WeblogicPort::kPlain;
  Duration skip_time = std::chrono::seconds(10);  // MaxSkipTime
  config::Balancing balancing = {};
  bool is_checked = false;                // members have health checks
  std::uint64_t seed = 0;                 // of methods that draw lots; 0: from the system
  std::size_t worker = 0;                 // which of the workers: where its first round begins
  std::size_t members_max = kMembersMax;  // MaxMembers; views beyond it are cut
};

// With kNew `change` says what vanished, and views().shared() is to be shown to the other workers.
struct [[nodiscard]] ViewOutcome {
  ViewVerdict verdict = ViewVerdict::kHeld;
  ViewChange change = {};
};

class Cluster final {
 public:
  explicit Cluster(const ClusterOptions& options);

  // Choosing. See affinity_choice.h.
  Attempt begin(const DecodedAffinity& cookie) const { return choice_.begin(cookie); }
  Choice choose(Attempt& attempt, TimePoint now) { return choice_.choose(attempt, now); }
  Member* beside(const Attempt& attempt, TimePoint now) { return choice_.beside(attempt, now); }
  void take(Attempt& attempt, Member& member, TimePoint now) const {
    choice_.take(attempt, member, now);
  }
  Named named_by(const Attempt& attempt) const { return choice_.named_by(attempt); }
  bool knows_primary(const Attempt& attempt) const { return choice_.knows_primary(attempt); }
  bool has_copy(const Attempt& attempt) const { return choice_.has_copy(attempt); }
  Choice preview(const DecodedAffinity& cookie, TimePoint now) const {
    return choice_.preview(cookie, now);
  }
  bool follow_route(Attempt& attempt, std::uint32_t mid) const {
    return choice_.follow_route(attempt, mid);
  }

  // Seen by exchange and upstream.
  void on_failure(Attempt& attempt, Member& member, Failure failure, TimePoint now);
  // Needed only for a member without has_clean_record().
  void on_success(Member& member, TimePoint now) { table_.on_success(member, now); }
  void on_bad_answer(Member& member, TimePoint now) { table_.on_bad_answer(member, now); }

  // An exchange has begun to ask this member, and later is done with it (which may be gone by then;
  // hence the serial).
  void occupy(Member& member) {
    ++member.busy;
    if (heeds_busy_) choice_.on_busy(member);
  }
  void vacate(std::uint64_t serial);

  // Views. on_view costs a comparison of 16 bytes while the hash is the one in force.
  ViewOutcome on_view(const Member& from, std::string_view header, TimePoint now);
  ViewOutcome on_weblogic_view(const ViewKeeper::WeblogicView& view, TimePoint now);
  ViewOutcome on_shared_view(const ViewKeeper::Shared& shared, TimePoint now);
  // The member to ask for a view on behalf of an exchange that has been waiting for `waiting_for`
  // since `since`; null when it is not yet time (try again at views().ask_due(since)) or no member
  // else is there. The question then counts as asked.
  Member* whom_to_ask(const Member& waiting_for, TimePoint since, TimePoint now);
  // A member that may still hold to the view in force, to be asked for its own because others speak
  // for a rival; null when there is none, or the last question is not a beat old. It then counts as
  // asked.
  Member* whom_to_hear(TimePoint now);

  const ClusterOptions& options() const { return options_; }
  const AffinityCodec& codec() const { return codec_; }
  const ViewKeeper& views() const { return views_; }
  MemberTable& table() { return table_; }
  const MemberTable& table() const { return table_; }

 private:
  ViewOutcome outcome(ViewVerdict verdict, TimePoint now);

  // Constant after construction.
  const ClusterOptions options_;
  const AffinityCodec codec_;

  // Owned; state of the worker thread.
  MemberTable table_;
  std::unique_ptr<BalancingMethod> method_;
  const bool heeds_busy_;
  AffinityChoice choice_;
  ViewKeeper views_;
  std::uint64_t ask_turn_ = 0;  // serial of the member asked last
};

}  // namespace understudy::routing
