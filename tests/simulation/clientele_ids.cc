// SPDX-License-Identifier: Apache-2.0
// The ids of a client's session: for how long an old one is known after a login, and which must not
// lead to a session any more.
#include <algorithm>

#include "tests/simulation/clientele.h"

namespace understudy::sim {

namespace {

constexpr size_t kGhostsKept = 12;
// An old id is known for alias_kept, at each member that hears of the new one; clocks differ.
constexpr Duration kAliasMargin = std::chrono::seconds(4);
constexpr double kSlowestClock = 0.98;

}  // namespace

// An id that was renamed at `when` may be known no more.
bool Clientele::is_alias_over(TimePoint when) const {
  return network_.now() >=
         when + std::chrono::duration_cast<Duration>(profile_.alias_kept * kSlowestClock);
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
                               return rename.at > own && is_alias_over(rename.begun);
                             }) ||
         std::ranges::any_of(client.ghosts, [&](const Ghost& ghost) {
           return ghost.cookie.sid == sid && is_alias_over(ghost.renamed);
         });
}

void Clientele::add_ghost(Client& client, const SessionToken& cookie, TimePoint renamed,
                          TimePoint from) {
  client.ghosts.push_back({cookie, renamed, from, renamed != TimePoint{}});
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
    add_ghost(client, *kept, renamed_from, network_.now() + profile_.alias_kept + kAliasMargin);
    checker_.on_renamed(kept->sid, cookie.sid);
    checker_.on_end_known(kept->sid, cookie.primary, cookie.secondary);
  }
  kept = cookie;
}

}  // namespace understudy::sim
