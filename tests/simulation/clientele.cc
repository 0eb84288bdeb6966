// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/clientele.h"

#include <fmt/core.h>

#include <algorithm>

namespace understudy::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Clocks differ, and the client does not see when the member looked.
constexpr double kExpiryMargin = 0.97;

}  // namespace

Clientele::Clientele(VirtualNetwork& network, std::vector<std::unique_ptr<SimMember>>& members,
                     std::vector<std::unique_ptr<Proxy>>& proxies, Checker& checker,
                     const Options& options, Run& run)
    : network_(network),
      members_(members),
      proxies_(proxies),
      checker_(checker),
      options_(options),
      profile_(options.profile),
      run_(run),
      random_(options.seed) {
  for (size_t index = 0; index < profile_.clients; ++index) {
    clients_.push_back(std::make_unique<Client>());
    clients_.back()->index = index;
    clients_.back()->cookies.resize(profile_.devices);
  }
}

void Clientele::start(TimePoint end) {
  end_ = end;
  for (const auto& client : clients_) {
    for (size_t slot = 0; slot < profile_.slots; ++slot) think(*client, slot);
  }
}

// --- requests ----------------------------------------------------------------------------------

Action Clientele::choose_action() {
  const Profile::Actions& of = profile_.actions;
  const std::pair<Action, uint64_t> weights[] = {
      {Action::kAppend, of.append}, {Action::kAnswer, of.answer}, {Action::kSlot, of.slot},
      {Action::kMark, of.mark},     {Action::kBlob, of.blob},     {Action::kRead, of.read},
      {Action::kLogin, of.login},   {Action::kLogout, of.logout}};
  uint64_t sum = 0;
  for (const auto& [action, weight] : weights) sum += weight;
  uint64_t dice = random_.below(sum);
  for (const auto& [action, weight] : weights) {
    if (dice < weight) return action;
    dice -= weight;
  }
  return Action::kRead;
}

void Clientele::think(Client& client, size_t slot) {
  const Duration longest = random_.below(5) == 0 ? profile_.pause_max : profile_.think_max;
  const auto longest_ms = static_cast<uint64_t>(longest / milliseconds(1));
  const Duration pause = milliseconds(random_.below(longest_ms));
  network_.at(network_.now() + pause, [this, &client, slot] { click(client, slot); });
}

ExchangePtr Clientele::make_exchange(Client& client, size_t slot) {
  auto exchange = std::make_shared<Exchange>();
  exchange->client = &client;
  exchange->number = ++client.started;
  exchange->request = ++last_request_;
  exchange->slot = slot;
  exchange->device = slot % profile_.devices;
  auto& cookie = client.cookies[exchange->device];
  // Another device of the same user gets the cookie as it is now.
  if (!cookie) {
    const auto known = std::ranges::find_if(client.cookies, [](auto& one) { return bool(one); });
    if (known != client.cookies.end()) cookie = *known;
  }
  exchange->cookie = cookie;
  exchange->generation = client.generation;
  exchange->floor = client.history.floor();
  exchange->started = network_.now();
  exchange->give_up = network_.now() + kGiveUp;
  return exchange;
}

bool Clientele::become_ghost(Client& client, Exchange& exchange) {
  std::vector<const Ghost*> ready;
  for (const Ghost& ghost : client.ghosts) {
    const Duration delay =
        ghost.is_delayed ? run_.disturbed_since(ghost.renamed) : Duration::zero();
    if (ghost.from + delay <= network_.now()) ready.push_back(&ghost);
  }
  if (ready.empty() || random_.below(100) >= profile_.ghosts) return false;
  exchange.cookie = ready[random_.below(ready.size())]->cookie;
  exchange.is_ghost = true;
  exchange.action = Action::kRead;
  return true;
}

void Clientele::click(Client& client, size_t slot) {
  if (is_over_ || network_.now() >= end_) return;
  const bool too_far = !client.under_way.empty() &&
                       client.started - client.under_way.begin()->first >= profile_.ahead_max;
  // A login page has nothing else under way, and neither has the first click.
  const bool is_first = !client.has_session();
  if (too_far || client.logging_out || (is_first && !client.under_way.empty())) {
    think(client, slot);
    return;
  }
  const ExchangePtr exchange = make_exchange(client, slot);
  exchange->action = is_first ? Action::kAppend : choose_action();  // leaves something behind
  const bool ends_an_id = exchange->action == Action::kLogout || exchange->action == Action::kLogin;
  if (ends_an_id && !client.under_way.empty() && random_.below(2) == 0) {
    exchange->action = Action::kRead;
  }
  if (exchange->action == Action::kBlob) {
    exchange->blob_bytes = random_.below(profile_.blob_max + 1);
  }
  if (!become_ghost(client, *exchange) && exchange->action == Action::kLogout) {
    client.logging_out = true;
  }
  note_started(client, *exchange);
  send(client, exchange);
}

void Clientele::note_started(Client& client, const Exchange& exchange) {
  const bool raises = exchange.action == Action::kSlot || exchange.action == Action::kMark;
  if (raises) client.history.on_started(counter_of(exchange));
}

void Clientele::send(Client& client, const ExchangePtr& exchange) {
  client.under_way[exchange->number] = exchange->request;
  if (exchange->action == Action::kLogin) client.logins[exchange->number] = network_.now();
  trace(*exchange, fmt::format("action {}", static_cast<int>(exchange->action)));
  proxies_[random_.below(proxies_.size())]->send(exchange);
}

void Clientele::ask_once_more() {
  is_over_ = true;
  for (const auto& client : clients_) {
    if (!client->has_session()) continue;
    const ExchangePtr exchange = make_exchange(*client, 0);
    exchange->action = Action::kRead;
    send(*client, exchange);
  }
}

// --- no answer ---------------------------------------------------------------------------------

void Clientele::on_given_up(const ExchangePtr& exchange) {
  ++result_.given_up;
  on_not_answered(exchange, "given up", false);
}

void Clientele::on_sent_back(const ExchangePtr& exchange) {
  ++result_.sent_back;
  // Its session was recovered, and this request is too old to tell what its client has seen.
  on_not_answered(exchange, "sent back", run_.was_split_since(exchange->started - kGiveUp));
}

void Clientele::on_too_large(const ExchangePtr& exchange) {
  violation(*exchange, "a small session is too large");
  exchange->client->under_way.erase(exchange->number);
}

void Clientele::on_not_answered(const ExchangePtr& exchange, const std::string& how,
                                bool is_excused) {
  Client& client = *exchange->client;
  client.under_way.erase(exchange->number);
  client.logins.erase(exchange->number);
  if (exchange->action == Action::kLogout) client.logging_out = false;
  // The client was not told, but the id that it knows may be over: logged out, or renamed and the
  // old id not known any more.
  if (exchange->action == Action::kLogout || exchange->action == Action::kLogin) {
    client.may_have_ended = true;
  }
  if (options_.one_fault_at_a_time && !is_excused) violation(*exchange, "L1: not answered, " + how);
  if (is_over_) violation(*exchange, "L1: not answered although all members are there, " + how);
  trace(*exchange, how);
  think(client, exchange->slot);
}

// --- answers -----------------------------------------------------------------------------------

// What was lost was decided when the request began; other answers may have come meanwhile.
bool Clientele::may_be_lost(const Client& client, const Exchange& exchange) const {
  if (run_.was_split_since(client.since)) return true;
  if (exchange.was_solo) return !run_.had_met_by(client.since);
  return !options_.one_fault_at_a_time && !run_.was_calm_since(client.since);
}

void Clientele::on_new_session(Client& client, const Exchange& exchange, const Answer& answer) {
  // Its own logout, sent again or overtaken, is no loss, and neither is a session that was left
  // alone for longer than it lives.
  const auto least = std::chrono::duration_cast<Duration>(profile_.timeout * kExpiryMargin);
  const bool ended = exchange.action == Action::kLogout || client.may_have_ended;
  if (!exchange.cookie || ended || exchange.idle >= least) return;
  // A login whose answer is late: the id that the client has is not known any more.
  const bool is_renamed = std::ranges::any_of(
      client.logins, [&](const auto& login) { return is_alias_over(exchange, login.second); });
  if (is_renamed) return;
  if (run_.was_doubled(exchange.cookie->sid)) return;
  if (!answer.lost) {
    violation(exchange, "S2: the session was replaced by a new one, and this was not said");
    return;
  }
  ++result_.lost;
  if (!may_be_lost(client, exchange)) {
    violation(exchange, "S2: a session with a copy was lost after one failure, or none");
  }
}

void Clientele::begin_again(Client& client) {
  ++client.generation;
  // Ids of before a login are known for a while; that their session was lost ends none of them.
  std::erase_if(client.ghosts,
                [now = network_.now()](const Ghost& ghost) { return ghost.from > now; });
  client.history = ClientHistory();
  client.renames.clear();
  client.cookies.assign(client.cookies.size(), std::nullopt);
  client.since = network_.now();
}

void Clientele::on_answer(const ExchangePtr& exchange, const Answer& answer) {
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
  check_named_id(*exchange, answer);
  if (exchange->is_ghost) {
    const SessionId& sid = exchange->cookie->sid;
    // An old id may lead to a later one, whose end is the one that is forgotten.
    const SessionId& served = answer.cookie ? answer.cookie->sid : sid;
    const bool is_told = answer.recovered && (checker_.is_end_forgotten(sid, members_) ||
                                              checker_.is_end_forgotten(served, members_));
    if (!answer.is_new && !is_told && !run_.was_doubled(sid)) {
      violation(*exchange, "S6: served by an id of before a logout or login");
    }
    return;
  }
  const bool during_logout = client.logging_out && exchange->action != Action::kLogout;
  if (exchange->action == Action::kLogout) client.logging_out = false;
  if (exchange->generation != client.generation) {  // of an earlier session
    client.logins.erase(exchange->number);
    return;
  }
  if (answer.is_new && during_logout) return;
  // Two logins at a time: the client keeps the session of the other one.
  if (answer.is_apart) {
    client.logins.erase(exchange->number);
    return;
  }
  if (answer.is_new && is_known_no_more(client, *exchange)) {
    // A logout takes the cookie away, whichever id it came with.
    if (exchange->action == Action::kLogout) begin_again(client);
    return;
  }
  if (answer.is_new) {
    on_new_session(client, *exchange, answer);
    client.logins.erase(exchange->number);
    begin_again(client);
    client.touched = exchange->begun;
    client.may_have_ended = false;
    client.solo = answer.solo;
    if (!answer.cookie) return;
    client.cookies[exchange->device] = answer.cookie;
    note_started(client, *exchange);
    const std::string wrong = client.history.on_response(answer.shown, {});
    if (!wrong.empty()) violation(*exchange, wrong);
  } else if (answer.clear_cookie) {
    client.logins.erase(exchange->number);
    on_cleared(client, *exchange);
  } else {
    on_shown(client, *exchange, answer);
  }
}

void Clientele::on_shown(Client& client, const Exchange& exchange, const Answer& answer) {
  // What was shown solo may be gone with the only member that had it, and nothing else.
  const bool is_doubled = exchange.cookie && run_.was_doubled(exchange.cookie->sid);
  const bool may_go_back = (answer.recovered && client.solo) || is_doubled;
  if (may_go_back) client.history.go_back();
  const std::string wrong = client.history.on_response(
      answer.shown, may_go_back ? ClientHistory::Floor() : exchange.floor);
  if (!wrong.empty()) violation(exchange, wrong);
  if (exchange.is_exclusive()) {
    ++result_.writes;
    if (!client.history.contains(exchange.request)) {
      violation(exchange, "S2: answered, but not in the log");
    }
  }
  if (exchange.action == Action::kMark && answer.shown.counters[counter_of(exchange)] == 0) {
    violation(exchange, "S2: answered, but without its mark");
  }
  if (answer.cookie) keep_cookie(client, exchange, *answer.cookie);
  client.logins.erase(exchange.number);
  client.solo = answer.solo;
}

// --- in the members ----------------------------------------------------------------------------

void Clientele::on_begun(SimMember& member, Exchange& exchange, const BeginOutcome& outcome) {
  if (outcome.kind != BeginOutcome::Kind::kProceed) return;
  trace(exchange, fmt::format("begins at {}: session {} ({}, {}){}", member.index(),
                              to_text(outcome.sid), outcome.position.epoch,
                              outcome.position.version, outcome.is_new ? " new" : ""));
  Client& client = *exchange.client;
  const bool is_current = exchange.generation == client.generation && !exchange.is_ghost;
  if (is_current && outcome.is_new) {
    exchange.idle = network_.now() - client.touched;
    exchange.was_solo = client.solo;
  }
  exchange.begun = network_.now();
  if (outcome.is_new) return;
  if (is_current) client.touched = network_.now();
  if (exchange.action == Action::kLogout) checker_.on_logging_out(outcome.sid);
  const bool below = exchange.cookie && exchange.cookie->sid == outcome.sid &&
                     outcome.position < exchange.cookie->floor;
  if (below) violation(exchange, "S4: served below the floor of its cookie");
  checker_.on_begun(network_.now(), member, outcome, members_);
}

void Clientele::on_released(SimMember& member, const Exchange& exchange, const BeginOutcome& begun,
                            const CommitOutcome& outcome) {
  if (outcome.cookie) checker_.on_committed(begun.sid, outcome.cookie->sid);
  note_renamed(exchange, begun, outcome);
  if (outcome.clear_cookie && !begun.is_new) {
    checker_.on_logged_out(begun.sid, member.mid());
  }
  if (outcome.clear_cookie || begun.is_new) return;
  // A change that a logout has overtaken does not happen.
  const bool wrote =
      exchange.action != Action::kRead && !outcome.replayed && !exchange.client->logging_out;
  const bool has_only_read = exchange.action == Action::kRead || outcome.replayed;
  if (has_only_read) checker_.on_read(network_.now(), member, begun, members_);
  if (wrote && outcome.solo) {
    const Position next{begun.position.epoch, begun.position.version + 1};
    const Position written = outcome.cookie ? outcome.cookie->floor : next;
    checker_.on_written_alone(member.mid(), begun.sid, begun.position, written);
  }
  if (outcome.solo) return;
  const uint64_t version = begun.position.version + (wrote ? 1 : 0);
  const auto token = outcome.cookie ? outcome.cookie : exchange.cookie;
  if (!token || token->secondary == kNobody) return;
  // A login or logout that is under way may have reached the secondary, or not.
  if (token->sid != begun.sid || exchange.client->logging_out) return;
  // Renamed meanwhile, it is held under an id that this answer does not name.
  const std::vector<ServedSession> served = member.core().facts().served;
  if (std::ranges::find(served, begun.sid, &ServedSession::sid) == served.end()) return;
  const MissingCopy missing = missing_copy(members_, member.mid(), *token, version);
  // One frame may acknowledge what is shown and the end that came after it.
  if (missing.is_all && checker_.may_have_ended(begun.sid)) return;
  if (!missing.text.empty()) violation(exchange, missing.text);
}

void Clientele::trace(const Exchange& exchange, const std::string& text) {
  if (!options_.trace) return;
  run_.say(
      fmt::format("  client {} request {:x}: {}", exchange.client->index, exchange.request, text));
}

void Clientele::violation(const Exchange& exchange, const std::string& text) {
  checker_.violation(network_.now(), fmt::format("client {} request {:x}: {}",
                                                 exchange.client->index, exchange.request, text));
  run_.say("VIOLATION " + text);
}

}  // namespace understudy::sim
