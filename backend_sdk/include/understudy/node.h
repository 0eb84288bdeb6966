// SPDX-License-Identifier: Apache-2.0
// Node: this process as a member of the cluster. It joins, beats, keeps sessions, copies each to a
// secondary before its response leaves, and takes over when it must. It serves no HTTP itself: an
// adapter (evhttp.h) or the application's own server calls begin() before and finish() after a
// handler. One thread of its own; every method may be called from any thread. In a process that was
// forked from the one that opened it a node does nothing, and says so: requests are answered 500.
//
//   request -> begin() -> Decision: run the handler with a Session, or send the Reply
//              handler    reads and changes the Session
//              finish() -> Release: the gate is open; send the response with these headers added
//
// An adapter that finds the proxy's connection closed when the Decision comes drops the Session: a
// request that had to wait may run elsewhere by now.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "understudy/awaiting.h"
#include "understudy/executor.h"
#include "understudy/export.h"
#include "understudy/failure.h"
#include "understudy/http.h"
#include "understudy/options.h"
#include "understudy/relayed.h"
#include "understudy/session.h"

namespace understudy {

// More requests between begin() and finish() than this are answered 503 at once.
inline constexpr std::size_t kRequestsUnderWayMax = 65'536;

// A door says this of a request whose body it has whole: such a request may be answered by the
// member that serves its session (Options::third_server). Without it the Decision is a 421.
struct RelayBody {
  std::string_view bytes = {};  // read during the call only
  // The answer comes piece by piece, as Decision::relayed. Otherwise it is a whole `reply`, and one
  // of more than 16 MiB becomes a 502.
  bool streams = false;
};

struct BeginOptions {
  // One request of this session at a time, in the order they came (ExclusiveQueue, ExclusiveWait;
  // then 503). Across the cluster: all requests of a session meet at one member.
  bool exclusive = false;
  // Where the callbacks of begin() and of the matching finish() run; null: the node's thread,
  // where they must be quick. Never inside of the call itself, unless the node is gone and there
  // is no executor.
  std::shared_ptr<Executor> executor = {};
  std::optional<RelayBody> relay = {};
};

// What to do with a request: run the handler with `session`, unless there is a `reply` to send
// instead: 421 when another member serves the session, 503 when none may now, the stored answer of
// a request that ran before, the answer of the member that serves the session, the reserved path.
// The reply's headers are complete. Where the door asked for it (RelayBody::streams), that member's
// answer is `relayed` instead.
struct Decision {
  std::optional<Reply> reply;
  Session session;
  Relayed relayed = {};
};

// The session's changes are safe, or never happened. Send the handler's response with `headers`
// added, unless there is a `reply` to send instead (421: overtaken while the handler ran; 500: a
// change was refused; 503: no copy could be made and SoloPolicy is deny).
struct Release {
  std::optional<Reply> reply;
  std::vector<Header> headers;
  SessionNote note = SessionNote::kNone;
};

struct MemberStatus {
  std::uint32_t mid = 0;  // this life of the member
  std::string name;
  std::string address;  // of its HTTP
  std::string machine;
  bool is_alive = false;  // alive, or merely suspected
  bool is_draining = false;
  bool is_self = false;
};

// How far a node is. It rises and, when members die or this one is expelled, falls again.
enum class Readiness : std::uint8_t {
  kJoining,    // not in the cluster: requests are answered 503
  kJoined,     // in it, and no other member can hold copies now; SoloPolicy says what that means
  kProtected,  // in it, and another member can
  kLeaving,    // drained, going down, or gone; for good
};
UNDERSTUDY_API std::string_view to_text(Readiness readiness);  // "joining", "joined" ...

// Hooks run on the node's thread and must not block. What they throw goes into the log.
struct Hooks {
  // After every change of readiness(), the first of which is from kJoining.
  std::function<void(Readiness)> on_readiness = {};
  // A client named a session that no member holds any more; epoch and version are the least it had.
  std::function<void(std::string_view id, std::uint32_t epoch, std::uint64_t version)>
      on_session_lost = {};
  // Two members had served this session while a partition kept the witness away; the newer one
  // lives on, what only the other one had is gone.
  std::function<void(std::string_view id)> on_conflict = {};
  // After every change of the member list.
  std::function<void(const std::vector<MemberStatus>&)> on_view = {};
};

// Counters since open(); from sessions_primary on, what is now.
struct NodeStatistics {
  std::uint64_t requests = 0;  // begin() with a session
  std::uint64_t commits = 0;   // of requests that changed their session
  std::uint64_t replays = 0;   // requests that had run before
  std::uint64_t sessions_created = 0;
  std::uint64_t sessions_promoted = 0;  // taken over from another member
  std::uint64_t sessions_lost = 0;
  std::uint64_t sessions_recovered = 0;
  std::uint64_t sessions_expired = 0;
  std::uint64_t solo_responses = 0;
  std::uint64_t rerouted = 0;     // 421, or relayed
  std::uint64_t unavailable = 0;  // 503
  std::uint64_t fenced = 0;       // times this member found itself overtaken
  std::uint64_t conflicts = 0;    // sessions with two owners; only possible without a witness
  std::uint64_t lives = 0;        // 1, and one more for each time the others held us for dead

  std::uint64_t sessions_primary = 0;
  std::uint64_t sessions_solo = 0;
  std::uint64_t sessions_secondary = 0;  // copies held for others
  std::uint64_t replica_bytes = 0;
  std::uint64_t requests_under_way = 0;
  std::uint64_t members_alive = 0;
};

class UNDERSTUDY_API Node final {
 public:
  // Binds ClusterListen, starts the thread and begins to join; does not wait for others.
  static Outcome<std::unique_ptr<Node>> open(const Options& options, Hooks hooks = {});
  // Leaves at once if drain() has not been called: LEAVE is sent, copies take over by claim.
  // Requests under way are answered 503. Executors still get their callbacks.
  ~Node();
  Node(const Node&) = delete;

  // `request` is only read during the call. The callback comes exactly once.
  void begin(const RequestView& request, const BeginOptions& options,
             std::function<void(Decision)> callback);
  // Commits and waits for the gate: until the secondary holds all that this request has written
  // and read. The callback comes exactly once, on the executor given to begin(). A session that was
  // finished before, moved from or never begun: the Release is a 500 that says so, on the node's
  // thread.
  void finish(Session session, std::function<void(Release)> callback);
  // The same for a response that is streamed: the handler keeps `session`, for reading only, and
  // sends its first byte after the callback. finish() is not called then. `session` must stay
  // where it is until the callback has come.
  void commit(Session& session, std::function<void(Release)> callback);

  // The same for coroutines (awaiting.h). They ask at once, and not when they are awaited.
  Awaiting<Decision> begin(const RequestView& request, const BeginOptions& options = {}) {
    return Awaiting<Decision>([&](auto arrive) { begin(request, options, std::move(arrive)); });
  }
  Awaiting<Release> finish(Session session) {
    return Awaiting<Release>([&](auto arrive) { finish(std::move(session), std::move(arrive)); });
  }
  Awaiting<Release> commit(Session& session) {
    return Awaiting<Release>([&](auto arrive) { commit(session, std::move(arrive)); });
  }

  // Headers for a response that was made without begin(): the member list, if the proxy's is old.
  std::vector<Header> headers_for(const RequestView& request) const;

  // Graceful: takes no new sessions, waits for requests under way (DrainTimeout), hands each
  // session to its secondary, leaves. Then the callback; further requests are answered 421 or 503.
  void drain(std::function<void()> callback, std::shared_ptr<Executor> executor = {});

  // Reads ClusterKeyFile again; when this returns, cookies, member lists, datagrams and new links
  // follow it. Connections, sessions and requests under way are untouched. A failure (a file that
  // is missing, wrong or readable by others, a key that took over the id of another one) leaves the
  // old keys in force. Waits for a turn of the node's thread; may be called there as well. A new
  // key is installed on every machine, then used, then the old one removed: README, "Changing the
  // key".
  [[nodiscard]] std::optional<Failure> reload_keys();

  Readiness readiness() const;
  // Waits until readiness() is `least` or better; `at_most` passed, or the node on its way out, is
  // a Failure that says how far it is. Not on the node's thread, which would wait for itself.
  // A service manager (NOTIFY_SOCKET, systemd's Type=notify) is told READY=1 without being asked:
  // when the node is protected, or, unless SoloPolicy is deny, when it has joined.
  [[nodiscard]] std::optional<Failure> wait_ready(std::chrono::milliseconds at_most,
                                                  Readiness least = Readiness::kJoined) const;

  NodeStatistics statistics() const;
  std::string metrics_text() const;  // Prometheus, text format 0.0.4
  std::vector<MemberStatus> members() const;
  const Options& options() const;
  std::string cluster_address() const;  // with the port that 0 became
  std::uint32_t mid() const;            // changes when the cluster made this member start over

  // For tests of applications: the process seems to die. No LEAVE, no hand-over, sockets closed.
  void abandon();

 private:
  class UNDERSTUDY_LOCAL Running;
  explicit Node(std::unique_ptr<Running> running);
  std::unique_ptr<Running> running_;
};

}  // namespace understudy
