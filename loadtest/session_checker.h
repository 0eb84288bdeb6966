// SPDX-License-Identifier: Apache-2.0
// SessionChecker: holds what the members answered against what sessions promise. Each session has a
// counter; every request that was acknowledged added one, exactly once, and is still there at the
// end (PROTOCOL S2, S4, S10, S11). Pure bookkeeping; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace understudy::loadtest {

class SessionChecker final {
 public:
  explicit SessionChecker(size_t sessions);

  struct Ticket {
    size_t session = 0;
    uint64_t floor = 0;  // the highest count this session had been shown when the request left
  };
  // Before a request that adds one leaves.
  Ticket on_sent(size_t session);
  // The answer: the session's id and its counter after this request.
  void on_answer(const Ticket& ticket, std::string_view session_id, uint64_t count);
  // No acknowledgement came (502, reset ...): the count may or may not contain it.
  void on_unknown(const Ticket& ticket);
  // At the end: the value read after all requests were decided.
  void on_final(size_t session, std::string_view session_id, uint64_t count);

  struct Faults {
    size_t restarted = 0;  // another session id, or a counter that began again
    size_t went_back = 0;  // a count not above one that was shown before the request left
    size_t twice = 0;      // two requests got the same count, or more counted than was sent
    size_t lost = 0;       // an acknowledged count is missing at the end
    size_t total() const { return restarted + went_back + twice + lost; }
  };
  const Faults& faults() const { return faults_; }
  // One sentence for each of the first faults.
  const std::vector<std::string>& findings() const { return findings_; }
  size_t acknowledged() const { return acknowledged_; }

  static constexpr size_t kFindingsMax = 20;

 private:
  struct Session {
    std::string id;
    uint64_t shown = 0;
    uint64_t acknowledged = 0;
    uint64_t unknown = 0;
    std::unordered_map<uint64_t, bool> counts;
  };
  void found(size_t& kind, size_t session, std::string sentence);
  bool check_id(size_t session, std::string_view session_id);

  std::vector<Session> sessions_;
  Faults faults_;
  std::vector<std::string> findings_;
  size_t acknowledged_ = 0;
};

}  // namespace understudy::loadtest
