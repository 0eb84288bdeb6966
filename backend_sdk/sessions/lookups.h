// SPDX-License-Identifier: Apache-2.0
// Lookups: questions to all members where a session is that a client named and nobody here knows
// (LOOKUP and FOUND). Only the end of the road: the cookie says where a session lives, and is
// followed first. Several requests for one id share one question. Decides from the answers; sends
// nothing. Owned by Sessions, loop thread only.
#pragma once

#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "backend_sdk/replication/fate.h"
#include "backend_sdk/replication/payloads.h"
#include "backend_sdk/sessions/session_store.h"
#include "base/clock.h"

namespace understudy {

class Lookups final {
 public:
  struct Verdict {
    enum class Kind : uint8_t {
      kRoute,    // ask `route`
      kNowhere,  // everybody has answered, and nobody has it
      kEnded,    // it was invalidated or expired
      kUnknown,  // somebody who may have it did not answer in time
    };
    Kind kind = Kind::kUnknown;
    MemberId route = kNobody;
    bool is_held = false;  // kRoute: by its own word, not by a pointer
  };
  // Asked by whoever holds what `instead_of`, dead, had passed over: is there anything newer?
  struct Claim {
    MemberId instead_of = kNobody;
    Position position;  // of what is held
  };
  struct Finished {
    SessionId sid;
    Verdict verdict;
    MemberId instead_of = kNobody;
    bool is_certain = false;  // everybody has answered, or is proven dead
    std::vector<PendingId> waiting;
  };
  // What decides about answers that contradict each other.
  class Members {
   public:
    virtual ~Members() = default;
    virtual Fate fate_of(MemberId member) const = 0;
    virtual MemberId self() const = 0;
  };

  explicit Lookups(const Members& members) : members_(members) {}

  // True: there is such a question already, and `waiting` waits for it too.
  bool join(const SessionId& sid, PendingId waiting);
  bool is_asked(const SessionId& sid) const { return lookups_.contains(sid); }
  // `waiting` 0: no request, the claim alone.
  void start(uint64_t nonce, const SessionId& sid, PendingId waiting,
             const std::vector<MemberId>& asked, TimePoint deadline, const Claim& claim);
  void start(uint64_t nonce, const SessionId& sid, PendingId waiting,
             const std::vector<MemberId>& asked, TimePoint deadline) {
    start(nonce, sid, waiting, asked, deadline, Claim());
  }
  void on_found(MemberId from, const FoundPayload& found);
  // Those that are decided at `now`.
  std::vector<Finished> take_finished(TimePoint now);
  // All of them, undecided: this life is over.
  std::vector<Finished> take_all();

  TimePoint wake_at() const;
  size_t size() const { return lookups_.size(); }

 private:
  struct Lookup {
    uint64_t nonce = 0;
    std::vector<PendingId> waiting;
    std::map<MemberId, std::optional<FoundPayload>> answers;  // of those asked
    TimePoint deadline;
    Claim claim;
  };
  std::optional<Verdict> decide(const Lookup& lookup, TimePoint now) const;
  bool has_answered(const Lookup& lookup, MemberId member) const;
  bool answered_no(const Lookup& lookup, MemberId member) const;
  bool is_certain(const Lookup& lookup) const;

  const Members& members_;
  std::unordered_map<SessionId, Lookup> lookups_;
};

}  // namespace understudy
