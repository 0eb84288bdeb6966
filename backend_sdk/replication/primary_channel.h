// SPDX-License-Identifier: Apache-2.0
// PrimaryChannel: the primary's end of one replication channel (PROTOCOL 2.1-2.3, 2.6): numbers the
// frames, counts the window, keeps the lease, and takes the channel back when the secondary is
// silent. It does not know what sessions are: frames carry an id and a position, and come back as
// acknowledged or refused. Owned by Replicator; called with the time, acts through its Host.
//
//   OPENING -> OPEN (is_stalled() when the lease is over) -> CLAIMING -> OWNED -> CLOSED
//   any of the first three -> FENCED -> CLOSED;  OPEN -> GRANTING -> GRANTED -> CLOSED (drain)
//   GRANTING -> CLAIMING, when the secondary falls silent: GRANT is no vote, the witness decides
//   OPEN -> ADOPTING -> CLOSED: a successor between the same members takes all copies over
#pragma once

#include <deque>
#include <string>
#include <unordered_map>

#include "backend_sdk/replication/fate.h"
#include "backend_sdk/replication/notice.h"
#include "backend_sdk/replication/options.h"
#include "backend_sdk/replication/payloads.h"
#include "backend_sdk/wire/frame.h"
#include "base/clock.h"

namespace understudy {

class PrimaryChannel final {
 public:
  enum class State : uint8_t {
    kOpening,
    kOpen,
    kAdopting,  // nothing more is sent here; the successor's OPEN decides
    kClaiming,  // own vote cast; asking the witness and the secondary
    kOwned,     // sealed by us: the secondary's copies are worth nothing
    kFenced,    // sealed by the secondary, or no member can tell any more
    kGranting,  // stopped; the secondary may claim at once, and has not answered yet
    kGranted,   // sealed by the secondary, as we wished
    kClosed,
  };

  // Called inside of calls into the channel; must not destroy it.
  class Host {
   public:
    virtual ~Host() = default;
    virtual void send(MemberId to, Frame frame) = 0;
    // The secondary holds it now. `ended`: the frame was an INVALIDATE.
    virtual void on_acked(PrimaryChannel& channel, const SessionId& sid, Position position,
                          bool ended) = 0;
    // The secondary does not hold what was sent; once per refusal. kNeedFull wants a FULL; with the
    // other codes it holds nothing of the session and will not, and the session is out of the
    // channel.
    virtual void on_refused(PrimaryChannel& channel, const Nack& nack) = 0;
    // state() or is_outvoted() changed.
    virtual void on_state(PrimaryChannel& channel) = 0;
    // The lease was over and is valid again, or there is room in the window again.
    virtual void on_relief(PrimaryChannel& channel) = 0;
  };

  PrimaryChannel(const ReplicationOptions& options, const ChannelParties& parties, Host& host);
  PrimaryChannel(const PrimaryChannel&) = delete;

  // Sends OPEN; frames may follow at once. With `adopts`, that channel's copies move over; begin()
  // its adoption first.
  void open(uint64_t view_hash, PrimaryChannel* adopts, TimePoint now);
  void begin_adoption();
  // The successor is open: everything that was under way here is held there.
  void end_adoption();

  // Appends a frame about a session; false (and nothing happens) when there is no room or the
  // channel takes nothing more. Bulk copies leave half of the window free and respect the
  // secondary's credit.
  bool append(FrameType type, const SidPayload& about, std::string payload, bool bulk,
              TimePoint now);
  void renew(TimePoint now);  // when the lease is wanted and nothing is under way

  // "A drops B": no proof is needed.
  void claim(TimePoint now);
  // Only when is_quiet(): hands the channel over.
  void grant(TimePoint now);
  // Nothing lives here any more; tells the others, a few times.
  void close(TimePoint now);

  void on_ack(const AckPayload& ack, TimePoint now);
  void on_vote(MemberId from, MemberId winner, TimePoint now);
  void on_stale(MemberId owner, TimePoint now);
  void on_link_down(TimePoint now) { claim(now); }  // towards the secondary
  // `has_quorum`: a death that is only believed counts when we are on the majority's side. `now` is
  // Clock::read(): was the lease still valid when the secondary died?
  void on_fate(Fate secondary, Fate witness, bool has_quorum, TimePoint now);

  // Acks are not judged late before `patience`: we were asleep ourselves.
  void advance(TimePoint now, TimePoint patience);
  TimePoint wake_at() const;

  State state() const { return state_; }
  const ChannelParties& parties() const { return parties_; }
  ChannelId id() const { return parties_.id; }
  // R1: reads may be answered. Writes need no lease, the secondary's refusal protects them. Asked
  // with Clock::read() at the moment of use: the turn's time may be older than the end of the
  // lease.
  bool may_serve(TimePoint read) const;
  bool has_lease(TimePoint read) const { return read < lease_end_; }
  // OPENING, and the secondary cannot have begun to claim: its grace begins with its first grant,
  // which comes after our OPEN.
  bool is_fresh(TimePoint now) const { return state_ == State::kOpening && now < unclaimed_until_; }
  // The witness has voted for the secondary, which has not confirmed: requests go there. If it is
  // proven dead before it does, the channel is FENCED, and what we have is what is left.
  bool is_outvoted() const { return outvoted_; }
  // With OWNED: no member has voted but we. The secondary may go on as well, if it lives.
  bool is_alone() const { return is_alone_; }
  // Nothing of it can have ended anywhere else before.
  TimePoint last_certain() const;
  // Sealed by us, and so is the successor, if there is one.
  bool is_owned() const;
  bool takes_frames() const { return state_ == State::kOpening || state_ == State::kOpen; }
  bool is_quiet() const { return in_flight_.empty(); }
  bool has_room(size_t bytes) const;
  bool has_bulk_room(size_t bytes) const;
  PrimaryChannel* successor() const { return successor_; }
  PrimaryChannel* adopts() const { return adopts_; }
  // The secondary has sealed the successor, in which the copies of this channel are.
  void on_successor_fenced();
  bool has_refusals() const { return !refused_.empty(); }
  // The secondary, which owns the channel, says that other members hold all of its sessions.
  void note_released() { is_released_ = true; }
  bool is_released() const { return is_released_; }
  bool is_over() const { return state_ == State::kClosed && closing_.is_over(); }
  void on_close_heard() { closing_.on_heard(); }
  void forget_adoption() { successor_ = adopts_ = nullptr; }
  bool is_lost() const { return lost_; }  // with kFenced: no member can have it

 private:
  struct InFlight {
    uint64_t seq = 0;
    FrameType type{};
    SidPayload about;
    size_t bytes = 0;
    bool bulk = false;
    TimePoint sent_at;
  };
  void on_nack(const Nack& nack, TimePoint now);
  void transmit(FrameType type, const SidPayload& about, std::string payload, bool bulk,
                TimePoint now);
  void send_claims(TimePoint now);
  void send_plain(MemberId to, FrameType type);
  void become(State state);
  void settle(TimePoint now);  // may we own it without another vote?
  bool may_go_on_alone() const;
  TimePoint ack_due() const;

  // Constant after construction.
  const ReplicationOptions& options_;
  const ChannelParties parties_;
  Host& host_;

  State state_ = State::kOpening;
  bool outvoted_ = false;
  bool is_released_ = false;
  bool is_alone_ = false;
  bool lost_ = false;
  bool is_short_ = false;  // a frame was refused for want of room
  PrimaryChannel* successor_ = nullptr;
  PrimaryChannel* adopts_ = nullptr;
  uint64_t last_seq_ = 0;
  std::deque<InFlight> in_flight_;
  size_t in_flight_bytes_ = 0;
  size_t bulk_bytes_ = 0;
  uint32_t credit_ = 0;
  uint64_t last_stamp_ = 0;
  // Refusals that the secondary repeats: sid -> seq of our answer to it, 0: none yet.
  std::unordered_map<SessionId, uint64_t> refused_;
  TimePoint lease_end_{};
  TimePoint unclaimed_until_{};  // the secondary cannot have begun to claim before
  TimePoint granted_at_ = TimePoint::max();
  TimePoint last_sent_{};
  TimePoint repeat_at_ = TimePoint::max();  // CLAIM, GRANT, CLOSE
  Notice closing_;
  int witness_told_ = 0;

  Fate secondary_ = Fate::kUsable;
  Fate witness_ = Fate::kUsable;
  bool has_quorum_ = true;
  bool died_under_lease_ = false;  // the secondary provably died before it could claim
  TimePoint alone_since_ = TimePoint::max();
};

const char* to_string(PrimaryChannel::State state);

}  // namespace understudy
