// SPDX-License-Identifier: Apache-2.0
// Lookups: questions to all members where a session is that a client named and that no cookie or
// pointer leads to (LOOKUP and FOUND). The end of the road: the cookie says where a session lives,
// and is followed first. Several requests for one id share one question. Decides from the answers;
// sends nothing.
//
// No member concludes from a view that may be stale (PROTOCOL 3, confirmed views): "nowhere", and
// that a dead member's copy is the newest, are concluded only when a quorum of the view has
// answered after the question was asked, none of them from a newer view. Owned by Recovery, loop
// thread only.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "backend_sdk/membership/fates.h"
#include "backend_sdk/membership/search.h"
#include "backend_sdk/replication/payloads.h"
#include "backend_sdk/sessions/session_store.h"
#include "base/clock.h"

namespace understudy {

class Lookups final {
 public:
  struct Result {
    enum class Kind : uint8_t {
      kRoute,    // ask `route`
      kNowhere,  // a quorum has answered, and no member that answered has it
      kEnded,    // it was invalidated or expired
      kStale,    // `route` has answered from a newer view: get that, and ask anew
      kUnknown,  // a member that may have it did not answer in time, or no quorum did
    };
    Kind kind = Kind::kUnknown;
    MemberId route = kNobody;
    bool is_held = false;                   // kRoute: by its own word, not by a pointer
    std::optional<Position> lives_at = {};  // kRoute: by the word of an owner
  };
  // The view in which is asked.
  struct View {
    uint32_t group = 0;
    uint64_t version = 0;
    bool operator==(const View&) const = default;
  };
  // Asked by the holder of what `instead_of`, dead, had: is there anything newer?
  struct Claim {
    MemberId instead_of = kNobody;
    Position position;  // of what is held
  };
  struct Finished {
    SessionId sid;
    Result result;
    MemberId instead_of = kNobody;
    View view;
    bool is_certain = false;  // all members have answered or are proven dead, a quorum has answered
    bool is_current = false;  // the view is still the one in which was asked; Recovery fills it in
    std::vector<WaitingId> waiting;
  };
  // What decides about answers that contradict each other.
  class Members {
   public:
    virtual ~Members() = default;
    virtual Fate fate_of(MemberId member) const = 0;
    virtual MemberId self() const = 0;
    // Are these, and this member, a quorum of the view?
    virtual bool is_quorum(const std::set<MemberId>& members) const = 0;
    // May another group have it?
    virtual Search::Finding found_groups() const = 0;
  };

  explicit Lookups(const Members& members) : members_(members) {}

  // True: there is such a question already, and `waiting` waits for it too.
  bool join(const SessionId& sid, WaitingId waiting, bool is_of_stranger);
  bool is_asked(const SessionId& sid) const { return lookups_.contains(sid); }
  struct Question {
    uint64_t nonce = 0;
    SessionId sid;
    WaitingId waiting = 0;  // 0: no request, the claim alone
    std::vector<MemberId> asked;
    View view;
    TimePoint deadline;
    Claim claim = {};
    bool is_of_stranger = false;  // the view has never known its primary
  };
  void start(const Question& question);
  void on_found(MemberId from, const FoundPayload& found);
  // Those that are decided at `now`.
  std::vector<Finished> take_finished(TimePoint now);
  // This life is over.
  void clear() { lookups_.clear(); }

  TimePoint wake_at() const;
  bool waits_for_groups() const;
  size_t size() const { return lookups_.size(); }

 private:
  struct Lookup {
    uint64_t nonce = 0;
    std::vector<WaitingId> waiting;
    std::map<MemberId, std::optional<FoundPayload>> answers;  // of those asked
    View view;
    TimePoint deadline;
    Claim claim;
    bool is_of_stranger = false;
  };
  std::optional<Result> decide(const Lookup& lookup, TimePoint now) const;
  bool has_answered(const Lookup& lookup, MemberId member) const;
  bool answered_no(const Lookup& lookup, MemberId member) const;
  bool is_complete(const Lookup& lookup) const;
  bool has_quorum(const Lookup& lookup) const;
  bool is_certain(const Lookup& lookup) const;
  MemberId newer_view(const Lookup& lookup) const;

  const Members& members_;
  std::unordered_map<SessionId, Lookup> lookups_;
};

}  // namespace understudy
