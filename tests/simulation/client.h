// SPDX-License-Identifier: Apache-2.0
// Client and Exchange: the user of one session, with one or several devices, who has requests under
// way, and one such request on its way through the proxy. Values of Clientele.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend_sdk/sessions/requests.h"
#include "tests/simulation/checker.h"

namespace understudy::sim {

enum class Action : uint8_t {
  kAppend,  // exclusive: appends its request id to the log
  kAnswer,  // the same, and keeps the answer for a repeated request
  kSlot,    // not exclusive: raises the counter of its slot
  kMark,    // not exclusive: raises one that no other under way does
  kBlob,    // makes the session large or small
  kRead,
  kLogin,  // the session gets a new id
  kLogout,
};

// A cookie that must not lead to a session any more.
struct Ghost {
  SessionToken cookie;
  TimePoint renamed;  // by a login, not before; its old id is known for a while after that
  TimePoint from;     // and surely not any more from then on
  // Each member counts from when it has heard of the login, which faults delay.
  bool is_delayed = false;
  uint64_t generation = 0;  // of the client's session that had this id
};

struct Client {
  size_t index = 0;
  std::vector<std::optional<SessionToken>> cookies;  // one for each device
  uint64_t generation = 0;                           // +1 with every session this client has had
  ClientHistory history;
  bool solo = false;  // its last response was flagged so
  TimePoint since;    // of this session
  TimePoint touched;  // when a request of this session began last
  std::deque<Ghost> ghosts;
  uint64_t started = 0;
  std::map<uint64_t, RequestId> under_way;  // by number
  std::map<uint64_t, TimePoint> logins;     // of them, since when
  // Logins that a member has committed, whether their answers came or not.
  struct Rename {
    SessionId sid;  // the new id
    Position at;    // the session's, in order of the commits
    TimePoint begun;
  };
  std::vector<Rename> renames;
  bool logging_out = false;
  bool may_have_ended = false;  // a logout or login was not answered

  bool has_session() const;
};

struct Exchange {
  Client* client = nullptr;
  uint64_t number = 0;
  RequestId request = 0;
  Action action = Action::kRead;
  size_t slot = 0;
  size_t device = 0;
  size_t blob_bytes = 0;
  std::optional<SessionToken> cookie;  // as sent; the same when it is sent again
  uint64_t generation = 0;
  ClientHistory::Floor floor;
  bool is_ghost = false;  // sent with a cookie of before the logout
  TimePoint started;
  TimePoint delivered;  // to a member, at last
  TimePoint begun;      // in a member, at last
  TimePoint give_up;
  Duration idle{};        // of the session, before this request found it no more
  bool was_solo = false;  // the client's last response by then
  Duration waited{};      // when it was sent last, in whole milliseconds
  uint64_t attempt = 0;   // answers to earlier ones are not listened to
  size_t refusals = 0;    // members tried since the beginning of the round
  size_t member = 0;      // asked now
  bool is_over = false;
  bool failover = false;
  bool unreachable = false;
  bool broken_off = false;
  bool moved = false;      // because an operator wants it so
  bool is_unsure = false;  // an earlier attempt may still run: its answer is never told as arrived

  bool is_exclusive() const { return action == Action::kAppend || action == Action::kAnswer; }
};
using ExchangePtr = std::shared_ptr<Exchange>;

struct Answer {
  bool is_new = false;
  bool is_apart = false;  // a new session, for the id that the login came with has ended
  bool lost = false;
  bool solo = false;
  bool recovered = false;
  bool replayed = false;
  bool clear_cookie = false;
  std::optional<SessionToken> cookie;
  Shown shown;
};

std::string encode(const Shown& shown);
Shown decode_shown(const std::string& text);
Shown shown_from(const Attributes& attributes);
// Of kSlot and kMark: which they raise by one.
size_t counter_of(const Exchange& exchange);
// What the handler of `exchange` changes, given what it was shown; `shown` becomes what it answers.
Change handle(const Exchange& exchange, const BeginOutcome& begun, Random& random, Shown& shown);

}  // namespace understudy::sim
