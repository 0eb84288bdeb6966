// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/primary_channel.h"

#include <algorithm>
#include <utility>

#include "backend_sdk/replication/lease.h"
#include "base/check.h"

namespace understudy {

namespace {

constexpr int kWitnessTold = 3;  // a vote more or less is only memory

}  // namespace

PrimaryChannel::PrimaryChannel(const ReplicationOptions& options, const ChannelParties& parties,
                               Host& host)
    : options_(options), parties_(parties), host_(host) {}

void PrimaryChannel::open(uint64_t view_hash, PrimaryChannel* adopts, TimePoint now) {
  CHECK(last_seq_ == 0, "OPEN is the first frame of a channel, once");
  OpenPayload payload;
  payload.parties = parties_;
  payload.view_hash = view_hash;
  payload.lease = lease_of(options_.beat);
  if (adopts != nullptr) {
    CHECK(adopts->state_ == State::kAdopting && adopts->successor_ == nullptr);
    CHECK(adopts->parties_.secondary == parties_.secondary);
    adopts_ = adopts;
    adopts->successor_ = this;
    payload.adopts = adopts->id();
    payload.adopts_seq = adopts->last_seq_;
  }
  std::string bytes;
  encode(payload, bytes);
  // Its grace begins with its first grant, which comes after this.
  unclaimed_until_ = now + payload.lease;
  transmit(FrameType::kOpen, {}, std::move(bytes), false, now);
}

void PrimaryChannel::begin_adoption() {
  CHECK(state_ == State::kOpen);
  become(State::kAdopting);
}

void PrimaryChannel::end_adoption() {
  CHECK(state_ == State::kAdopting);
  // The secondary accepted the successor only after it had applied all of this stream.
  while (!in_flight_.empty()) {
    const InFlight frame = in_flight_.front();
    in_flight_.pop_front();
    if (frame.about.position.epoch != 0) {
      host_.on_acked(*this, frame.about.sid, frame.about.position,
                     frame.type == FrameType::kInvalidate);
    }
  }
  in_flight_bytes_ = 0;
  become(State::kClosed);
}

bool PrimaryChannel::has_room(size_t bytes) const {
  return in_flight_.size() < options_.window_frames &&
         (in_flight_.empty() || in_flight_bytes_ + bytes <= options_.window_bytes);
}

bool PrimaryChannel::has_bulk_room(size_t bytes) const {
  if (!takes_frames() || in_flight_.size() >= options_.window_frames / 2) return false;
  if (bulk_bytes_ == 0) return has_room(bytes);  // one at a time asks for credit
  return bulk_bytes_ + bytes <= std::min<size_t>(credit_, options_.window_bytes / 2);
}

bool PrimaryChannel::append(FrameType type, const SidPayload& about, std::string payload, bool bulk,
                            TimePoint now) {
  if (!takes_frames()) return false;
  if (bulk ? !has_bulk_room(payload.size()) : !has_room(payload.size())) {
    is_short_ = true;
    return false;
  }
  if (type == FrameType::kFull) {
    const auto refused = refused_.find(about.sid);
    if (refused != refused_.end()) refused->second = last_seq_ + 1;
  }
  transmit(type, about, std::move(payload), bulk, now);
  return true;
}

void PrimaryChannel::renew(TimePoint now) {
  if (state_ == State::kOpen && in_flight_.empty()) transmit(FrameType::kRenew, {}, {}, false, now);
}

void PrimaryChannel::transmit(FrameType type, const SidPayload& about, std::string payload,
                              bool bulk, TimePoint now) {
  CHECK(takes_frames(), "nothing is sent in a channel after a vote");
  const size_t bytes = kFrameHeaderBytes + payload.size();
  in_flight_.push_back({++last_seq_, type, about, bytes, bulk, now});
  in_flight_bytes_ += bytes;
  if (bulk) bulk_bytes_ += bytes;
  last_sent_ = now;
  Frame frame{.type = type, .channel = parties_.id, .seq = last_seq_, .payload = {}};
  frame.flags = bulk ? 1 : 0;
  frame.payload = std::move(payload);
  host_.send(parties_.secondary, std::move(frame));
}

void PrimaryChannel::on_ack(const AckPayload& ack, TimePoint now) {
  if (state_ == State::kClosed || state_ == State::kFenced || state_ == State::kOwned) return;
  if (ack.grant_stamp < last_stamp_ || ack.cum_seq > last_seq_) return;
  last_stamp_ = ack.grant_stamp;
  credit_ = ack.credit;
  for (const Nack& nack : ack.nacks) on_nack(nack, now);
  const bool had_lease = has_lease(now);
  const bool moved = !in_flight_.empty() && in_flight_.front().seq <= ack.cum_seq;
  if (moved) {
    lease_end_ = std::max(lease_end_, in_flight_.front().sent_at + lease_of(options_.beat));
    unclaimed_until_ = std::max(unclaimed_until_, lease_end_);
  }
  while (!in_flight_.empty() && in_flight_.front().seq <= ack.cum_seq) {
    const InFlight frame = in_flight_.front();
    in_flight_.pop_front();
    in_flight_bytes_ -= frame.bytes;
    if (frame.bulk) bulk_bytes_ -= frame.bytes;
    const bool refused =
        std::any_of(ack.nacks.begin(), ack.nacks.end(), [&frame](const Nack& nack) {
          return nack.sid == frame.about.sid && nack.seq <= frame.seq;
        });
    if (refused) continue;
    const auto answered = refused_.find(frame.about.sid);
    if (answered != refused_.end() && answered->second == frame.seq) refused_.erase(answered);
    if (frame.about.position.epoch == 0) continue;  // OPEN, RENEW, TOUCH
    host_.on_acked(*this, frame.about.sid, frame.about.position,
                   frame.type == FrameType::kInvalidate);
  }
  if (moved && state_ == State::kOpening) become(State::kOpen);
  if (moved && (is_short_ || !had_lease)) {
    is_short_ = false;
    host_.on_relief(*this);
  }
}

void PrimaryChannel::on_nack(const Nack& nack, TimePoint now) {
  const auto [known, is_new] = refused_.emplace(nack.sid, 0);
  if (!is_new && (known->second == 0 || nack.seq < known->second)) return;
  known->second = 0;
  if (nack.code != NackCode::kNeedFull && takes_frames()) {
    // "I have understood": the secondary refuses everything about this session until it sees this.
    std::string bytes;
    encode(SidPayload{.sid = nack.sid, .position = {}}, bytes);
    known->second = last_seq_ + 1;
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
  if (parties_.witness != kNobody && witness_ != Fate::kProven) {
    host_.send(parties_.witness, frame);
  }
  if (secondary_ != Fate::kProven) host_.send(parties_.secondary, std::move(frame));
}

void PrimaryChannel::send_plain(MemberId to, FrameType type) {
  host_.send(to, Frame{.type = type, .channel = parties_.id, .payload = {}});
}

void PrimaryChannel::grant(TimePoint now) {
  CHECK(state_ == State::kOpen && is_quiet(), "a channel is handed over when nothing is under way");
  lease_end_ = TimePoint{};  // we stop before the secondary starts
  granted_at_ = now;
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
    lease_end_ = TimePoint{};
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
      become(granted_at_ == TimePoint::max() ? State::kFenced : State::kGranted);
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
  if (secondary == Fate::kProven && secondary_ != Fate::kProven) {
    died_under_lease_ = now < std::min(unclaimed_until_, granted_at_);
  }
  secondary_ = secondary;
  witness_ = parties_.witness == kNobody ? Fate::kProven : witness;
  has_quorum_ = has_quorum;
  const bool alone = secondary_ != Fate::kUsable && witness_ != Fate::kUsable &&
                     (has_quorum_ || (secondary_ == Fate::kProven && witness_ == Fate::kProven));
  alone_since_ = alone ? std::min(alone_since_, now) : TimePoint::max();
  if (secondary_ != Fate::kUsable) on_link_down(now);
  settle(now);
}

// Where no vote can come any more. Proof of death never replaces the vote while a witness can give
// one; what is left are channels whose witness is gone or never was.
void PrimaryChannel::settle(TimePoint now) {
  if (parties_.witness == kNobody) {
    const bool waits = state_ == State::kClaiming || state_ == State::kGranting;
    if (!waits || !may_go_on_alone()) return;
    // Without a witness the grant was a vote: a secondary that is gone may have served, and given
    // the sessions to a third. One that is only silent is passed over, where that is the policy.
    const bool may_have_moved_on = state_ == State::kGranting && secondary_ == Fate::kProven;
    is_alone_ = !may_have_moved_on;
    become(may_have_moved_on ? State::kFenced : State::kOwned);
    return;
  }
  if (state_ != State::kClaiming) return;
  // It may have served and given the sessions to a third: to be asked for, not to be gone on with.
  if (outvoted_ && secondary_ == Fate::kProven) {
    become(State::kFenced);
    return;
  }
  // It died while we held the lease, so it had not begun to claim: there is no second claimant.
  if (died_under_lease_ && witness_ != Fate::kUsable) {
    become(State::kOwned);
    return;
  }
  const Duration wait = 2 * grace_of(lease_of(options_.beat));
  if (alone_since_ != TimePoint::max() && now >= alone_since_ + wait) {
    lost_ = true;
    become(State::kFenced);
  }
}

bool PrimaryChannel::may_go_on_alone() const {
  return secondary_ == Fate::kProven ||
         (secondary_ == Fate::kDead && options_.no_witness == NoWitnessPolicy::kAvailable);
}

TimePoint PrimaryChannel::last_certain() const {
  return std::min(granted_at_, unclaimed_until_ - lease_of(options_.beat));
}

bool PrimaryChannel::may_serve(TimePoint read) const {
  switch (state_) {
    case State::kOpen:
    case State::kAdopting:
    case State::kClaiming:
      return has_lease(read);
    case State::kOwned:
      return is_owned();
    default:
      return false;
  }
}

bool PrimaryChannel::is_owned() const {
  if (state_ != State::kOwned) return false;
  return successor_ == nullptr || successor_->state_ == State::kOwned;
}

TimePoint PrimaryChannel::ack_due() const {
  if (in_flight_.empty()) return TimePoint::max();
  const Duration wait = state_ == State::kOpening ? options_.open_timeout : options_.ack_timeout;
  return in_flight_.front().sent_at + wait;
}

void PrimaryChannel::advance(TimePoint now, TimePoint patience) {
  switch (state_) {
    case State::kOpening:
    case State::kOpen:
    case State::kAdopting:
      if (ack_due() <= now && patience <= now) {
        claim(now);
      } else if (state_ == State::kOpen && last_sent_ + options_.beat <= now) {
        renew(now);
      }
      return;
    case State::kClaiming:
      if (repeat_at_ <= now) send_claims(now);
      settle(now);
      return;
    case State::kGranting:
      if (granted_at_ + options_.ack_timeout <= now && patience <= now) claim(now);
      if (state_ == State::kGranting && repeat_at_ <= now) {
        repeat_at_ = now + options_.claim_retry;
        send_plain(parties_.secondary, FrameType::kGrant);
      }
      return;
    case State::kClosed:
      if (secondary_ == Fate::kProven && witness_told_ > 0) closing_.on_heard();
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
      return in_flight_.empty() ? last_sent_ + options_.beat : ack_due();
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
