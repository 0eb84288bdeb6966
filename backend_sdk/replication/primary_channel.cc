// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/primary_channel.h"

#include <utility>

#include "backend_sdk/replication/lease.h"
#include "base/check.h"

namespace understudy {

namespace {

constexpr int kWitnessTold = 3;  // a vote more or less is only memory

}  // namespace

PrimaryChannel::PrimaryChannel(const ReplicationOptions& options, const ChannelParties& parties,
                               Host& host)
    : options_(options),
      parties_(parties),
      host_(host),
      window_(options),
      lease_(lease_of(options.beat)) {}

void PrimaryChannel::open(uint64_t view_hash, PrimaryChannel* adopts, TimePoint now) {
  CHECK(window_.last_seq() == 0, "OPEN is the first frame of a channel, once");
  OpenPayload payload;
  payload.parties = parties_;
  payload.view_hash = view_hash;
  payload.lease = lease_.length();
  if (adopts != nullptr) {
    CHECK(adopts->state_ == State::kAdopting && adopts->successor_ == nullptr);
    CHECK(adopts->parties_.secondary == parties_.secondary);
    adopts_ = adopts;
    adopts->successor_ = this;
    payload.adopts = adopts->id();
    payload.adopts_seq = adopts->window_.last_seq();
  }
  std::string bytes;
  encode(payload, bytes);
  lease_.on_open(now);
  transmit(FrameType::kOpen, {}, std::move(bytes), false, now);
}

void PrimaryChannel::begin_adoption() {
  CHECK(state_ == State::kOpen);
  become(State::kAdopting);
}

void PrimaryChannel::end_adoption() {
  CHECK(state_ == State::kAdopting);
  // The secondary accepted the successor only after it had applied all of this stream.
  take_acked({.cum_seq = window_.last_seq()});
  become(State::kClosed);
}

bool PrimaryChannel::append(FrameType type, const SidPayload& about, std::string payload, bool bulk,
                            TimePoint now) {
  if (!takes_frames()) return false;
  if (bulk ? !window_.has_bulk_room(payload.size()) : !window_.has_room(payload.size())) {
    is_short_ = true;
    return false;
  }
  if (type == FrameType::kFull) window_.answer_refusal(about.sid);
  transmit(type, about, std::move(payload), bulk, now);
  return true;
}

void PrimaryChannel::renew(TimePoint now) {
  if (state_ == State::kOpen && window_.is_empty()) transmit(FrameType::kRenew, {}, {}, false, now);
}

void PrimaryChannel::transmit(FrameType type, const SidPayload& about, std::string payload,
                              bool bulk, TimePoint now) {
  CHECK(takes_frames(), "nothing is sent in a channel after a vote");
  const uint64_t seq = window_.add({.type = type,
                                    .about = about,
                                    .bytes = kFrameHeaderBytes + payload.size(),
                                    .is_bulk = bulk,
                                    .at = now});
  Frame frame{.type = type, .channel = parties_.id, .seq = seq, .payload = {}};
  frame.flags = bulk ? 1 : 0;
  frame.payload = std::move(payload);
  host_.send(parties_.secondary, std::move(frame));
}

void PrimaryChannel::on_ack(const AckPayload& ack, TimePoint now) {
  if (state_ == State::kClosed || state_ == State::kFenced || state_ == State::kOwned) return;
  if (!window_.accept(ack)) return;
  for (const Nack& nack : ack.nacks) on_nack(nack, now);
  const bool had_lease = lease_.is_valid(now);
  const SendWindow::Sent* oldest = window_.oldest();
  const bool has_moved = oldest != nullptr && oldest->seq <= ack.cum_seq;
  if (has_moved) lease_.renew(oldest->at);
  take_acked(ack);
  if (has_moved && state_ == State::kOpening) become(State::kOpen);
  if (has_moved && (is_short_ || !had_lease)) {
    is_short_ = false;
    host_.on_relief(*this);
  }
}

void PrimaryChannel::take_acked(const AckPayload& ack) {
  while (const auto frame = window_.take_acked(ack)) {
    if (frame->about.position.epoch == 0) continue;  // OPEN, RENEW, TOUCH
    host_.on_acked(*this, frame->about.sid, frame->about.position,
                   frame->type == FrameType::kInvalidate);
  }
}

void PrimaryChannel::on_nack(const Nack& nack, TimePoint now) {
  if (!window_.note_refusal(nack)) return;
  if (nack.code != NackCode::kNeedFull && takes_frames()) {
    // "I have understood": the secondary refuses everything about this session until it sees this.
    std::string bytes;
    encode(SidPayload{.sid = nack.sid, .position = {}}, bytes);
    window_.answer_refusal(nack.sid);
    transmit(FrameType::kTouch, {.sid = nack.sid, .position = {}}, std::move(bytes), false, now);
  }
  host_.on_refused(*this, nack);
}

void PrimaryChannel::become(State state) {
  if (state_ == state) return;
  state_ = state;
  host_.on_state(*this);
}

void PrimaryChannel::claim(TimePoint now) {
  const bool may_claim = state_ == State::kOpening || state_ == State::kOpen ||
                         state_ == State::kAdopting || state_ == State::kGranting;
  // Without a witness GRANT has given the channel away: only the secondary's death gives it back.
  if (!may_claim || (state_ == State::kGranting && parties_.witness == kNobody)) return;
  state_ = State::kClaiming;
  send_claims(now);
  host_.on_state(*this);
  settle(now);
}

void PrimaryChannel::send_claims(TimePoint now) {
  repeat_at_ = now + options_.claim_retry;
  ClaimPayload claim{.parties = parties_, .claimant = parties_.primary};
  std::string bytes;
  encode(claim, bytes);
  Frame frame{.type = FrameType::kClaim, .channel = parties_.id, .payload = std::move(bytes)};
  if (parties_.witness != kNobody && fates_.witness() != Fate::kProven) {
    host_.send(parties_.witness, frame);
  }
  if (fates_.partner() != Fate::kProven) host_.send(parties_.secondary, std::move(frame));
}

void PrimaryChannel::send_plain(MemberId to, FrameType type) {
  host_.send(to, Frame{.type = type, .channel = parties_.id, .payload = {}});
}

void PrimaryChannel::grant(TimePoint now) {
  CHECK(state_ == State::kOpen && window_.is_empty(),
        "a channel is handed over when nothing is under way");
  lease_.give_up(now);
  repeat_at_ = now + options_.claim_retry;
  state_ = State::kGranting;
  send_plain(parties_.secondary, FrameType::kGrant);
  host_.on_state(*this);
}

void PrimaryChannel::close(TimePoint now) {
  CHECK(state_ == State::kOwned || state_ == State::kFenced || state_ == State::kGranted ||
        state_ == State::kClosed);
  closing_.begin(now, options_.beat, now + options_.passed_over_kept);
  become(State::kClosed);
}

void PrimaryChannel::on_vote(MemberId from, MemberId winner, TimePoint) {
  if (state_ != State::kClaiming) return;
  if (winner == parties_.primary) {
    if (from == parties_.witness || from == parties_.secondary) {
      outvoted_ = false;
      become(State::kOwned);
    }
    return;
  }
  // The secondary was first at the witness. It may still give way to our claim, if it has not heard
  // of its win; until it says which, it is the better address.
  if (from == parties_.witness && winner == parties_.secondary && !outvoted_) {
    outvoted_ = true;
    lease_.end();
    host_.on_state(*this);
  }
}

void PrimaryChannel::on_stale(MemberId owner, TimePoint) {
  if (owner != parties_.secondary) return;
  switch (state_) {
    case State::kOpening:
    case State::kOpen:
    case State::kAdopting:
      become(State::kFenced);
      return;
    case State::kClaiming:
      become(lease_.is_given_up() ? State::kGranted : State::kFenced);
      return;
    case State::kGranting:
      become(State::kGranted);
      return;
    default:
      return;
  }
}

void PrimaryChannel::on_successor_fenced() {
  CHECK(successor_ != nullptr && successor_->state_ == State::kFenced);
  if (state_ != State::kFenced && state_ != State::kClosed) become(State::kFenced);
}

void PrimaryChannel::on_fate(Fate secondary, Fate witness, bool has_quorum, TimePoint now) {
  const bool has_witness = parties_.witness != kNobody;
  fates_.update(secondary, has_witness ? witness : Fate::kProven, has_quorum, now);
  if (secondary != Fate::kUsable) claim(now);
  settle(now);
}

// In a channel without a witness: a secondary that is proven dead may have served, and given the
// sessions to a third. GRANT was a vote; without one it may have held us for dead, once it could
// claim (P15). One that is only silent is passed over, where that is the policy.
bool PrimaryChannel::may_have_gone_on_alone() const {
  if (fates_.partner() != Fate::kProven) return false;
  if (state_ == State::kGranting) return true;
  return options_.no_witness == NoWitnessPolicy::kRefuse &&
         lease_.may_be_claimed(fates_.gone_since());
}

// Where no vote can come any more. Proof of death never replaces the vote while a witness can give
// one; what is left are channels whose witness is gone or never was.
void PrimaryChannel::settle(TimePoint now) {
  if (parties_.witness == kNobody) {
    const bool waits = state_ == State::kClaiming || state_ == State::kGranting;
    if (!waits || !fates_.may_go_on_alone(options_.no_witness)) return;
    // After GRANT much depends on whether it lives; another member's word comes soon.
    if (state_ == State::kGranting && fates_.partner() == Fate::kDeadAndRefused) return;
    is_alone_ = !may_have_gone_on_alone();
    become(is_alone_ ? State::kOwned : State::kFenced);
    return;
  }
  if (state_ != State::kClaiming) return;
  // It may have served and given the sessions to a third: to be asked for, not to be gone on with.
  if (outvoted_ && fates_.partner() == Fate::kProven) {
    become(State::kFenced);
    return;
  }
  // It died while we held the lease, so it had not begun to claim: there is no second claimant.
  const bool died_under_lease =
      fates_.partner() == Fate::kProven && !lease_.may_be_claimed(fates_.gone_since());
  if (died_under_lease && fates_.witness() != Fate::kUsable) {
    become(State::kOwned);
    return;
  }
  if (fates_.is_undecidable(lease_.length(), now)) {
    lost_ = true;
    become(State::kFenced);
  }
}

bool PrimaryChannel::may_serve(TimePoint read) const {
  switch (state_) {
    case State::kOpen:
    case State::kAdopting:
    case State::kClaiming:
      return lease_.is_valid(read);
    case State::kOwned:
      return is_owned();
    default:
      return false;
  }
}

bool PrimaryChannel::is_owned() const {
  if (state_ != State::kOwned) return false;
  // Closed: it was owned, and no session was left in it, for they are all here.
  return successor_ == nullptr || successor_->state_ == State::kOwned ||
         successor_->state_ == State::kClosed;
}

TimePoint PrimaryChannel::ack_due() const {
  if (window_.is_empty()) return TimePoint::max();
  const Duration wait = state_ == State::kOpening ? options_.open_timeout : options_.ack_timeout;
  return window_.oldest()->at + wait;
}

void PrimaryChannel::advance(TimePoint now, TimePoint patience) {
  switch (state_) {
    case State::kOpening:
    case State::kOpen:
    case State::kAdopting:
      if (ack_due() <= now && patience <= now) {
        claim(now);
      } else if (state_ == State::kOpen && window_.last_sent_at() + options_.beat <= now) {
        renew(now);
      }
      return;
    case State::kClaiming:
      if (repeat_at_ <= now) send_claims(now);
      settle(now);
      return;
    case State::kGranting:
      if (lease_.granted_at() + options_.ack_timeout <= now && patience <= now) claim(now);
      if (state_ == State::kGranting && repeat_at_ <= now) {
        repeat_at_ = now + options_.claim_retry;
        send_plain(parties_.secondary, FrameType::kGrant);
      }
      return;
    case State::kClosed:
      if (fates_.partner() == Fate::kProven && witness_told_ > 0) closing_.on_heard();
      if (!closing_.take(now)) return;
      if (parties_.witness != kNobody && witness_told_++ < kWitnessTold) {
        send_plain(parties_.witness, FrameType::kClose);
      }
      send_plain(parties_.secondary, FrameType::kClose);
      return;
    default:
      return;
  }
}

TimePoint PrimaryChannel::wake_at() const {
  switch (state_) {
    case State::kOpening:
    case State::kAdopting:
      return ack_due();
    case State::kOpen:
      return window_.is_empty() ? window_.last_sent_at() + options_.beat : ack_due();
    case State::kClaiming:
    case State::kGranting:
      return repeat_at_;
    case State::kClosed:
      return closing_.wake_at();
    default:
      return TimePoint::max();
  }
}

const char* to_string(PrimaryChannel::State state) {
  switch (state) {
    case PrimaryChannel::State::kOpening:
      return "opening";
    case PrimaryChannel::State::kOpen:
      return "open";
    case PrimaryChannel::State::kAdopting:
      return "adopting";
    case PrimaryChannel::State::kClaiming:
      return "claiming";
    case PrimaryChannel::State::kOwned:
      return "owned";
    case PrimaryChannel::State::kFenced:
      return "fenced";
    case PrimaryChannel::State::kGranting:
      return "granting";
    case PrimaryChannel::State::kGranted:
      return "granted";
    case PrimaryChannel::State::kClosed:
      return "closed";
  }
  return "unknown";
}

}  // namespace understudy
