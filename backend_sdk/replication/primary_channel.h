// SPDX-License-Identifier: Apache-2.0
// PrimaryChannel: the primary's end of one replication channel (PROTOCOL 2.1-2.3, 2.6): its states,
// and the votes that decide them when the secondary is silent. What is under way is in SendWindow,
// until when it may answer in PrimaryLease. It does not know what sessions are: frames carry an id
// and a position, and come back as acknowledged or refused. Owned by Outgoing; called with the
// time, acts through its Host.
//
//   OPENING -> OPEN (is_stalled() when the lease is over) -> CLAIMING -> OWNED -> CLOSED
//   any of the first three -> FENCED -> CLOSED;  OPEN -> GRANTING -> GRANTED -> CLOSED (drain)
//   GRANTING -> CLAIMING, when the secondary falls silent: GRANT is no vote, the witness decides
//   OPEN -> ADOPTING -> CLOSED: a successor between the same members takes all copies over
#pragma once

#include <string>

#include "backend_sdk/membership/fates.h"
#include "backend_sdk/replication/notice.h"
#include "backend_sdk/replication/options.h"
#include "backend_sdk/replication/party_fates.h"
#include "backend_sdk/replication/payloads.h"
#include "backend_sdk/replication/primary_lease.h"
#include "backend_sdk/replication/send_window.h"
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
  // channel takes nothing more.
  bool append(FrameType type, const SidPayload& about, std::string payload, bool bulk,
              TimePoint now);
  void renew(TimePoint now);  // when the lease is wanted and nothing is under way

  // The link to the secondary is down, or the primary wants the channel back; no proof is needed.
  void claim(TimePoint now);
  // Only when the window is empty: hands the channel over.
  void grant(TimePoint now);
  // Nothing lives here any more; tells the others, a few times.
  void close(TimePoint now);

  void on_ack(const AckPayload& ack, TimePoint now);
  void on_vote(MemberId from, MemberId winner, TimePoint now);
  void on_stale(MemberId owner, TimePoint now);
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
  // OPENING, and the secondary cannot have begun to claim.
  bool is_fresh(TimePoint now) const {
    return state_ == State::kOpening && !lease_.may_be_claimed(now);
  }
  // The witness has voted for the secondary, which has not confirmed: requests go there. If it is
  // proven dead before it does, the channel is FENCED, and what we have is what is left.
  bool is_outvoted() const { return outvoted_; }
  // With OWNED: no member has voted but we. The secondary may go on as well, if it lives.
  bool is_alone() const { return is_alone_; }
  // Sealed by us, and so is the successor, if there is one.
  bool is_owned() const;
  bool takes_frames() const { return state_ == State::kOpening || state_ == State::kOpen; }
  const SendWindow& window() const { return window_; }
  const PrimaryLease& lease() const { return lease_; }
  PrimaryChannel* successor() const { return successor_; }
  PrimaryChannel* adopts() const { return adopts_; }
  // The secondary has sealed the successor, in which the copies of this channel are.
  void on_successor_fenced();
  // The secondary, which owns the channel, says that other members hold all of its sessions.
  void note_released() { is_released_ = true; }
  bool is_released() const { return is_released_; }
  bool is_over() const { return state_ == State::kClosed && closing_.is_over(); }
  void on_close_heard() { closing_.on_heard(); }
  void forget_adoption() { successor_ = adopts_ = nullptr; }
  bool is_lost() const { return lost_; }  // with kFenced: no member can have it

 private:
  void on_nack(const Nack& nack, TimePoint now);
  void take_acked(const AckPayload& ack);
  void transmit(FrameType type, const SidPayload& about, std::string payload, bool bulk,
                TimePoint now);
  void send_claims(TimePoint now);
  void send_plain(MemberId to, FrameType type);
  void become(State state);
  void settle(TimePoint now);  // may we own it without another vote?
  bool may_have_gone_on_alone() const;
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
  TimePoint repeat_at_ = TimePoint::max();  // CLAIM, GRANT, CLOSE
  Notice closing_;
  int witness_told_ = 0;

  SendWindow window_;
  PrimaryLease lease_;
  PartyFates fates_;
};

const char* to_string(PrimaryChannel::State state);

}  // namespace understudy
