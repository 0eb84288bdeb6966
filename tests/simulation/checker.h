// SPDX-License-Identifier: Apache-2.0
// Checker: the invariants of PROTOCOL section 4, asserted from the outside: on what each client is
// shown, in which order, on what all members believe at one instant and on who answers, and on the
// votes and acknowledgements that they send each other. It knows no channel mechanics. Keeps the
// first violations as text.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "backend_sdk/node_core.h"
#include "backend_sdk/replication/payloads.h"
#include "tests/simulation/sim_member.h"

namespace understudy::sim {

// Attributes that requests raise by one without exclusivity, each by one request at a time.
class Counters final {
 public:
  uint32_t operator[](size_t number) const { return number < values_.size() ? values_[number] : 0; }
  size_t size() const { return values_.size(); }
  void set(size_t number, uint32_t value) {
    if (number >= values_.size()) values_.resize(number + 1);
    values_[number] = value;
  }
  void raise(size_t number) { set(number, (*this)[number] + 1); }

 private:
  std::vector<uint32_t> values_;
};

// What a response shows of the session.
struct Shown {
  std::vector<RequestId> log;  // every request that appended itself, in order
  Counters counters;
};

// One client's session as the client knows it, from the first response to logout or loss.
class ClientHistory final {
 public:
  // What a request that starts now must at least be shown.
  struct Floor {
    size_t log_size = 0;
    Counters counters;
  };
  const Floor& floor() const { return floor_; }
  // One more request may raise this counter by one.
  void on_started(size_t counter) { started_.raise(counter); }
  // What was shown last is gone, and this was said.
  void go_back();
  // Empty: fine. `floor`: as it was when the request was started.
  std::string on_response(const Shown& shown, const Floor& floor);
  bool contains(RequestId request) const { return seen_.contains(request); }

 private:
  Floor floor_;
  std::vector<RequestId> longest_;
  std::set<RequestId> seen_;
  Counters started_;
};

// S7 and S8 as the network sees them, over all members and lives of a run.
class VoteWatch final {
 public:
  // Empty: fine.
  std::string on_sent(MemberId from, const Frame& frame);

 private:
  struct Channel {
    ChannelParties parties;
    MemberId primary_vote = kNobody;
    MemberId secondary_vote = kNobody;
    MemberId witness_vote = kNobody;
    bool secondary_has_won = false;  // by its own word
  };
  std::string on_vote(Channel& channel, MemberId from, MemberId winner);
  std::map<ChannelId, Channel> channels_;
};

// S10: which member has answered for a session, and up to where. Another one goes on above that.
class Owners final {
 public:
  // Empty: fine.
  std::string on_answered(const SessionId& sid, MemberId owner, Position position);
  void on_renamed(const SessionId& old_id, const SessionId& new_id);
  void forget(const SessionId& sid) { last_.erase(sid); }
  // kNobody: not known.
  MemberId owner(const SessionId& sid) const;

 private:
  struct Last {
    MemberId owner = kNobody;
    Position position;
  };
  std::map<SessionId, Last> last_;
};

class Checker final {
 public:
  using Members = std::vector<std::unique_ptr<SimMember>>;
  // Asked when two members answer for one session: is it permitted now (no witness, and a cut)?
  using MayDouble = std::function<bool()>;

  explicit Checker(bool one_fault_at_a_time) : one_fault_at_a_time_(one_fault_at_a_time) {}

  void set_may_double(MayDouble may_double) { may_double_ = std::move(may_double); }
  void violation(TimePoint now, const std::string& text);
  const std::vector<std::string>& violations() const { return violations_; }
  bool is_clean() const { return violations_.empty(); }

  void on_sent(TimePoint now, MemberId from, MemberId to, const Frame& frame);
  // S1, S6 and S9 over the beliefs of all members at one instant.
  void compare_beliefs(TimePoint now, const Members& members);
  // S9 and S10 when a request begins on a session that exists.
  void on_begun(TimePoint now, SimMember& member, const BeginOutcome& begun,
                const Members& members);
  // S9 (R1) when a request that has only read is answered: under a lease, so by one member.
  void on_read(TimePoint now, SimMember& member, const BeginOutcome& begun, const Members& members);
  // In a member; its client may never hear of it.
  void on_committed(const SessionId& sid, const SessionId& new_id);
  void on_logging_out(const SessionId& sid) { logging_out_.insert(sid); }
  // A logout of it has begun, whether its client knows that or not.
  bool may_have_ended(const SessionId& sid) const { return is_any_of(logging_out_, sid); }
  // By the word of an answer that has left.
  void on_renamed(const SessionId& old_id, const SessionId& new_id);
  // Answered by this member, where the session was at `begun` before and at `written` then, and no
  // other has the change; where there is no witness another one may go on without it.
  void on_written_alone(MemberId member, const SessionId& sid, Position begun, Position written);
  // All members know each other: who writes alone from now on does so in another cut.
  void on_met();
  void on_ended(const SessionId& sid) { ended_.insert(sid); }
  // A logout or login was acknowledged: primary and secondary know that this id is over.
  void on_end_known(const SessionId& sid, MemberId primary, MemberId secondary) {
    enders_[sid] = {primary, secondary};
  }
  // The same of a logout: by the member that was told last.
  void on_logged_out(const SessionId& sid, MemberId primary) {
    const auto told = told_of_end_.find(sid);
    enders_[sid] = {primary, told == told_of_end_.end() ? primary : told->second};
  }
  // A life that ended with a cut that left several members on each side: more than one failure.
  void on_taken_by_split(MemberId mid) { taken_by_split_.insert(mid); }
  // Several failures took all that knew: an older copy may come back, which is told (recovered).
  bool is_end_forgotten(const SessionId& sid, const Members& members) const;
  void on_conflict(TimePoint now, const SimMember& member, const SessionId& sid);
  // It was, or may be at this moment.
  bool was_doubled(const SessionId& sid) const {
    return doubled_.contains(sid) || written_alone_.contains(first_id(sid)) || may_double_();
  }
  size_t doubled() const { return doubled_.size(); }
  // Both sides of each doubled session have written and met since: that was said (on_conflict).
  void expect_conflicts_told(TimePoint now, TimePoint last_death);

 private:
  static constexpr size_t kKept = 20;
  struct Doubled {
    TimePoint since;
    // Since all members last knew each other: up to where a member wrote alone, and to which
    // members that went.
    struct Written {
      Position position;
      std::set<MemberId> passed_on;
    };
    std::map<MemberId, Written> wrote = {};
    bool is_conflict = false;  // several did, each without what the other one wrote
  };
  SessionId first_id(SessionId sid) const;
  bool is_any_of(const std::set<SessionId>& ids, const SessionId& sid) const;
  void on_passed_on(MemberId from, MemberId to, const Frame& frame);
  static bool lives(const Members& members, MemberId mid);
  void two_serve(TimePoint now, const SessionId& sid, const std::string& text);
  void expect_alone(TimePoint now, SimMember& member, const BeginOutcome& begun, const char* what,
                    const Members& members);
  void check_owner(TimePoint now, const SessionId& sid, MemberId member, Position position,
                   const Members& members);

  const bool one_fault_at_a_time_;
  MayDouble may_double_ = [] { return false; };
  std::vector<std::string> violations_;
  std::map<ChannelId, MemberId> sealed_by_;
  std::set<SessionId> ended_;
  std::map<SessionId, std::pair<MemberId, MemberId>> enders_;
  std::map<SessionId, MemberId> told_of_end_;  // by INVALIDATE
  std::set<MemberId> taken_by_split_;
  std::map<SessionId, Doubled> doubled_;
  std::set<ChannelId> doubled_channels_;
  std::set<SessionId> conflicts_;
  std::set<SessionId> logging_out_;
  std::set<SessionId> written_alone_;      // while that may double them; by their first ids
  std::set<SessionId> solo_;               // ever; by their first ids
  std::map<SessionId, SessionId> former_;  // by the new id
  Owners owners_;
  VoteWatch votes_;
};

// S3: this member shows this version of the session, by the word of the cookie the secondary has
// it: as a copy, or passed over when a newer one had no room.
struct MissingCopy {
  std::string text;     // empty: it has it
  bool is_all = false;  // it has no version of it
};
MissingCopy missing_copy(const Checker::Members& members, MemberId shown_by,
                         const SessionToken& cookie, uint64_t version);

std::string to_text(const SessionId& sid);

}  // namespace understudy::sim
