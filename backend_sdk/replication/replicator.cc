// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/replicator.h"

#include <algorithm>

#include "backend_sdk/replication/lease.h"
#include "base/check.h"

namespace understudy {

Replicator::Replicator(const ReplicationOptions& options, MemberId self, const Fates& fates,
                       const Clock& clock, Transport& transport, Owner& owner)
    : options_(options),
      self_(self),
      fates_(fates),
      clock_(clock),
      transport_(transport),
      owner_(owner),
      outgoing_(options, self, clock, *this, owner, statistics_),
      incoming_(options, self, clock, *this, owner, statistics_),
      witnessing_(options, *this) {
  CHECK(lease_of(options.beat) >= kLeaseMin && lease_of(options.beat) <= kLeaseMax);
}

Replicator::~Replicator() = default;

bool Replicator::pass_over(const PrimaryChannel& channel, const SessionId& sid,
                           const SessionImage& image) {
  const TimePoint until = channel.lease().last_certain() + options_.passed_over_kept;
  if (channel.is_released() || until <= clock_.now()) return false;
  wake_by(until);
  return incoming_.copies().pass_over({channel.id(), channel.parties().secondary, &image}, sid,
                                      until);
}

ReplicatorStatistics Replicator::statistics() const {
  ReplicatorStatistics statistics = statistics_;
  statistics.votes = witnessing_.votes();
  return statistics;
}

// --- the others --------------------------------------------------------------------------------

bool Replicator::is_anybody_missing() const {
  return std::any_of(view_.members.begin(), view_.members.end(),
                     [this](const Member& member) { return fate(member.mid) == Fate::kDead; });
}

void Replicator::on_dead(MemberId member) {
  witnessing_.on_dead(member, clock_.now());
  tell_fates();
}

void Replicator::on_alive(MemberId member) {
  drop_held(member);
  witnessing_.on_alive(member);
  tell_fates();
}

void Replicator::on_view(const MemberView& view) {
  view_ = view;
  for (const Member& member : view_.members) peers_[member.mid] = member.peer();
  std::erase_if(peers_, [this](const auto& entry) { return view_.find(entry.first) == nullptr; });
  outgoing_.on_view();
  tell_fates();
  for (const Member& member : view_.members) {
    if (!member.is_usable()) witnessing_.on_dead(member.mid, clock_.now());
  }
  outgoing_.tidy();
}

// Channels learn every fate anew: it costs little and cannot be forgotten in some path.
void Replicator::tell_fates() {
  const bool has_quorum = owner_.has_quorum();
  outgoing_.on_fates(has_quorum);
  incoming_.on_fates(has_quorum);
  witnessing_.on_fates(clock_.now());
  wake_by(witnessing_.wake_at());
  // Channels of the dead to us are claimed now, and take nothing more: what we answer stays true.
  answer_held();
}

void Replicator::probe(MemberId member) {
  const auto peer = peers_.find(member);
  if (peer != peers_.end()) transport_.probe(peer->second);
}

void Replicator::send_lookup(MemberId to, const LookupPayload& lookup) {
  Frame frame{.type = FrameType::kLookup, .payload = {}};
  encode(lookup, frame.payload);
  send(to, std::move(frame));
}

void Replicator::on_link_down(const Peer& peer, LinkDown why) {
  if (peer.mid == kNobody) return;
  outgoing_.on_link_down(peer.mid);
  const bool is_proof = why == LinkDown::kRefused || why == LinkDown::kOtherLife;
  if (is_proof && seems_gone(fate(peer.mid))) tell_fates();
}

void Replicator::on_probe_failed(const Peer& peer, LinkDown why) {
  const bool is_proof = why == LinkDown::kRefused || why == LinkDown::kOtherLife;
  if (is_proof && seems_gone(fate(peer.mid))) tell_fates();
  owner_.on_probe(peer.mid, false);
}

void Replicator::on_probe_answered(const Peer& peer) {
  // It lives, as far as we can see: we do not answer in its place.
  drop_held(peer.mid);
  witnessing_.on_alive(peer.mid);
  owner_.on_probe(peer.mid, true);
}

// --- frames ------------------------------------------------------------------------------------

void Replicator::send(MemberId to, Frame frame) {
  const auto peer = peers_.find(to);
  if (peer == peers_.end()) return;  // repeated when the view names it, or judged late
  wake_by(clock_.now() + std::min({options_.ack_timeout, options_.claim_retry, options_.beat}));
  transport_.send(peer->second, std::move(frame));
}

bool Replicator::owns(FrameType type) {
  return type >= FrameType::kOpen && type <= FrameType::kHandOver;
}

void Replicator::on_frame(const Peer& from, const Frame& frame) {
  if (from.mid == kNobody || from.mid == self_) return;
  peers_.try_emplace(from.mid, from);
  switch (frame.type) {
    case FrameType::kOpen:
      on_open(from.mid, frame);
      return;
    case FrameType::kClaim:
      on_claim(from.mid, frame);
      return;
    case FrameType::kClose:
      if (frame.flags == kCloseHeard) {
        incoming_.on_close_heard(from.mid, frame.channel);
        outgoing_.on_close_heard(from.mid, frame.channel);
        return;
      }
      send(from.mid, {.type = FrameType::kClose,
                      .flags = kCloseHeard,
                      .channel = frame.channel,
                      .payload = {}});
      witnessing_.on_closed(frame.channel, from.mid, clock_.now());
      wake_by(witnessing_.wake_at());
      incoming_.on_close(from.mid, frame.channel);
      outgoing_.on_close(from.mid, frame.channel);
      return;
    case FrameType::kLookup:
      if (const auto lookup = decode_lookup(frame.payload)) on_lookup(from.mid, *lookup);
      return;
    case FrameType::kFound:
      if (const auto found = decode_found(frame.payload)) owner_.on_found(from.mid, *found);
      return;
    default:
      on_channel_frame(from.mid, frame);
      return;
  }
}

void Replicator::on_lookup(MemberId from, const LookupPayload& lookup) {
  if (lookup.instead_of == self_) return;  // we do live; no member shall serve in our place
  // That it is dead is hearsay. Without a proof of our own it may go on with us, and what we answer
  // would not stay true.
  const bool is_proven = lookup.instead_of == kNobody || fate(lookup.instead_of) == Fate::kProven;
  if (!is_proven) return hold_lookup(from, lookup);
  answer_lookup(from, lookup);
}

void Replicator::answer_lookup(MemberId to, const LookupPayload& lookup) {
  Frame answer{.type = FrameType::kFound, .payload = {}};
  encode(owner_.on_lookup(lookup), answer.payload);
  send(to, std::move(answer));
}

void Replicator::hold_lookup(MemberId from, const LookupPayload& lookup) {
  std::erase_if(held_lookups_, [&](const HeldLookup& held) {
    return held.from == from && held.lookup.sid == lookup.sid;
  });
  if (held_lookups_.size() >= options_.lookups_held_max) return;
  held_lookups_.push_back({from, lookup, clock_.now() + options_.lookup_held});
  wake_by(held_lookups_.front().until);
  probe(lookup.instead_of);
}

void Replicator::answer_held() {
  std::vector<HeldLookup> due;
  for (const HeldLookup& held : held_lookups_) {
    if (fate(held.lookup.instead_of) == Fate::kProven) due.push_back(held);
  }
  for (const HeldLookup& held : due) drop_held(held.lookup.instead_of);
  for (const HeldLookup& held : due) answer_lookup(held.from, held.lookup);
}

void Replicator::drop_held(MemberId instead_of) {
  std::erase_if(held_lookups_, [instead_of](const HeldLookup& held) {
    return held.lookup.instead_of == instead_of;
  });
}

void Replicator::on_channel_frame(MemberId from, const Frame& frame) {
  if (PrimaryChannel* ours = primary(frame.channel); ours != nullptr) {
    outgoing_.on_frame(*ours, from, frame);
  } else if (SecondaryChannel* theirs = secondary(frame.channel); theirs != nullptr) {
    incoming_.on_frame(*theirs, from, frame);
  }
}

void Replicator::on_open(MemberId from, const Frame& frame) {
  const auto open = decode_open(frame.channel, frame.payload);
  if (!open || open->parties.primary != from || open->parties.secondary != self_) return;
  if (frame.seq != 1 || fate(from) == Fate::kProven) return;
  incoming_.on_open(*open, frame, owner_.has_quorum());
}

void Replicator::on_claim(MemberId from, const Frame& frame) {
  const auto claim = decode_claim(frame.channel, frame.payload);
  if (!claim || claim->claimant != from) return;
  // A member that the view holds for dead is about to start over, and what it won would go with its
  // life; one that is suspect may be on its way there (V7). Not to vote is always safe: it asks
  // again, and a suspicion ends within a few beats.
  const Member* claimant = view_.find(from);
  const bool is_suspect = claimant != nullptr && claimant->liveness == Liveness::kSuspect;
  if (fate(from) != Fate::kUsable || fates_.is_voted_out(from) || is_suspect) return;
  if (claim->parties.witness == self_) {
    witnessing_.on_claim(*claim, clock_.now());
    wake_by(witnessing_.wake_at());
  } else if (claim->parties.secondary == self_ && from == claim->parties.primary) {
    incoming_.on_claim(*claim);
  }
}

// --- time --------------------------------------------------------------------------------------

void Replicator::wake_by(TimePoint at) {
  wake_at_ = std::min(wake_at_, at);
}

void Replicator::advance(TimePoint patience) {
  const TimePoint now = clock_.now();
  incoming_.flush_acks();
  if (now < wake_at_) return;
  wake_at_ = TimePoint::max();
  if (patience > now) wake_by(patience);
  outgoing_.advance(patience);
  incoming_.advance();
  witnessing_.expire(now);
  wake_by(witnessing_.wake_at());
  std::erase_if(held_lookups_, [now](const HeldLookup& held) { return held.until <= now; });
  if (!held_lookups_.empty()) wake_by(held_lookups_.front().until);
}

}  // namespace understudy
