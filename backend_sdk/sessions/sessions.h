// SPDX-License-Identifier: Apache-2.0
// Sessions: requests meet sessions. Lets a request begin where its session may be served, waits or
// sends it elsewhere where not; commits what it changed; and lets its response go only when a
// second member holds what it shows (R1, R2, R4, R7, S3, S4, S6, S11). Uses Replicator for
// everything between members and is its Owner. Owned by NodeCore for the whole process: it is
// attached to one life after the other. Loop thread only; callbacks are collected in ready() and
// run by the owner.
//
// In sessions_begin.cc the way in, in sessions_commit.cc the way out, in sessions_channels.cc what
// happens to channels, in sessions_lookup.cc questions to all, in sessions_recover.cc what was
// passed over, in sessions_drain.cc what is handed over, in sessions.cc time and lives.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "backend_sdk/replication/replicator.h"
#include "backend_sdk/sessions/id_history.h"
#include "backend_sdk/sessions/lookups.h"
#include "backend_sdk/sessions/options.h"
#include "backend_sdk/sessions/requests.h"
#include "backend_sdk/sessions/session_store.h"
#include "base/random.h"

namespace understudy {

struct SessionStatistics {
  uint64_t requests = 0;
  uint64_t commits = 0;
  uint64_t replays = 0;
  uint64_t created = 0;
  uint64_t promoted = 0;
  uint64_t lost = 0;
  uint64_t recovered = 0;
  uint64_t expired = 0;
  uint64_t solo_responses = 0;
  uint64_t rerouted = 0;
  uint64_t unavailable = 0;
  uint64_t fenced = 0;
  uint64_t conflicts = 0;
  uint64_t lookups = 0;
};

inline constexpr size_t kRequestsRemembered = 8;

class Sessions final : public Replicator::Owner, private Lookups::Members {
 public:
  class Host {
   public:
    virtual ~Host() = default;
    virtual void on_session_lost(const SessionId& sid, Position floor) = 0;
    virtual void on_conflict(const SessionId& sid, Position kept, Position dropped) = 0;
    virtual bool has_quorum() const = 0;
  };

  Sessions(const SessionOptions& options, const ReplicationOptions& replication, const Clock& clock,
           Random& random, Host& host);
  ~Sessions() override;
  Sessions(const Sessions&) = delete;

  // A life: between the two, `replicator` is used. At its end sessions are dropped, and everybody
  // who waits is told.
  void begin_life(Replicator& replicator, MemberId self);
  void end_life();

  void begin(const BeginRequest& request, BeginCallback callback);
  void commit(RequestHandle handle, Change change, CommitCallback callback);
  void abandon(RequestHandle handle);

  // Takes no new sessions and hands over what there is; is_drained() says when.
  void start_drain();
  bool is_drained() const;

  void on_view();
  void advance();
  TimePoint wake_at() const;
  std::deque<std::function<void()>>& ready() { return ready_; }

  const SessionStatistics& statistics() const { return statistics_; }
  std::vector<ServedSession> served() const;
  size_t size() const { return store_.size(); }
  size_t solo_count() const { return store_.unprotected_count(); }
  size_t active_count() const { return active_.size(); }
  size_t parked_count() const { return parked_.size(); }

  // Replicator::Owner.
  void on_acked(ChannelId channel, const SessionId& sid, Position position, bool ended) override;
  void on_refused(ChannelId channel, const Nack& nack) override;
  void on_primary(PrimaryChannel& channel) override;
  void on_adopted(ChannelId from, ChannelId to) override;
  size_t sessions_in(ChannelId channel) const override { return store_.count_in(channel); }
  bool needs_passed_over(ChannelId channel) const override {
    return store_.is_passed_over_in(channel);
  }
  void on_promoted(SecondaryChannel& channel) override;
  void on_passed_over(SecondaryChannel& channel) override;
  void on_secondary(SecondaryChannel& channel) override;
  std::optional<NackCode> on_copy_offered(MemberId primary, const SessionId& sid,
                                          Position position) override;
  void on_copy_ended(const SessionId& sid) override;
  void on_copy_renamed(const SessionId& old_id, const SessionId& new_id) override;
  void on_hand_over_asked(PrimaryChannel& channel, bool is_only_this) override;
  FoundPayload on_lookup(const LookupPayload& lookup) override;
  void on_found(MemberId from, const FoundPayload& found) override;
  void on_probe(MemberId member, bool answered) override;
  bool has_quorum() const override { return host_.has_quorum(); }

 private:
  using Session = SessionStore::Session;

  // A request that has not begun.
  struct Pending {
    PendingId id = 0;
    BeginRequest request;
    BeginCallback callback;
    TimePoint arrived;
    TimePoint began;                               // at the proxy, at the latest
    TimePoint deadline = TimePoint::max();         // of what it waits for now
    Unavailable reason = Unavailable::kWaitedOut;  // when the deadline passes
    MemberId answered = kNobody;                   // the primary that a probe found alive
    enum class HandOver : uint8_t { kNotAsked, kAwaited, kOverdue } hand_over = {};
    Position seen;  // of the session when the request came: ours, the copy's, or the client's floor
    bool has_run = false;  // as the same told
  };
  using PendingPtr = std::unique_ptr<Pending>;

  // A request between begin and commit.
  struct Active {
    SessionId sid;
    uint64_t generation = 0;  // 0: the session does not exist yet
    uint64_t version = 0;     // what it was shown
    RequestId request_id = 0;
    std::optional<SessionToken> token;
    bool lost = false;
    bool recovered = false;
    bool replayed = false;
    bool exclusive = false;
  };

  // A response that waits at the gate (R4).
  struct Verdict {
    enum class Kind : uint8_t { kReleased, kFenced, kUnavailable } kind = Kind::kReleased;
    SessionToken token;  // kReleased: where the session stands
    bool solo = false;
    bool ended = false;
    MemberId route = kNobody;
    Unavailable reason = Unavailable::kWaitedOut;
  };
  struct Ticket {
    SessionId sid;
    uint64_t needed = 0;      // the version that the secondary must hold
    bool reads_only = false;  // nothing was written that the secondary could have refused
    TimePoint deadline;
    std::function<void(const Verdict&)> done;
  };

  // sessions_begin.cc
  void admit(PendingPtr pending);
  void admit_outside(PendingPtr pending);
  void admit_new(PendingPtr pending, bool lost);
  void admit_here(PendingPtr pending, Session& session);
  bool waits_for_session(PendingPtr& pending, Session& session);
  void answer_again(PendingPtr pending, Session& session, const CommittedRequest& committed);
  void proceed(PendingPtr pending, Session& session, bool replayed);
  void note_what_is_known(Pending& pending);
  const SessionImage* known_image(const SessionId& sid);
  static bool may_be_forgotten(const Pending& pending, const Session& session);
  void admit_at_copy(PendingPtr pending, SecondaryChannel& channel);
  void admit_as_stranger(PendingPtr pending);
  void redirect(PendingPtr pending, MemberId route);
  void refuse(PendingPtr pending, Unavailable reason);
  void park(PendingPtr pending, ChannelId channel, Duration wait);
  void park_for_session(PendingPtr pending, Duration wait, Unavailable reason);
  void wake(ChannelId channel);
  void readmit(PendingId id);
  Duration patience() const;

  // sessions_lookup.cc
  void look_up(PendingPtr pending, const SessionId& sid);
  void ask_around(const SessionId& sid, PendingId waiting);
  void finish_lookups();
  void conclude_lookup(PendingPtr pending, const Lookups::Finished& finished);

  // sessions_recover.cc
  void admit_at_passed_over(PendingPtr pending, ChannelId channel, MemberId owner);
  MemberId claimable_from(const SessionId& sid) const;
  void settle_passed_over(const Lookups::Finished& finished);
  void recover(const SessionId& sid);
  void recover_in_background();
  bool end_elsewhere(Session& session);
  static bool has_seen_more(const SessionToken& token, const Session& session);
  static bool is_recovered(const SessionToken& token, const Session& session);
  static TimePoint began(const BeginRequest& request, TimePoint arrived);
  static bool is_outdated(const Pending& pending, const Session& session);

  // sessions_commit.cc
  void finish(const Active& active, RequestHandle handle);
  void commit_gone(const Active& active, CommitCallback callback);
  void commit_new(const Active& active, Change change, CommitCallback callback);
  void commit_here(const Active& active, Session& session, Change change, CommitCallback callback);
  std::string too_large(const Session* session, const Change& change) const;
  void write(Session& session, const Active& active, const Change& change);
  void release_repeated(Session& session, RequestId request);
  void rename(Session& session, const SessionId& new_id);
  void end_session(Session& session, const Active& active, CommitCallback callback);
  void wait_at_gate(Session& session, Ticket ticket);
  std::optional<Verdict> judge(const Session& session, const Ticket& ticket) const;
  void open_gate(Session& session);
  void settle_tickets(Session& session, const Verdict& verdict);
  void conclude(Ticket ticket, const Verdict& verdict);
  CommitOutcome outcome_of(const Active& active, const Verdict& verdict);
  SessionToken token_of(const Session& session, uint64_t version) const;

  // sessions_channels.cc
  bool protect(Session& session, bool any);
  void send_full(Session& session, bool bulk);
  void mark_dirty(Session& session);
  void flush_dirty(PrimaryChannel& channel);
  void on_owned(PrimaryChannel& channel);
  void fence_all(PrimaryChannel& channel);
  void fence(Session& session, MemberId route);
  void finish_end(Session& session);
  void protect_in_background();
  void tell_access(Session& session);
  void expire_session(Session& session);

  // sessions_drain.cc
  void advance_drain();
  void drain_channel(PrimaryChannel& channel);
  void heed(Told told);
  void start_move();
  void stop_move();
  void advance_move();
  void yield(PrimaryChannel& channel);
  void advance_yield();
  bool is_moving() const { return clock_.now() < move_until_; }
  bool holds_back() const;
  bool is_held(const PrimaryChannel& channel) const;
  void await_hand_over(PendingPtr pending, SecondaryChannel& channel);

  // sessions.cc
  void expire_due();
  void pass_deadlines();
  void schedule(TimePoint at);
  Duration tombstone_min() const;
  template <typename Outcome>
  void call(std::function<void(Outcome)> callback, Outcome outcome);

  // Lookups::Members.
  Fate fate_of(MemberId member) const override { return replicator_->fate(member); }
  MemberId self() const override { return self_; }

  // Constant after construction.
  const SessionOptions& options_;
  const ReplicationOptions& replication_;
  const Clock& clock_;
  Random& random_;
  Host& host_;

  // Of this life.
  Replicator* replicator_ = nullptr;  // null: between lives
  MemberId self_ = kNobody;
  SessionStore store_;
  std::unordered_map<ChannelId, std::deque<SessionId>> dirty_;
  std::unordered_map<ChannelId, std::vector<TicketId>> waiting_for_lease_;
  Lookups lookups_;

  // Of the process.
  IdHistory history_;
  std::unordered_map<RequestHandle, Active> active_;
  RequestHandle last_handle_ = 0;
  std::unordered_map<PendingId, PendingPtr> parked_;
  std::unordered_map<ChannelId, std::vector<PendingId>> parked_by_channel_;
  std::multimap<TimePoint, PendingId> parked_until_;
  PendingId last_pending_ = 0;
  std::unordered_map<TicketId, Ticket> tickets_;
  std::deque<std::pair<TimePoint, TicketId>> tickets_until_;  // all wait equally long
  TicketId last_ticket_ = 0;
  std::deque<std::function<void()>> ready_;

  bool draining_ = false;
  TimePoint drain_until_ = TimePoint::max();
  TimePoint move_since_{};
  TimePoint move_until_{};  // an operator drains this member; told anew with every request
  bool held_back_ = false;  // at the last look
  std::map<ChannelId, TimePoint> yielding_;  // until when their requests are kept back
  std::map<MemberId, TimePoint> yielded_;    // the last time to each secondary
  TimePoint bulk_after_{};
  TimePoint recover_after_{};
  double bulk_bytes_ = 0;  // may be sent now
  TimePoint bulk_filled_{};
  TimePoint wake_at_ = TimePoint::max();
  SessionStatistics statistics_;
};

}  // namespace understudy
