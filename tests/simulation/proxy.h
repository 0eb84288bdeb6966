// SPDX-License-Identifier: Apache-2.0
// Proxy: carries an exchange to a member and the answer back, as the real one does: primary,
// secondary, then the others; the same request id when it is sent again; 421 is followed; 503 is
// waited out, or the client's if it says so. It hears of dead members only by refused connections
// and silence; of new ones at once, or where views age, from the answers of those it asks. With a
// request it says which answers of that member have come.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "tests/simulation/client.h"
#include "tests/simulation/sim_member.h"

namespace understudy::sim {

class Proxy final {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_answer(const ExchangePtr& exchange, const Answer& answer) = 0;
    virtual void on_given_up(const ExchangePtr& exchange) = 0;
    // A 503 for the client, who may ask again with the cookie that it has by now.
    virtual void on_sent_back(const ExchangePtr& exchange) = 0;
    // The member says that the session would be too large: nothing happened.
    virtual void on_too_large(const ExchangePtr& exchange) = 0;
    // In the member, before its answer leaves.
    virtual void on_begun(SimMember& member, Exchange& exchange, const BeginOutcome& outcome) = 0;
    virtual void on_released(SimMember& member, const Exchange& exchange, const BeginOutcome& begun,
                             const CommitOutcome& outcome) = 0;
    virtual void trace(const Exchange& exchange, const std::string& text) = 0;
  };

  struct Options {
    uint64_t seed = 1;
    bool views_age = false;
  };
  Proxy(VirtualNetwork& network, std::vector<std::unique_ptr<SimMember>>& members,
        const Options& options, Listener& listener)
      : network_(network),
        members_(members),
        views_age_(options.views_age),
        random_(options.seed),
        listener_(listener) {}

  void send(const ExchangePtr& exchange);
  void on_life(size_t member, MemberId mid) {
    if (!views_age_ || lives_.size() < members_.size()) lives_[mid] = member;
  }
  // A crashed member resets what it had.
  void on_crash(size_t member);
  // No bytes to or from it.
  void cut(size_t member) { cut_.insert(member); }
  void heal() { cut_.clear(); }
  void heal(size_t member) { cut_.erase(member); }
  // An operator's orders: its sessions go to their secondaries (drain --move), and may stay again.
  void move_away(size_t member) { moved_.insert(member); }
  void enable(size_t member) { moved_.erase(member); }
  void enable_all() { moved_.clear(); }
  // Members of other groups know nothing of a session and cannot know that: while groups are apart,
  // a request with a cookie only goes to members of its session's part.
  void set_part(size_t member, uint64_t part) { parts_[member] = part; }
  bool has_parts() const { return !parts_.empty(); }
  void clear_parts() { parts_.clear(); }

 private:
  std::optional<size_t> member_of(MemberId mid) const;  // its current life only
  void next(const ExchangePtr& exchange);
  size_t any_member(const Exchange& exchange);
  uint64_t part_of(size_t member) const;
  uint64_t home_of(const SessionToken& cookie) const;
  void ask(const ExchangePtr& exchange, size_t member, bool failover);
  void deliver(const ExchangePtr& exchange, uint64_t attempt, SimMember& member,
               const std::vector<RequestId>& answered);
  void on_begin(const ExchangePtr& exchange, uint64_t attempt, SimMember& member,
                const BeginOutcome& outcome);
  void work(const ExchangePtr& exchange, uint64_t attempt, SimMember& member,
            const BeginOutcome& outcome);
  void on_commit(const ExchangePtr& exchange, uint64_t attempt, SimMember& member,
                 const BeginOutcome& begun, const Shown& shown, const CommitOutcome& outcome);
  // Back over the wire: `what` runs at the proxy if it still listens to this attempt.
  void answer(const ExchangePtr& exchange, uint64_t attempt, SimMember& member,
              const Answer& answer);
  void reply(const ExchangePtr& exchange, uint64_t attempt, SimMember& member,
             std::function<void()> what);
  void failed(const ExchangePtr& exchange, uint64_t attempt, const char* why);
  void redirected(const ExchangePtr& exchange, MemberId route);
  void unavailable(const ExchangePtr& exchange, Duration retry_after);
  Duration wire_delay();
  void learn(const SimMember& from);
  std::vector<RequestId> take_answered(size_t member);

  VirtualNetwork& network_;
  std::vector<std::unique_ptr<SimMember>>& members_;
  const bool views_age_;
  SeededRandom random_;
  Listener& listener_;
  std::map<MemberId, size_t> lives_;
  std::set<size_t> cut_;
  std::set<size_t> moved_;
  std::map<size_t, uint64_t> parts_;  // 0 where nothing is said
  std::map<uint64_t, std::weak_ptr<Exchange>> under_way_;
  std::map<size_t, std::deque<RequestId>> answered_;  // by member: to be told with the next request
  size_t round_robin_ = 0;
};

}  // namespace understudy::sim
