// SPDX-License-Identifier: Apache-2.0
// What a request asks of the session layer and what it is told: begin() before its handler runs,
// commit() after. No HTTP here: the caller has read and verified the cookie and will write the
// status, headers and cookie that an outcome stands for. Values.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend_sdk/replication/session_image.h"
#include "backend_sdk/wire/ids.h"
#include "base/clock.h"

namespace understudy {

// The fields of an affinity cookie whose signature held.
struct SessionToken {
  SessionId sid;
  MemberId primary = kNobody;
  MemberId secondary = kNobody;  // kNobody: "-"
  Position floor;                // the least this client has been shown
  bool is_to_renew = false;      // of a cookie whose key is on the way out; never of one of ours
  bool operator==(const SessionToken&) const = default;
};

// What a proxy says of the member to which it sends the request.
enum class ProxyOrder : uint8_t {
  kNone,   // the request did not come from a proxy
  kServe,  // it may keep the sessions that it has
  kMove,   // an operator wants its sessions elsewhere
};

struct BeginRequest {
  // Nothing when there was no cookie or its signature did not hold: the client gets a new session.
  std::optional<SessionToken> token = {};
  RequestId request_id = 0;  // 0: this request cannot be recognised when it is sent again
  // The proxy did not get an answer from the member it would have asked (Understudy-Failover).
  bool failover = false;
  // With failover: that member lives, but an operator moves its sessions away.
  bool moved = false;
  // With failover: the proxy cannot connect to it, and cannot know whether others can.
  bool unreachable = false;
  // With failover: that member had it when the connection broke, and may have died of it.
  bool broken_off = false;
  bool exclusive = false;
  ProxyOrder order = ProxyOrder::kNone;
  Duration waited{};  // since it came to the proxy, as that one says
  // Requests whose answers have come to the proxy whole: it does not send them again. Of any
  // session; those that this member does not remember are passed over.
  std::vector<RequestId> answered = {};
};

// One request between begin() and commit() or abandon(). Never reused in the life of a process.
using RequestHandle = uint64_t;

enum class Unavailable : uint8_t {
  kNotJoined,    // not a member yet, or starting a new life
  kDraining,     // takes no new session and knows no member to send the client to
  kWaitedOut,    // ownership of the session was not decided before the deadline
  kSuspect,      // another member serves it, and whether that one lives is not known
  kQueueFull,    // too many requests wait for this session or on this member
  kBusy,         // exclusive() waited too long
  kUnprotected,  // no copy could be made, and SoloPolicy is deny
  kTooMany,      // MaxSessions
  kMinority,     // cut off from the majority
  kOutdated,  // sent before a death that left an older copy was known: its client has to ask again
};
const char* to_string(Unavailable reason);

struct BeginOutcome {
  enum class Kind : uint8_t {
    kProceed,      // run the handler with the snapshot; commit() or abandon() the handle
    kAnswer,       // it ran before: send `response` again; no handle
    kRedirect,     // 421 with `route`; no handle
    kUnavailable,  // 503; no handle
  };
  Kind kind = Kind::kUnavailable;

  // kProceed.
  RequestHandle handle = 0;
  SessionId sid;
  std::shared_ptr<const Attributes> attributes;
  Position position;             // (0, 0) for a new session
  MemberId secondary = kNobody;  // who holds the copy now
  bool is_new = false;           // exists only once a commit leaves something in it
  bool lost = false;             // is_new, in place of a session that no member holds any more
  bool recovered = false;        // as CommitOutcome's
  bool replayed = false;  // ran and committed before, its answer was not kept: changes are ignored

  // kAnswer.
  Bytes response;
  std::optional<SessionToken> cookie = {};  // set when the client's has to be rewritten
  bool solo = false;

  // kRedirect.
  MemberId route = kNobody;

  // kUnavailable.
  Unavailable reason = Unavailable::kNotJoined;
  Duration retry_after{};
};

// What a handler did. All of it happens, or none.
struct Change {
  std::vector<AttributeChange> attributes;
  std::optional<Duration> ttl = {};
  Bytes response;  // to be sent again instead of running the handler again; null: not kept
  // The session is over; wins over everything else here.
  bool invalidate = false;
  // The session goes on under this id, fresh and random (login); the old one leads on what was
  // under way. Where it is not the session's present one any more, what follows is a session of its
  // own.
  std::optional<SessionId> new_id = {};

  bool is_empty() const {
    return attributes.empty() && !ttl && !response && !invalidate && !new_id;
  }
};

struct CommitOutcome {
  enum class Kind : uint8_t {
    kReleased,     // send the response
    kFenced,       // the session moved while the handler ran: 421 with `route`, nothing happened
    kTooLarge,     // the session would exceed its limit: nothing happened; `text` says what
    kReadOnly,     // a second commit of one request, or an unknown handle: nothing happened
    kUnavailable,  // 503: not to be seen yet. The change may or may not happen; the same request
                   // id sent again is answered correctly either way.
  };
  Kind kind = Kind::kUnavailable;

  // kReleased.
  std::optional<SessionToken> cookie = {};  // set when the client's has to be written
  bool clear_cookie = false;                // the session ended
  bool solo = false;                        // no other member holds what this response shows
  bool lost = false;                        // as at begin
  bool recovered = false;                   // served from the surviving copy without the last proof
  bool replayed = false;  // the request id had been committed: this change was ignored
  bool is_apart = false;  // a login with an id of before another: a session of its own was begun

  MemberId route = kNobody;                      // kFenced; kNobody: no member is known to serve it
  std::string text;                              // kTooLarge
  Unavailable reason = Unavailable::kWaitedOut;  // kUnavailable
  Duration retry_after{};
};

// A session that this member believes to serve, and whether it may answer for it now.
struct ServedSession {
  SessionId sid;
  Position position;
  ChannelId channel = 0;    // 0: solo
  bool may_answer = false;  // sealed by us, or open with a valid lease
};

using BeginCallback = std::function<void(BeginOutcome)>;
using CommitCallback = std::function<void(CommitOutcome)>;

}  // namespace understudy
