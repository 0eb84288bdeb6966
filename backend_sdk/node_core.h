// SPDX-License-Identifier: Apache-2.0
// NodeCore: one process as a member: membership, channels and sessions put together, without any
// socket or thread. Time comes from the Clock, messages through the Transport, requests through
// begin() and commit(). Owned by Node (or by the simulator); loop thread only.
//
// Callbacks given to begin(), commit() and drain(), and the Host's methods, run at the end of the
// outermost call into NodeCore (so possibly before it returns, but never in the middle of it): they
// may call anything here; the callbacks of those calls run after the current one has returned. Each
// callback is called exactly once; the destructor calls none.
//
// It outlives its lives: when the cluster expels this member (it was silent for too long), all
// sessions and copies are dropped, requests under way are answered (421 to the secondary, or 503),
// Host::on_new_life gives the transport a fresh mid, and it joins again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend_sdk/membership/membership.h"
#include "backend_sdk/replication/options.h"
#include "backend_sdk/replication/statistics.h"
#include "backend_sdk/sessions/options.h"
#include "backend_sdk/sessions/requests.h"
#include "backend_sdk/sessions/statistics.h"
#include "backend_sdk/transport/transport.h"

namespace understudy {

struct NodeCoreOptions {
  MembershipOptions membership;  // self.mid is set by NodeCore, for each life anew
  ReplicationOptions replication;
  SessionOptions sessions;
};

struct NodeCoreStatistics {
  SessionStatistics sessions;
  ReplicatorStatistics channels;
  uint64_t lives = 0;

  // Now.
  uint64_t sessions_primary = 0;  // served here, solo ones included
  uint64_t sessions_solo = 0;
  uint64_t sessions_secondary = 0;    // copies held for others
  uint64_t sessions_passed_over = 0;  // and what their primaries had sealed without us
  uint64_t replica_bytes = 0;
  uint64_t channels_out = 0;  // open, this member primary
  uint64_t channels_in = 0;   // open, this member secondary
  uint64_t requests_under_way = 0;
  uint64_t requests_parked = 0;
};

// What this member believes right now, session by session: for a status page, and for the
// simulator, which compares the beliefs of all members. Costs a walk over everything.
struct NodeCoreFacts {
  struct Copy {
    SessionId sid;
    Position position;
    ChannelId channel = 0;
  };
  struct Channel {
    ChannelId id = 0;
    MemberId primary = kNobody;
    MemberId secondary = kNobody;
    MemberId witness = kNobody;
    const char* state = "";
    bool is_sealed_by_us = false;
  };
  bool has_quorum = false;
  std::vector<ServedSession> served;
  std::vector<Copy> copies;
  std::vector<Copy> passed_over;  // kept, and not served from
  std::vector<Channel> channels;
};

class NodeCore final : public Transport::Receiver {
 public:
  class Host {
   public:
    virtual ~Host() = default;
    // From now on the transport's HELLOs and datagrams say `mid`, and links of an earlier life are
    // closed. Called once from start() and again after each expulsion. The only method that is
    // called in the middle of a call; it must not call back.
    virtual void on_new_life(MemberId mid) = 0;
    virtual void on_view(const MemberView& view) = 0;
    // A client named a session that no member holds any more; floor is the least it had been shown.
    virtual void on_session_lost(const SessionId& sid, Position floor) = 0;
    // Two members had served one session (no witness, partition): `kept` lived on, `dropped` not.
    virtual void on_conflict(const SessionId& sid, Position kept, Position dropped) = 0;
  };

  NodeCore(const NodeCoreOptions& options, const Clock& clock, Random& random, Transport& transport,
           Host& host);
  ~NodeCore() override;

  void start();
  // Graceful: no new sessions; waits for requests under way, hands each session to its secondary,
  // moves the copies it holds to other members, leaves. Then the callback, once, at the latest
  // after drain_timeout. Afterwards begin() answers 421 or 503.
  void drain(std::function<void()> callback);
  // LEAVE without handing anything over; the copies take over by claim.
  void leave();

  // Of the verified cookies of one request: the one whose session lives, as far as is known here.
  std::optional<SessionToken> choose(const std::vector<SessionToken>& tokens) const;
  void begin(const BeginRequest& request, BeginCallback callback);
  // Ends the handle. kReleased means: the secondary holds all that this request has written and
  // read (or the session is solo and that is allowed).
  void commit(RequestHandle handle, Change change, CommitCallback callback);
  // The handler ends without a response (its client has gone); nothing is committed.
  void abandon(RequestHandle handle);

  // Does what is due; call it at wake_at(), after every turn of the loop that called in here.
  void advance();
  TimePoint wake_at() const;

  MemberId mid() const;  // of this life
  const MemberView& view() const;
  bool is_admitted() const;
  // Membership::obstacle(): why it is not admitted, where the operator must act.
  std::string obstacle() const;
  NodeCoreStatistics statistics() const;
  NodeCoreFacts facts() const;

  // From the transport.
  void on_frame(const Peer& from, Frame frame) override;
  void on_link_down(const Peer& peer, LinkDown why) override;
  void on_datagram(MemberId from, const Datagram& datagram) override;
  void on_probe_failed(const Peer& peer, LinkDown why) override;
  void on_probe_answered(const Peer& peer) override;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace understudy
