// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world.h"

#include <fmt/core.h>

#include <cstdio>

#include "tests/simulation/checker.h"
#include "tests/simulation/client.h"
#include "tests/simulation/proxy.h"
#include "tests/simulation/sim_member.h"
#include "tests/simulation/storm.h"

namespace understudy::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kClients = 8;
constexpr size_t kSlots = 3;
// A ring remembers 8 requests: a client is never further ahead of its oldest unanswered one.
constexpr uint64_t kAheadMax = 6;
constexpr Duration kGiveUp = seconds(25);
constexpr Duration kBeliefs = milliseconds(25);

class World final : public Proxy::Listener, public SimMember::Observer {
 public:
  explicit World(const WorldOptions& options);
  WorldResult run();

  // SimMember::Observer.
  void on_life(SimMember& member, MemberId mid) override;
  void on_lost(SimMember& member, const SessionId& sid) override;
  void on_conflict(SimMember& member, const SessionId& sid) override;

  // Proxy::Listener.
  void on_answer(const ExchangePtr& exchange, const Answer& answer) override;
  void on_given_up(const ExchangePtr& exchange) override;
  void on_sent_back(const ExchangePtr& exchange) override;
  void on_begun(SimMember& member, const Exchange& exchange, const BeginOutcome& outcome) override;
  void on_released(SimMember& member, const Exchange& exchange, uint64_t version,
                   const CommitOutcome& outcome) override;
  void trace(const Exchange& exchange, const std::string& text) override;

 private:
  static Weather weather(uint64_t seed);
  NodeCoreOptions member_options(size_t index) const;
  void click(Client& client, size_t slot);
  void think(Client& client, size_t slot);
  Action choose_action();
  void on_not_answered(const ExchangePtr& exchange, const std::string& how);
  void on_new_session(Client& client, Exchange& exchange, const Answer& answer);
  void watch_beliefs();
  void say(const std::string& text);
  void violation(const Exchange& exchange, const std::string& text);

  const WorldOptions options_;
  VirtualNetwork network_;
  SeededRandom random_;
  Checker checker_;
  std::vector<std::unique_ptr<SimMember>> members_;
  Proxy proxy_;
  std::unique_ptr<Storm> storm_;
  std::vector<std::unique_ptr<Client>> clients_;
  TimePoint end_;
  uint64_t last_request_ = 0;
  WorldResult result_;
};

Weather World::weather(uint64_t seed) {
  Weather weather;
  weather.loss = static_cast<double>(seed % 4) * 0.01;
  weather.duplication = seed % 3 == 0 ? 0.01 : 0;
  weather.delay_max = seed % 5 == 0 ? milliseconds(20) : milliseconds(2);
  weather.retransmission = milliseconds(60);
  return weather;
}

World::World(const WorldOptions& options)
    : options_(options),
      network_(options.seed, weather(options.seed)),
      random_(options.seed * 7 + 1),
      proxy_(network_, members_, options.seed * 11 + 3, *this) {
  network_.set_watch([this](MemberId from, MemberId, const Frame& frame) {
    checker_.on_sent(network_.now(), from, frame);
  });
  // Three members can lose one and still have a witness for what is left of old channels only.
  const size_t count = 3 + options.seed % 3;
  for (size_t index = 0; index < count; ++index) {
    members_.push_back(std::make_unique<SimMember>(network_, index, member_options(index),
                                                   options.seed * 100 + index, *this));
  }
  for (size_t index = 0; index < count; ++index) {
    // Any two clocks differ by less than 1 %.
    const double rate = 0.9955 + 0.009 * static_cast<double>(random_.below(1000)) / 1000;
    members_[index]->boot();
    network_.set_clock_rate(members_[index]->address(), rate);
  }
  for (size_t index = 0; index < kClients; ++index) {
    clients_.push_back(std::make_unique<Client>());
    clients_.back()->index = index;
  }
}

NodeCoreOptions World::member_options(size_t index) const {
  NodeCoreOptions options;
  options.membership.self.name = fmt::format("member{}", index);
  options.membership.self.machine = fmt::format("machine{}", index);
  options.membership.self.http_address = fmt::format("127.0.0.1:{}", 7000 + index);
  for (uint16_t port = 7100; port < 7105; ++port) {
    options.membership.seeds.push_back(Address::loopback(port));
  }
  // Where deaths are noticed late, a member often comes back before anybody misses it, and finds
  // that it was overtaken.
  options.membership.interval = milliseconds(options_.seed % 2 == 0 ? 1000 : 200);
  options.replication.beat = milliseconds(200);
  options.replication.outcome_kept = seconds(60);
  // Partitions come, and what is promised is promised without the availability policy.
  options.replication.no_witness = NoWitnessPolicy::kRefuse;
  options.replication.solo = options_.seed % 4 == 3 ? SoloPolicy::kDeny : SoloPolicy::kAllow;
  options.replication.faults = options_.faults;
  options.sessions.quiet_before_bulk = milliseconds(500);
  return options;
}

// --- clients -----------------------------------------------------------------------------------

Action World::choose_action() {
  const uint64_t dice = random_.below(100);
  if (dice < 30) return Action::kAppend;
  if (dice < 50) return Action::kAnswer;
  if (dice < 68) return Action::kSlot;
  if (dice < 95) return Action::kRead;
  return dice < 98 ? Action::kLogin : Action::kLogout;
}

void World::think(Client& client, size_t slot) {
  const Duration pause =
      milliseconds(random_.below(5) == 0 ? random_.below(6000) : random_.below(400));
  network_.at(network_.now() + pause, [this, &client, slot] { click(client, slot); });
}

void World::click(Client& client, size_t slot) {
  if (network_.now() >= end_) return;
  const bool too_far =
      !client.under_way.empty() && client.started - client.under_way.begin()->first >= kAheadMax;
  // A login page has nothing else under way, and neither has the first click.
  if (too_far || client.logging_out || (!client.cookie && !client.under_way.empty())) {
    think(client, slot);
    return;
  }
  auto exchange = std::make_shared<Exchange>();
  exchange->client = &client;
  exchange->number = ++client.started;
  exchange->request = ++last_request_;
  exchange->action = choose_action();
  exchange->slot = slot;
  exchange->cookie = client.cookie;
  exchange->generation = client.generation;
  exchange->floor = client.history.floor();
  exchange->started = network_.now();
  exchange->give_up = network_.now() + kGiveUp;
  if (!client.cookie) exchange->action = Action::kAppend;  // leaves something behind
  const bool alone = client.under_way.empty();
  const bool needs_alone =
      exchange->action == Action::kLogout || exchange->action == Action::kLogin;
  if (needs_alone && !alone && random_.below(2) == 0) exchange->action = Action::kRead;
  if (exchange->action == Action::kLogout) client.logging_out = true;
  if (client.ended && random_.below(4) == 0) {
    exchange->cookie = client.ended;
    exchange->is_ghost = true;
    exchange->action = Action::kRead;
  }
  client.under_way[exchange->number] = exchange->request;
  trace(*exchange, fmt::format("action {}", static_cast<int>(exchange->action)));
  proxy_.send(exchange);
}

void World::on_given_up(const ExchangePtr& exchange) {
  ++result_.given_up;
  on_not_answered(exchange, "given up");
}

void World::on_sent_back(const ExchangePtr& exchange) {
  ++result_.sent_back;
  on_not_answered(exchange, "sent back");
}

void World::on_not_answered(const ExchangePtr& exchange, const std::string& how) {
  Client& client = *exchange->client;
  client.under_way.erase(exchange->number);
  if (exchange->action == Action::kLogout) client.logging_out = false;
  // Nobody told the client, but the id that it knows may be over: logged out, or renamed and the
  // old id not known any more after its 30 s.
  if (exchange->action == Action::kLogout || exchange->action == Action::kLogin) {
    client.may_have_ended = true;
  }
  if (options_.one_fault_at_a_time) violation(*exchange, "L1: not answered, " + how);
  trace(*exchange, how);
  think(client, exchange->slot);
}

void World::on_new_session(Client& client, Exchange& exchange, const Answer& answer) {
  // Its own logout, sent again or overtaken, is no loss.
  const bool ended = exchange.action == Action::kLogout || client.may_have_ended;
  const bool had_one = exchange.cookie.has_value() && !ended;
  if (had_one && !answer.lost) {
    violation(exchange, "S2: the session was replaced by a new one, and nobody said so");
  }
  if (had_one && answer.lost) {
    ++result_.lost;
    if (options_.one_fault_at_a_time && !client.solo) {
      violation(exchange, "S2: a session with a copy was lost after one failure");
    }
  }
}

void World::on_answer(const ExchangePtr& exchange, const Answer& answer) {
  Client& client = *exchange->client;
  client.under_way.erase(exchange->number);
  ++result_.responses;
  if (answer.solo) ++result_.solo;
  if (answer.recovered) ++result_.recovered;
  if (answer.replayed) ++result_.replayed;
  result_.longest_wait = std::max(result_.longest_wait, network_.now() - exchange->started);
  trace(*exchange, fmt::format("answer: {} entries{}{}{}{}{}", answer.shown.log.size(),
                               answer.is_new ? " new" : "", answer.lost ? " lost" : "",
                               answer.solo ? " solo" : "", answer.recovered ? " recovered" : "",
                               answer.replayed ? " replayed" : ""));
  think(client, exchange->slot);
  if (exchange->is_ghost) {
    if (!answer.is_new) violation(*exchange, "S6: a session was served after its logout");
    return;
  }
  const bool during_logout = client.logging_out && exchange->action != Action::kLogout;
  if (exchange->action == Action::kLogout) client.logging_out = false;
  if (exchange->generation != client.generation) return;  // of an earlier session
  if (answer.is_new && during_logout) return;
  if (answer.is_new) {
    on_new_session(client, *exchange, answer);
    ++client.generation;
    client.history = ClientHistory();
    client.cookie = answer.cookie;
    client.ended.reset();
    client.may_have_ended = false;
    client.solo = answer.solo;
    if (answer.cookie) {
      const std::string wrong = client.history.on_response(answer.shown, {});
      if (!wrong.empty()) violation(*exchange, wrong);
    }
    return;
  }
  if (answer.clear_cookie) {
    if (exchange->action == Action::kLogout) client.ended = client.cookie;
    ++client.generation;
    client.history = ClientHistory();
    client.cookie.reset();
    return;
  }
  // What was shown solo may be gone with the only member that had it, and nothing else.
  const bool may_go_back = answer.recovered && client.solo;
  if (may_go_back) client.history = ClientHistory();
  const std::string wrong = client.history.on_response(
      answer.shown, may_go_back ? ClientHistory::Floor() : exchange->floor);
  if (!wrong.empty()) violation(*exchange, wrong);
  const bool appends = exchange->action == Action::kAppend || exchange->action == Action::kAnswer;
  if (appends) {
    ++result_.writes;
    if (!client.history.contains(exchange->request)) {
      violation(*exchange, "S2: answered, but not in the log");
    }
  }
  if (answer.cookie) client.cookie = answer.cookie;
  client.solo = answer.solo;
}

// --- in the members ----------------------------------------------------------------------------

void World::on_life(SimMember& member, MemberId mid) {
  proxy_.on_life(member.index(), mid);
  say(fmt::format("member {} is {:x} now", member.index(), mid));
}

void World::on_lost(SimMember& member, const SessionId& sid) {
  say(fmt::format("member {}: session {} is lost", member.index(), to_text(sid)));
}

void World::on_conflict(SimMember& member, const SessionId& sid) {
  checker_.violation(network_.now(), fmt::format("S1: member {} met another owner of {}",
                                                 member.index(), to_text(sid)));
}

void World::on_begun(SimMember& member, const Exchange& exchange, const BeginOutcome& outcome) {
  if (outcome.kind != BeginOutcome::Kind::kProceed) return;
  trace(exchange, fmt::format("begins at {}: session {} ({}, {}){}", member.index(),
                              to_text(outcome.sid), outcome.position.epoch,
                              outcome.position.version, outcome.is_new ? " new" : ""));
  const bool below = !outcome.is_new && exchange.cookie && exchange.cookie->sid == outcome.sid &&
                     outcome.position < exchange.cookie->floor;
  if (below) violation(exchange, "S4: served below the floor of its cookie");
}

void World::on_released(SimMember& member, const Exchange& exchange, uint64_t version,
                        const CommitOutcome& outcome) {
  if (outcome.solo || outcome.clear_cookie) return;
  const auto token = outcome.cookie ? outcome.cookie : exchange.cookie;
  if (!token || token->secondary == kNobody) return;
  for (const auto& other : members_) {
    if (!other->is_up() || other->mid() != token->secondary) continue;
    for (const auto& copy : other->core().facts().copies) {
      const bool is_it = copy.sid == token->sid && copy.position.epoch == token->floor.epoch &&
                         copy.channel >> 32 == member.mid();
      if (is_it && copy.position.version < version) {
        violation(exchange, fmt::format("S3: shows version {}, the secondary holds {}", version,
                                        copy.position.version));
      }
    }
  }
}

// --- the run -----------------------------------------------------------------------------------

void World::say(const std::string& text) {
  if (!options_.trace) return;
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(
                      network_.now().time_since_epoch() - std::chrono::hours(1))
                      .count();
  std::fprintf(stderr, "%11.3f ms  %s\n", static_cast<double>(us) / 1000, text.c_str());
}

void World::trace(const Exchange& exchange, const std::string& text) {
  if (!options_.trace) return;
  say(fmt::format("  client {} request {:x}: {}", exchange.client->index, exchange.request, text));
}

void World::violation(const Exchange& exchange, const std::string& text) {
  checker_.violation(network_.now(), fmt::format("client {} request {:x}: {}",
                                                 exchange.client->index, exchange.request, text));
  say("VIOLATION " + text);
}

void World::watch_beliefs() {
  checker_.compare_beliefs(network_.now(), members_);
  if (network_.now() < end_) {
    network_.at(network_.now() + kBeliefs, [this] { watch_beliefs(); });
  }
}

WorldResult World::run() {
  storm_ = std::make_unique<Storm>(network_, members_, proxy_, options_.seed * 13 + 5,
                                   Storm::Options{.one_at_a_time = options_.one_fault_at_a_time,
                                                  .end = network_.now() + options_.length},
                                   [this](const std::string& text) { say("*** " + text); });
  end_ = network_.now() + options_.length;
  network_.run_for(seconds(4));  // the cluster comes together
  for (const auto& client : clients_) {
    for (size_t slot = 0; slot < kSlots; ++slot) think(*client, slot);
  }
  storm_->start();
  watch_beliefs();
  const bool done = !network_.run_until([this] { return !checker_.is_clean(); }, options_.length);
  if (done) {
    storm_->calm();
    network_.run_for(kGiveUp + seconds(5));
  }
  if (storm_->has_stalled()) {
    checker_.violation(network_.now(), "L2: sessions without a copy although members are there");
  }
  result_.violations = checker_.violations();
  result_.faults_done = storm_->done();
  for (const auto& member : members_) {
    if (member->is_up()) result_.promotions += member->core().statistics().promotions;
  }
  return result_;
}

}  // namespace

WorldResult simulate(const WorldOptions& options) {
  return World(options).run();
}

}  // namespace understudy::sim
