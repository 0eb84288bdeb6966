// SPDX-License-Identifier: Apache-2.0
// Which member holds which copies, and who is the witness: channels are opened here, succeeded by
// ones with a better witness, and given up.
#include <algorithm>

#include "backend_sdk/replication/rank.h"
#include "backend_sdk/replication/replicator.h"
#include "base/check.h"

namespace understudy {

namespace {

constexpr size_t kReputationsMax = 1024;
constexpr size_t kAdoptionsMax = 2;  // at a time; requests in these wait for one round trip

}  // namespace

bool Replicator::is_avoided(const Member& member) const {
  const auto found = reputations_.find(member.name);
  return found != reputations_.end() && clock_.now() < found->second.avoid_until;
}

void Replicator::refresh_targets() {
  targets_ = choose_targets(view_, self_, options_.channels_max,
                            [this](const Member& member) { return is_avoided(member); });
  targets_any_ = targets_;
  std::erase_if(targets_, [this](MemberId mid) { return is_avoided(*view_.find(mid)); });
}

void Replicator::note_failure(MemberId member) {
  const Member* failed = view_.find(member);
  if (failed == nullptr) return;
  if (reputations_.size() >= kReputationsMax && !reputations_.contains(failed->name)) return;
  const TimePoint now = clock_.now();
  Reputation& reputation = reputations_[failed->name];
  reputation.failures.push_back(now);
  while (reputation.failures.front() + options_.flap_window <= now ||
         reputation.failures.size() > options_.flaps_max + 1) {
    reputation.failures.pop_front();
  }
  const bool flaps = reputation.failures.size() > options_.flaps_max;
  reputation.avoid_until = std::max(
      reputation.avoid_until, now + (flaps ? options_.flap_window : options_.avoid_after_failure));
  schedule(reputation.avoid_until);
  refresh_targets();
}

PrimaryChannel* Replicator::place(const SessionId& sid, bool any) {
  const std::vector<MemberId>& candidates = any ? targets_any_ : targets_;
  if (candidates.empty()) return nullptr;
  std::map<MemberId, PrimaryChannel*> serving;
  std::map<MemberId, size_t> sessions;
  size_t taking = 0;
  for (const auto& [id, channel] : primaries_) {
    if (channel->takes_frames()) {
      serving[channel->parties().secondary] = channel.get();
      ++taking;
    }
    sessions[channel->parties().secondary] += owner_.sessions_in(id);
  }
  std::vector<Target> targets;
  for (const MemberId mid : candidates) {
    if (fate(mid) != Fate::kUsable) continue;
    if (taking >= options_.channels_max && !serving.contains(mid)) continue;
    targets.push_back({mid, view_.find(mid)->weight, sessions[mid]});
  }
  if (targets.empty()) return nullptr;
  const MemberId chosen = choose_target(targets, sid);
  const auto open = serving.find(chosen);
  return open != serving.end() ? open->second : &open_channel(chosen, nullptr);
}

PrimaryChannel& Replicator::open_channel(MemberId secondary, PrimaryChannel* adopts) {
  CHECK(last_channel_ < UINT32_MAX);
  ChannelParties parties;
  parties.id = ChannelId{self_} << 32 | ++last_channel_;
  parties.primary = self_;
  parties.secondary = secondary;
  parties.witness = choose_witness(view_, self_, secondary, parties.id);
  auto channel = std::make_unique<PrimaryChannel>(options_, parties, *this);
  PrimaryChannel& opened = *channel;
  primaries_.emplace(parties.id, std::move(channel));
  opened.open(view_.hash(), adopts, clock_.now());
  return opened;
}

// A channel whose witness is gone, or that never had one although somebody could be it now, is
// succeeded by one between the same two members; the copies stay where they are. A few at a time,
// and again in every beat for those that are not ready.
void Replicator::replace_witnesses() {
  size_t adopting = 0;
  for (const auto& [id, channel] : primaries_) {
    if (channel->state() == PrimaryChannel::State::kAdopting) ++adopting;
  }
  for (PrimaryChannel* channel : primaries()) {
    if (adopting >= kAdoptionsMax) return;
    const ChannelParties& parties = channel->parties();
    if (channel->state() != PrimaryChannel::State::kOpen || channel->has_refusals()) continue;
    if (fate(parties.secondary) != Fate::kUsable) continue;
    const bool has_witness = parties.witness != kNobody && fate(parties.witness) == Fate::kUsable;
    if (has_witness) continue;
    const MemberId better = choose_witness(view_, self_, parties.secondary, parties.id);
    if (better == parties.witness) continue;
    ++adopting;
    ++statistics_.adoptions;
    channel->begin_adoption();
    open_channel(parties.secondary, channel);
  }
}

// Secondaries that drain get nothing more to keep, and idle channels to members that are no longer
// among the best are given up.
void Replicator::let_go_of_unwanted() {
  for (PrimaryChannel* channel : primaries()) {
    const MemberId secondary = channel->parties().secondary;
    const Member* member = view_.find(secondary);
    const bool draining = member != nullptr && member->operator_state != OperatorState::kReady;
    const bool wanted =
        std::find(targets_any_.begin(), targets_any_.end(), secondary) != targets_any_.end();
    const bool idle = owner_.sessions_in(channel->id()) == 0;
    if (channel->state() != PrimaryChannel::State::kOpen) continue;
    if (draining || (idle && !wanted)) {
      voluntary_.insert(channel->id());
      channel->claim(clock_.now());
    }
  }
}

}  // namespace understudy
