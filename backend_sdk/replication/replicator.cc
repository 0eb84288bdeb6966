// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/replicator.h"

#include <algorithm>

#include "backend_sdk/replication/lease.h"
#include "base/check.h"

namespace understudy {

namespace {

constexpr size_t kProvenMax = 4096;

}  // namespace

Replicator::Replicator(const ReplicationOptions& options, MemberId self, const Clock& clock,
                       Transport& transport, Owner& owner)
    : options_(options),
      self_(self),
      clock_(clock),
      transport_(transport),
      owner_(owner),
      last_proof_(clock.now()),
      outgoing_(options, self, clock, *this, owner, statistics_),
      incoming_(options, self, clock, *this, owner, statistics_),
      witnessing_(options, *this) {
  CHECK(lease_of(options.beat) >= kLeaseMin && lease_of(options.beat) <= kLeaseMax);
}

Replicator::~Replicator() = default;

bool Replicator::pass_over(const PrimaryChannel& channel, const SessionId& sid,
                           const SessionImage& image) {
  const TimePoint until = channel.last_certain() + options_.passed_over_kept;
  if (until <= clock_.now()) return false;
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

Fate Replicator::fate(MemberId member) const {
  if (member == self_) return Fate::kUsable;
  if (proven_.contains(member)) return Fate::kProven;
  const Member* known = view_.find(member);
  if (known == nullptr) return Fate::kDead;
  if (known->is_usable()) return Fate::kUsable;
  return known->is_proven || known->liveness == Liveness::kLeft ? Fate::kProven : Fate::kDead;
}

bool Replicator::is_anybody_missing() const {
  return std::any_of(view_.members.begin(), view_.members.end(),
                     [this](const Member& member) { return fate(member.mid) == Fate::kDead; });
}

void Replicator::mark_proven(MemberId member) {
  if (member == kNobody || member == self_ || !proven_.insert(member).second) return;
  last_proof_ = clock_.now();
  proven_order_.push_back(member);
  if (proven_order_.size() > kProvenMax) {
    proven_.erase(proven_order_.front());
    proven_order_.pop_front();
  }
}

void Replicator::on_dead(MemberId member, bool is_proven) {
  if (is_proven) mark_proven(member);
  witnessing_.on_dead(member, clock_.now());
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
  if (why == LinkDown::kRefused || why == LinkDown::kOtherLife) mark_proven(peer.mid);
  outgoing_.on_link_down(peer.mid);
  if (proven_.contains(peer.mid)) tell_fates();
}

void Replicator::on_probe_failed(const Peer& peer, LinkDown why) {
  if (why == LinkDown::kRefused || why == LinkDown::kOtherLife) {
    mark_proven(peer.mid);
    tell_fates();
  }
  owner_.on_probe(peer.mid, false);
}

void Replicator::on_probe_answered(const Peer& peer) {
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
      witnessing_.on_closed(frame.channel, from.mid, clock_.now());
      wake_by(witnessing_.wake_at());
      incoming_.on_close(from.mid, frame.channel);
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
  if (lookup.instead_of == self_) return;  // we do live; nobody shall serve in our place
  if (lookup.instead_of != kNobody) {
    // Its channels to us are claimed now, and take nothing more: what we answer stays true.
    mark_proven(lookup.instead_of);
    tell_fates();
  }
  Frame answer{.type = FrameType::kFound, .payload = {}};
  encode(owner_.on_lookup(lookup), answer.payload);
  send(from, std::move(answer));
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
  // Who the view holds for dead is about to start over, and would take to nowhere what it won.
  // Not voting is always safe; it asks again if the view was wrong.
  if (fate(from) != Fate::kUsable) return;
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
}

}  // namespace understudy
