// SPDX-License-Identifier: Apache-2.0
// SecondaryChannel: the secondary's end of one replication channel (PROTOCOL 2.1-2.3, 2.6): takes
// the stream in order, acknowledges and grants the lease with it, and takes the channel over when
// the primary is gone. The secondary is the fence: after its vote it acknowledges nothing (S7).
// Copies lie in ReplicaStore. Owned by Replicator; called with the time, acts through its Host.
//
//   OPEN -> CLAIMING (GRANT, grace over and a request asks, or proof of death) -> OWNED
//   OPEN -> OWNED (GRANT without a witness);  OPEN, CLAIMING -> OUT (the primary's claim)
#pragma once

#include <map>
#include <optional>
#include <string>

#include "backend_sdk/membership/fates.h"
#include "backend_sdk/replication/notice.h"
#include "backend_sdk/replication/options.h"
#include "backend_sdk/replication/party_fates.h"
#include "backend_sdk/replication/payloads.h"
#include "backend_sdk/wire/frame.h"
#include "base/clock.h"

namespace understudy {

class SecondaryChannel final {
 public:
  enum class State : uint8_t { kOpen, kClaiming, kOwned, kOut };

  struct Applied {
    bool malformed = false;  // the stream cannot go on
    std::optional<NackCode> refusal;
    SessionId sid;          // refused, or not refused any more
    bool resolves = false;  // an earlier refusal of this session is settled
  };

  // Called inside of calls into the channel; must not destroy it.
  class Host {
   public:
    virtual ~Host() = default;
    virtual void send(MemberId to, Frame frame) = 0;
    // Applies one frame of the stream to the copies, or says why not.
    virtual Applied on_data(SecondaryChannel& channel, const Frame& frame) = 0;
    virtual void on_state(SecondaryChannel& channel) = 0;
    // Bytes of bulk copies that the primary may have under way.
    virtual uint32_t bulk_credit(SecondaryChannel& channel) = 0;
  };

  // From an OPEN that is accepted, or, with `vote_for_primary`, from the CLAIM of a channel whose
  // OPEN never came.
  SecondaryChannel(const ReplicationOptions& options, const OpenPayload& open, Host& host,
                   TimePoint now);
  SecondaryChannel(const ReplicationOptions& options, const ChannelParties& parties, Host& host);
  SecondaryChannel(const SecondaryChannel&) = delete;

  // REPL, FULL, TOUCH, INVALIDATE, RENEW, and the OPEN that has made it.
  void on_stream(const Frame& frame);
  void on_claim(MemberId claimant);
  void on_vote(MemberId from, MemberId winner);
  // The primary has sealed the channel and its sessions are held elsewhere. Its CLAIM may not have
  // arrived: CLOSE says the same.
  void on_primary_closed();
  // The primary has stopped: the channel is ours if the witness agrees.
  void on_grant(TimePoint now);
  void on_fate(Fate primary, Fate witness, bool has_quorum, TimePoint now);

  // The copies have moved to a successor: the same as the primary's claim, agreed to.
  void yield_to_successor();
  // A request wants it: claims at once if that is allowed already.
  void want(TimePoint now);
  // Asks the living primary to hand the channel over, or all that it has; no claim, and no promise
  // that it will.
  enum class Extent : uint8_t { kThisChannel, kAll };
  void ask_for(Extent extent, TimePoint now);

  // Only with OWNED, again is harmless: the primary need not keep what it had; said a few times.
  void release_primary(TimePoint now);
  void on_release_heard() { releasing_.on_heard(); }

  // `now` is Clock::read(): an acknowledgement grants the lease from the moment it is made.
  void advance(TimePoint now);
  TimePoint wake_at() const;

  State state() const { return state_; }
  const ChannelParties& parties() const { return parties_; }
  ChannelId id() const { return parties_.id; }
  uint64_t applied_seq() const { return applied_seq_; }
  bool has_refusals() const { return !nacks_.empty(); }
  bool is_broken() const { return gap_; }
  bool owes_ack() const { return ack_wanted_; }
  // Why nothing about this session is applied until the primary has understood; nothing: it is.
  std::optional<NackCode> bar(const SessionId& sid) const;
  TimePoint grace_over() const;           // when a claim is allowed without proof
  bool is_lost() const { return lost_; }  // with kOut: no member can have it
  TimePoint last_grant() const { return last_grant_; }
  Fate primary_fate() const { return fates_.partner(); }
  // With OWNED: no member has voted but we. The primary may go on as well, if it lives.
  bool is_alone() const { return is_alone_; }

 private:
  void refuse(const SessionId& sid, NackCode code, uint64_t seq);
  void claim(TimePoint now);
  void send_claim(TimePoint now);
  void acknowledge(TimePoint now);
  void send_member(MemberId to, FrameType type, MemberId member);
  void say_stale();
  void send_close();
  void become(State state);
  void settle(TimePoint now);
  bool may_claim(TimePoint now) const;
  bool may_have_gone_on_alone() const;
  ClaimGrounds grounds(TimePoint now) const;

  // Constant after construction.
  const ReplicationOptions& options_;
  const ChannelParties parties_;
  const Duration lease_;
  Host& host_;

  State state_ = State::kOpen;
  MemberId vote_ = kNobody;  // S8; changed once at most, from us to the primary, before winning
  bool granted_ = false;
  bool is_alone_ = false;
  bool lost_ = false;
  Notice releasing_;  // CLOSE to the primary
  uint64_t applied_seq_ = 0;
  bool gap_ = false;  // a frame is missing: this stream is over
  bool ack_wanted_ = false;
  FrameType ack_type_ = FrameType::kOpenOk;
  std::map<SessionId, Nack> nacks_;  // unresolved
  TimePoint last_grant_{};
  TimePoint repeat_at_ = TimePoint::max();
  TimePoint ask_again_{};
  PartyFates fates_;
};

const char* to_string(SecondaryChannel::State state);

}  // namespace understudy
