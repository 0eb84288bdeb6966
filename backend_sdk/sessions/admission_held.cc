// SPDX-License-Identifier: Apache-2.0
// The way in, where this member holds what another one serves, or served.
#include <algorithm>
#include <utility>

#include "backend_sdk/sessions/admission.h"

namespace understudy {

// Ours to serve only after two of three agree.
void Admission::admit_at_copy(WaitingPtr waiting, SecondaryChannel& channel) {
  const ChannelId id = channel.id();
  const TimePoint now = layer_.now();
  const MemberId primary = channel.parties().primary;
  if (channel.state() != SecondaryChannel::State::kOpen) {
    return parts_.parking.park_for_channel(std::move(waiting), id, patience());
  }
  const bool is_leased = now < channel.grace_over();
  const BeginRequest& request = waiting->request;
  if (seems_alive(primary) && is_leased) {
    if (!request.failover) return redirect(std::move(waiting), primary);
    const bool should_be_handed_over = request.moved || request.unreachable;
    if (should_be_handed_over && waiting->hand_over != Waiting::HandOver::kOverdue) {
      return await_hand_over(std::move(waiting), channel);
    }
  }
  // It lives, and goes on serving.
  if (waiting->answered == primary && is_leased) return redirect(std::move(waiting), primary);
  // Park first: what the claim brings wakes the requests that wait.
  const bool has_answered = waiting->answered == primary;
  parts_.parking.park_for_channel(std::move(waiting), id, patience());
  layer_.schedule(channel.grace_over());
  // Refused already, it is waited for out of doubt (V8), and a probe tells nothing new.
  const bool is_gone = seems_gone(layer_.replicator->fate(primary));
  if (!has_answered && !is_gone) layer_.replicator->probe(primary);
  channel.want(now);
}

// The primary lives and is drained, or out of the proxy's reach: it hands the channel over, or goes
// on.
void Admission::await_hand_over(WaitingPtr waiting, SecondaryChannel& channel) {
  waiting->hand_over = Waiting::HandOver::kAwaited;
  const ChannelId id = channel.id();
  using Extent = SecondaryChannel::Extent;
  channel.ask_for(waiting->request.moved ? Extent::kAll : Extent::kThisChannel, layer_.now());
  parts_.parking.park_for_channel(std::move(waiting), id,
                                  patience() / 2 + layer_.replication.ack_timeout);
}

// The member that ran this request died while it did, maybe of it: this one makes sure that its own
// end would lose nothing, before the handler runs (P14).
bool Admission::is_held_as_suspect(WaitingPtr& waiting) {
  if (!waiting->request.broken_off || waiting->is_held) return false;
  waiting->is_held = true;
  parts_.suspects.hold(std::move(waiting));
  return true;
}

// The owner has it, or died with it. Until that is proven no other member may serve what is here.
void Admission::admit_at_passed_over(WaitingPtr waiting,
                                     const ReplicaStore::PassedOver& passed_over) {
  const MemberId owner = passed_over.owner;
  if (layer_.replicator->fate(owner) == Fate::kProven) {
    const SessionId sid = layer_.resolve(waiting->request.token->sid, waiting->came);
    return look_up(std::move(waiting), sid);
  }
  const bool should_ask_it = seems_alive(owner) && !waiting->request.failover;
  if (waiting->answered == owner || should_ask_it) return redirect(std::move(waiting), owner);
  parts_.parking.park_for_channel(std::move(waiting), passed_over.channel, patience());
  // A refused connection proves nothing yet; another member is asked already (P20).
  if (!seems_gone(layer_.replicator->fate(owner))) layer_.replicator->probe(owner);
}

void Admission::want_channels() {
  for (const ChannelId id : parts_.parking.channels()) {
    SecondaryChannel* channel = layer_.replicator->secondary(id);
    if (channel == nullptr || channel->state() != SecondaryChannel::State::kOpen) continue;
    channel->want(layer_.now());
    if (channel->state() == SecondaryChannel::State::kOpen) {
      layer_.schedule(
          std::max(channel->grace_over(), layer_.now() + layer_.replication.claim_retry));
    }
  }
}

void Admission::on_probe(MemberId member, bool is_answered) {
  parts_.suspects.on_probe(member);
  // A probe that failed without proof leaves them waiting for the grace period.
  if (!is_answered) return;
  std::vector<ChannelId> channels;
  for (const ChannelId id : parts_.parking.channels()) {
    const SecondaryChannel* secondary = layer_.replicator->secondary(id);
    const bool is_its = secondary != nullptr
                            ? secondary->parties().primary == member
                            : layer_.replicator->copies().passed_over_owner(id) == member;
    if (is_its) channels.push_back(id);
  }
  parts_.parking.note_answer(channels, member);
  for (const ChannelId id : channels) parts_.parking.wake(id);
}

}  // namespace understudy
