// SPDX-License-Identifier: Apache-2.0
// Clientele: the clients of one run: they click, keep their cookies, and compare each answer with
// all that they were shown before: S2, S4, S5, S6, S11 and L1 as a client sees them. Owned by
// World.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/checker.h"
#include "tests/simulation/client.h"
#include "tests/simulation/profile.h"
#include "tests/simulation/proxy.h"
#include "tests/simulation/world.h"

namespace understudy::sim {

class Clientele final : public Proxy::Listener {
 public:
  // What only the run knows.
  class Run {
   public:
    virtual ~Run() = default;
    // Since then no process has died and no fault has come: nothing may be lost at all.
    virtual bool was_calm_since(TimePoint when) const = 0;
    // The same, and before that members that were cut off had the time to find each other (J5):
    // none serves alone what it will drop when it hears that it was held for dead.
    virtual bool had_met_by(TimePoint when) const = 0;
    // All that a session had may have been on the lesser side of a network that parted.
    virtual bool was_split_since(TimePoint when) const = 0;
    // For how long a fault was under way since then.
    virtual Duration disturbed_since(TimePoint when) const = 0;
    // Two members without a witness served this session: the younger history is not promised.
    virtual bool was_doubled(const SessionId& sid) const = 0;
    virtual void say(const std::string& text) = 0;
  };
  struct Options {
    const Profile& profile;
    uint64_t seed = 1;
    bool one_fault_at_a_time = false;
    bool trace = false;
  };

  Clientele(VirtualNetwork& network, std::vector<std::unique_ptr<SimMember>>& members,
            std::vector<std::unique_ptr<Proxy>>& proxies, Checker& checker, const Options& options,
            Run& run);

  void start(TimePoint end);
  // One more read of each session, when all is well again: each has to be answered.
  void ask_once_more();
  const WorldResult& result() const { return result_; }

  // Proxy::Listener.
  void on_answer(const ExchangePtr& exchange, const Answer& answer) override;
  void on_given_up(const ExchangePtr& exchange) override;
  void on_sent_back(const ExchangePtr& exchange) override;
  void on_too_large(const ExchangePtr& exchange) override;
  void on_begun(SimMember& member, Exchange& exchange, const BeginOutcome& outcome) override;
  void on_released(SimMember& member, const Exchange& exchange, const BeginOutcome& begun,
                   const CommitOutcome& outcome) override;
  void trace(const Exchange& exchange, const std::string& text) override;

 private:
  void think(Client& client, size_t slot);
  void click(Client& client, size_t slot);
  void send(Client& client, const ExchangePtr& exchange);
  static void note_started(Client& client, const Exchange& exchange);
  Action choose_action();
  ExchangePtr make_exchange(Client& client, size_t slot);
  bool become_ghost(Client& client, Exchange& exchange);
  void on_not_answered(const ExchangePtr& exchange, const std::string& how, bool is_excused);
  void on_new_session(Client& client, const Exchange& exchange, const Answer& answer);
  void on_cleared(Client& client, const Exchange& exchange);
  void on_shown(Client& client, const Exchange& exchange, const Answer& answer);
  void check_named_id(const Exchange& exchange, const Answer& answer);
  bool is_alias_over(const Exchange& exchange, TimePoint when) const;
  void note_renamed(const Exchange& exchange, const BeginOutcome& begun,
                    const CommitOutcome& outcome);
  bool is_known_no_more(const Client& client, const Exchange& exchange) const;
  void begin_again(Client& client);
  void keep_cookie(Client& client, const Exchange& exchange, const SessionToken& cookie);
  void add_ghost(Client& client, const SessionToken& cookie, TimePoint renamed, TimePoint from);
  bool may_be_lost(const Client& client, const Exchange& exchange) const;
  void violation(const Exchange& exchange, const std::string& text);

  VirtualNetwork& network_;
  std::vector<std::unique_ptr<SimMember>>& members_;
  std::vector<std::unique_ptr<Proxy>>& proxies_;
  Checker& checker_;
  const Options options_;
  const Profile& profile_;
  Run& run_;
  SeededRandom random_;
  std::vector<std::unique_ptr<Client>> clients_;
  TimePoint end_{};
  bool is_over_ = false;
  uint64_t last_request_ = 0;
  WorldResult result_;
};

}  // namespace understudy::sim
