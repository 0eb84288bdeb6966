// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/secondary_channel.h"

#include <algorithm>

#include "backend_sdk/replication/lease.h"
#include "backend_sdk/replication/payloads.h"
#include "base/check.h"

namespace understudy {

SecondaryChannel::SecondaryChannel(const ReplicationOptions& options, const OpenPayload& open,
                                   Host& host, TimePoint now)
    : options_(options),
      parties_(open.parties),
      lease_(open.lease),
      host_(host),
      last_grant_(now) {}

SecondaryChannel::SecondaryChannel(const ReplicationOptions& options, const ChannelParties& parties,
                                   Host& host)
    : options_(options),
      parties_(parties),
      lease_(lease_of(options.beat)),
      host_(host),
      state_(State::kOut),
      vote_(parties.primary) {}

TimePoint SecondaryChannel::grace_over() const {
  if (options_.faults.no_grace) return last_grant_;
  return last_grant_ + grace_of(lease_);
}

std::optional<NackCode> SecondaryChannel::bar(const SessionId& sid) const {
  const auto found = nacks_.find(sid);
  if (found == nacks_.end() || found->second.code == NackCode::kNeedFull) return std::nullopt;
  return found->second.code;
}

void SecondaryChannel::on_stream(const Frame& frame) {
  const bool sealed = state_ == State::kOwned || state_ == State::kOut;
  if (sealed && options_.faults.no_fence) {
    applied_seq_ = frame.seq;
    ack_wanted_ = true;
    return;
  }
  if (state_ == State::kOwned) {
    return say_stale();
  }
  const bool fenced = state_ != State::kOpen && !options_.faults.no_fence;
  if (fenced || gap_ || frame.seq <= applied_seq_) return;
  if (frame.seq != applied_seq_ + 1) {
    gap_ = true;  // a link broke in between; the primary will claim
    return;
  }
  const Applied applied = host_.on_data(*this, frame);
  if (applied.malformed) {
    gap_ = true;
    return;
  }
  applied_seq_ = frame.seq;
  if (applied.refusal) {
    refuse(applied.sid, *applied.refusal, frame.seq);
  } else if (applied.resolves) {
    nacks_.erase(applied.sid);
  }
  ack_wanted_ = true;
}

void SecondaryChannel::refuse(const SessionId& sid, NackCode code, uint64_t seq) {
  nacks_.try_emplace(sid, Nack{.sid = sid, .code = code, .seq = seq});
  if (nacks_.size() > std::min(options_.nacks_max, kNacksMax)) gap_ = true;
}

void SecondaryChannel::acknowledge(TimePoint now) {
  ack_wanted_ = false;
  if (!options_.faults.no_fence) {
    CHECK(state_ == State::kOpen && vote_ == kNobody, "no acknowledgement after the vote (S7)");
  }
  if (nacks_.size() > std::min(options_.nacks_max, kNacksMax)) return;
  AckPayload ack;
  ack.cum_seq = applied_seq_;
  ack.grant_stamp = static_cast<uint64_t>(now.time_since_epoch().count());
  ack.credit = host_.bulk_credit(*this);
  for (const auto& [sid, nack] : nacks_) ack.nacks.push_back(nack);
  Frame frame{.type = ack_type_, .channel = parties_.id, .payload = {}};
  encode(ack, frame.payload);
  ack_type_ = FrameType::kAck;
  last_grant_ = now;
  host_.send(parties_.primary, std::move(frame));
}

void SecondaryChannel::on_claim(MemberId claimant) {
  if (claimant != parties_.primary) return;
  if (state_ == State::kOwned) {
    return say_stale();
  }
  // Our own claim, if any, is withdrawn: only we could have acted on its win, and we have not.
  vote_ = parties_.primary;
  send_member(parties_.primary, FrameType::kVote, parties_.primary);
  become(State::kOut);
}

void SecondaryChannel::on_primary_closed() {
  if (state_ == State::kOwned || state_ == State::kOut) return;
  vote_ = parties_.primary;
  become(State::kOut);
}

void SecondaryChannel::yield_to_successor() {
  CHECK(state_ == State::kOpen && vote_ == kNobody);
  vote_ = parties_.primary;
  become(State::kOut);
}

void SecondaryChannel::on_vote(MemberId from, MemberId winner) {
  if (from != parties_.witness || state_ != State::kClaiming) return;
  CHECK(vote_ == parties_.secondary, "a claimant has voted for itself");
  if (winner == parties_.secondary) become(State::kOwned);
  if (winner == parties_.primary) become(State::kOut);
}

void SecondaryChannel::on_grant(TimePoint now) {
  const bool is_new = !granted_;
  if (state_ == State::kOpen || state_ == State::kClaiming) granted_ = true;
  if (state_ == State::kOpen) {
    claim(now);
  } else if (state_ == State::kClaiming && is_new) {
    send_claim(now);  // on better grounds than before
    settle(now);
  }
  if (state_ == State::kOwned) say_stale();
}

// With it goes that the primary need not keep anything, where that was said before: it may not have
// heard it, cut off as it was.
void SecondaryChannel::say_stale() {
  send_member(parties_.primary, FrameType::kStale, parties_.secondary);
  if (releasing_.is_begun()) send_close();
}

void SecondaryChannel::send_close() {
  host_.send(parties_.primary, {.type = FrameType::kClose, .channel = parties_.id, .payload = {}});
}

void SecondaryChannel::release_primary(TimePoint now) {
  CHECK(state_ == State::kOwned);
  releasing_.begin(now, options_.beat, now + options_.passed_over_kept);
}

void SecondaryChannel::become(State state) {
  if (state_ == state) return;
  CHECK(state_ != State::kOwned && state_ != State::kOut, "a channel is sealed once (S1)");
  state_ = state;
  ack_wanted_ = ack_wanted_ && options_.faults.no_fence;
  repeat_at_ = state == State::kClaiming ? repeat_at_ : TimePoint::max();
  // It may hear of our win before it asks; a primary in GRANTING waits for it.
  if (state == State::kOwned && granted_ && parties_.witness != kNobody) {
    send_member(parties_.primary, FrameType::kStale, parties_.secondary);
  }
  host_.on_state(*this);
}

ClaimGrounds SecondaryChannel::grounds(TimePoint now) const {
  if (granted_) return ClaimGrounds::kGranted;
  return now >= grace_over() ? ClaimGrounds::kGraceOver : ClaimGrounds::kProof;
}

bool SecondaryChannel::may_claim(TimePoint now) const {
  // The witness looks for itself before it votes (V3).
  if (parties_.witness != kNobody) return seems_gone(fates_.partner()) || now >= grace_over();
  // Without one only the death of the other lets us go on; until then nothing is gained by refusing
  // to acknowledge.
  const bool is_proven = fates_.partner() == Fate::kProven;
  if (is_proven && options_.no_witness == NoWitnessPolicy::kAvailable) return true;
  return now >= grace_over() && fates_.may_go_on_alone(options_.no_witness);
}

void SecondaryChannel::want(TimePoint now) {
  if (state_ == State::kOpen && may_claim(now)) claim(now);
}

void SecondaryChannel::ask_for(Extent extent, TimePoint now) {
  if (state_ != State::kOpen || now < ask_again_) return;
  ask_again_ = now + options_.claim_retry;
  host_.send(parties_.primary,
             {.type = FrameType::kHandOver,
              .channel = parties_.id,
              .payload = std::string(extent == Extent::kAll ? "" : kHandOverOnlyThis)});
}

void SecondaryChannel::claim(TimePoint now) {
  CHECK(state_ == State::kOpen && vote_ == kNobody);
  vote_ = parties_.secondary;
  repeat_at_ = now;
  become(State::kClaiming);
  send_claim(now);
  settle(now);
}

void SecondaryChannel::send_claim(TimePoint now) {
  repeat_at_ = now + options_.claim_retry;
  if (parties_.witness == kNobody || fates_.witness() == Fate::kProven) return;
  Frame frame{.type = FrameType::kClaim, .channel = parties_.id, .payload = {}};
  const ClaimPayload claim{
      .parties = parties_, .claimant = parties_.secondary, .grounds = grounds(now)};
  encode(claim, frame.payload);
  host_.send(parties_.witness, std::move(frame));
}

void SecondaryChannel::send_member(MemberId to, FrameType type, MemberId member) {
  Frame frame{.type = type, .channel = parties_.id, .payload = {}};
  encode_member(member, frame.payload);
  host_.send(to, std::move(frame));
}

void SecondaryChannel::on_fate(Fate primary, Fate witness, bool has_quorum, TimePoint now) {
  const bool has_witness = parties_.witness != kNobody;
  fates_.update(primary, has_witness ? witness : Fate::kProven, has_quorum, now);
  if (seems_gone(primary)) want(now);
  settle(now);
}

// Where both ends may own the channel alone: the primary goes on without a member that it has not
// heard for longer than a lease. What it did then is gone with it, or was given to a third member:
// to be asked for, not to be gone on without (P15).
bool SecondaryChannel::may_have_gone_on_alone() const {
  return options_.no_witness == NoWitnessPolicy::kRefuse &&
         fates_.gone_since() > last_grant_ + lease_;
}

// Where no vote can come any more.
void SecondaryChannel::settle(TimePoint now) {
  if (state_ != State::kClaiming) return;
  if (parties_.witness == kNobody) {
    if (!granted_ && !fates_.may_go_on_alone(options_.no_witness)) return;
    is_alone_ = !granted_;
    become(is_alone_ && may_have_gone_on_alone() ? State::kOut : State::kOwned);
    return;
  }
  // The primary may have sealed the channel with the witness's vote before both died; the copies
  // may be old, and no member is left to ask. Reported lost rather than rolled back.
  if (fates_.is_undecidable(lease_, now)) {
    lost_ = true;
    become(State::kOut);
  }
}

void SecondaryChannel::advance(TimePoint now) {
  if (ack_wanted_) acknowledge(now);
  if (state_ == State::kOpen) {
    if (seems_gone(fates_.partner()) || grace_over() + options_.lazy_promotion <= now) want(now);
  } else if (state_ == State::kClaiming) {
    if (repeat_at_ <= now) send_claim(now);
    settle(now);
  } else if (releasing_.take(now)) {
    send_close();
  }
}

TimePoint SecondaryChannel::wake_at() const {
  if (ack_wanted_) return TimePoint{};
  switch (state_) {
    case State::kOpen: {
      // Without a witness the view decides, which calls on_fate.
      const bool waits_for_view =
          parties_.witness == kNobody && !fates_.may_go_on_alone(options_.no_witness);
      if (waits_for_view) return TimePoint::max();
      return grace_over() + (seems_gone(fates_.partner()) ? Duration{} : options_.lazy_promotion);
    }
    case State::kClaiming:
      return repeat_at_;
    case State::kOwned:
      return releasing_.wake_at();
    default:
      return TimePoint::max();
  }
}

const char* to_string(SecondaryChannel::State state) {
  switch (state) {
    case SecondaryChannel::State::kOpen:
      return "open";
    case SecondaryChannel::State::kClaiming:
      return "claiming";
    case SecondaryChannel::State::kOwned:
      return "owned";
    case SecondaryChannel::State::kOut:
      return "out";
  }
  return "unknown";
}

}  // namespace understudy
