// SPDX-License-Identifier: Apache-2.0
// Checker: the invariants of PROTOCOL section 4, asserted from the outside: on what each client is
// shown, in which order, on what all members believe at one instant, and on the votes and
// acknowledgements that they send each other. It knows no channel mechanics. Keeps the first
// violations as text.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "backend_sdk/node_core.h"
#include "backend_sdk/replication/payloads.h"
#include "tests/simulation/sim_member.h"

namespace understudy::sim {

// What a response shows of the session.
struct Shown {
  std::vector<RequestId> log;             // every request that appended itself, in order
  std::map<std::string, uint64_t> slots;  // written without exclusivity, each by one slot
};

// One client's session as the client knows it, from the first response to logout or loss.
class ClientHistory final {
 public:
  // What a request that starts now must at least be shown.
  struct Floor {
    size_t log_size = 0;
    std::map<std::string, uint64_t> slots;
  };
  const Floor& floor() const { return floor_; }
  // Empty: fine. `floor`: as it was when the request was started.
  std::string on_response(const Shown& shown, const Floor& floor);
  bool contains(RequestId request) const { return seen_.contains(request); }

 private:
  Floor floor_;
  std::vector<RequestId> longest_;
  std::set<RequestId> seen_;
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

class Checker final {
 public:
  void violation(TimePoint now, const std::string& text);
  const std::vector<std::string>& violations() const { return violations_; }
  bool is_clean() const { return violations_.empty(); }

  void on_sent(TimePoint now, MemberId from, const Frame& frame);
  // S1 and S9 over the beliefs of all members at one instant.
  void compare_beliefs(TimePoint now, const std::vector<std::unique_ptr<SimMember>>& members);

 private:
  static constexpr size_t kKept = 20;
  std::vector<std::string> violations_;
  std::map<ChannelId, MemberId> sealed_by_;
  VoteWatch votes_;
};

std::string to_text(const SessionId& sid);

}  // namespace understudy::sim
