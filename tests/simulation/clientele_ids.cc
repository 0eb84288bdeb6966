// SPDX-License-Identifier: Apache-2.0
// The ids of a client's session: for how long an old one is known after a login, and which must not
// lead to a session any more.
#include <algorithm>

#include "tests/simulation/clientele.h"

namespace understudy::sim {

namespace {

constexpr size_t kGhostsKept = 12;
// For how long after the login an old id leads to the session for a request that comes then.
constexpr Duration kInFlight = SessionOptions().alias_in_flight;
// Clocks differ, and another member counts from when it has read of the login.
constexpr Duration kAliasMargin = std::chrono::milliseconds(300);
constexpr double kSlowestClock = 0.98;

}  // namespace

// An id that was renamed at `when` may not lead to the session any more, or not for this request.
// What a request waited between proxy and member is not known to the member: it came so much later,
// and by what the clocks of the two may differ (I5).
bool Clientele::is_alias_over(const Exchange& exchange, TimePoint when) const {
  const auto after = [when](Duration kept) {
    return when + std::chrono::duration_cast<Duration>(kept * kSlowestClock);
  };
  return network_.now() >= after(profile_.alias_kept) ||
         exchange.delivered - exchange.waited + exchange.waited / 50 >= after(kInFlight);
}

void Clientele::note_renamed(const Exchange& exchange, const BeginOutcome& begun,
                             const CommitOutcome& outcome) {
  Client& client = *exchange.client;
  const bool is_renamed = exchange.action == Action::kLogin && outcome.cookie &&
                          outcome.cookie->sid != begun.sid &&
                          exchange.generation == client.generation;
  if (!is_renamed) return;
  client.renames.push_back({outcome.cookie->sid, outcome.cookie->floor, exchange.begun});
}

// On its way for longer than the id that it was sent with is known, after a login that was answered
// meanwhile, or that a member has committed.
bool Clientele::is_known_no_more(const Client& client, const Exchange& exchange) const {
  if (!exchange.cookie) return false;
  const SessionId& sid = exchange.cookie->sid;
  Position own;  // when the session got this id
  for (const Client::Rename& rename : client.renames) {
    if (rename.sid == sid) own = rename.at;
  }
  return std::ranges::any_of(client.renames,
                             [&](const Client::Rename& rename) {
                               return rename.at > own && is_alias_over(exchange, rename.begun);
                             }) ||
         std::ranges::any_of(client.ghosts, [&](const Ghost& ghost) {
           return ghost.cookie.sid == sid && is_alias_over(exchange, ghost.renamed);
         });
}

// One that knows the old id alone is not told the new one, unless it was the login (I6).
void Clientele::check_named_id(const Exchange& exchange, const Answer& answer) {
  const bool is_named = !answer.is_new && answer.cookie && exchange.cookie &&
                        answer.cookie->sid != exchange.cookie->sid;
  if (is_named && exchange.action != Action::kLogin) {
    violation(exchange, "S6: an answer that is not the login's names the new id");
  }
}

void Clientele::on_cleared(Client& client, const Exchange& exchange) {
  if (exchange.action == Action::kLogout) {
    for (const auto& cookie : client.cookies) {
      if (!cookie) continue;
      add_ghost(client, *cookie, TimePoint{}, network_.now());
      checker_.on_ended(cookie->sid);
    }
    // The old ids of a session end with it; those of one that was lost before end by their time.
    for (Ghost& ghost : client.ghosts) {
      if (ghost.generation != client.generation) continue;
      ghost.from = std::min(ghost.from, network_.now());
      ghost.is_delayed = false;
    }
  }
  begin_again(client);
}

void Clientele::add_ghost(Client& client, const SessionToken& cookie, TimePoint renamed,
                          TimePoint from) {
  client.ghosts.push_back({cookie, renamed, from, renamed != TimePoint{}, client.generation});
  if (client.ghosts.size() > kGhostsKept) client.ghosts.pop_front();
}

void Clientele::keep_cookie(Client& client, const Exchange& exchange, const SessionToken& cookie) {
  auto& kept = client.cookies[exchange.device];
  const bool is_renamed =
      kept && kept->sid != cookie.sid && exchange.cookie && exchange.cookie->sid == kept->sid;
  if (is_renamed) {
    // The member counts from its commit: of this request, or of a login that was not answered yet.
    TimePoint renamed_from = exchange.started;
    for (const auto& [number, since] : client.logins) renamed_from = std::min(renamed_from, since);
    add_ghost(client, *kept, renamed_from, network_.now() + kInFlight + kAliasMargin);
    checker_.on_renamed(kept->sid, cookie.sid);
    checker_.on_end_known(kept->sid, cookie.primary, cookie.secondary);
  }
  kept = cookie;
}

}  // namespace understudy::sim
