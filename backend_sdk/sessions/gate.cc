// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/gate.h"

#include <algorithm>
#include <set>

#include "base/check.h"

namespace understudy {

Gate::Passage Gate::fenced(MemberId route) {
  Passage passage;
  passage.kind = Passage::Kind::kFenced;
  passage.route = route;
  return passage;
}

SessionToken Gate::token_of(const Stay& stay, uint64_t version) const {
  SessionToken token;
  token.sid = stay.sid;
  token.primary = layer_.self;
  if (stay.placement.channel() != 0) {
    token.secondary = layer_.channel_of(stay).parties().secondary;
  }
  token.floor = {stay.image.position.epoch, version};
  return token;
}

// Nothing: it has to wait.
std::optional<Gate::Passage> Gate::judge(const Stay& stay, const Ticket& ticket) const {
  Passage passage;
  if (stay.placement.channel() == 0) {
    if (stay.placement.is_dead()) return std::nullopt;
    // No other member can have it, and none holds a copy.
    if (layer_.replication.solo == SoloPolicy::kDeny) return std::nullopt;
    passage.token = token_of(stay, ticket.needed);
    passage.solo = true;
    return passage;
  }
  const PrimaryChannel& channel = layer_.channel_of(stay);
  if (channel.is_outvoted()) return fenced(channel.parties().secondary);
  const bool is_held = stay.placement.holds(ticket.needed);
  const bool may = is_held && (!ticket.reads_only || layer_.may_answer_for(stay));
  if (!may && !layer_.replication.faults.dirty_reads) return std::nullopt;
  CHECK(is_held || layer_.replication.faults.dirty_reads,
        "no response shows what the secondary does not hold (S3)");
  passage.token = token_of(stay, ticket.needed);
  return passage;
}

bool Gate::wants_lease(const Stay& stay, const Ticket& ticket) const {
  return stay.placement.channel() != 0 && ticket.reads_only && stay.placement.holds(ticket.needed);
}

void Gate::conclude(Stay& stay, const Ticket& ticket, const Passage& passage) {
  if (passage.kind == Passage::Kind::kReleased && !passage.ended) stay.placement.show();
  ticket.done(passage);
}

void Gate::wait(Stay& stay, Ticket ticket) {
  if (const auto passage = judge(stay, ticket)) {
    conclude(stay, ticket, *passage);
    return;
  }
  const TicketId id = ++last_;
  stay.tickets.push_back(id);
  until_.emplace_back(layer_.now() + layer_.replication.ack_deadline, id);
  layer_.schedule(until_.back().first);
  const bool renews = wants_lease(stay, ticket);
  tickets_.emplace(id, Entry{std::move(ticket), stay.id});
  if (!renews) return;
  leases_[stay.placement.channel()].push_back(id);
  layer_.channel_of(stay).renew(layer_.now());
}

void Gate::open(Stay& stay) {
  const std::vector<TicketId> waiting = std::move(stay.tickets);
  stay.tickets.clear();
  for (const TicketId id : waiting) {
    const auto found = tickets_.find(id);
    if (const auto passage = judge(stay, found->second.ticket)) {
      const Ticket ticket = std::move(found->second.ticket);
      tickets_.erase(found);
      conclude(stay, ticket, *passage);
      continue;
    }
    stay.tickets.push_back(id);
    if (wants_lease(stay, found->second.ticket)) leases_[stay.placement.channel()].push_back(id);
  }
}

void Gate::settle(Stay& stay, const Passage& passage) {
  const std::vector<TicketId> waiting = std::move(stay.tickets);
  stay.tickets.clear();
  for (const TicketId id : waiting) {
    const auto found = tickets_.find(id);
    const Ticket ticket = std::move(found->second.ticket);
    tickets_.erase(found);
    conclude(stay, ticket, passage);
  }
}

void Gate::on_lease(ChannelId channel) {
  const auto found = leases_.find(channel);
  if (found == leases_.end()) return;
  const std::vector<TicketId> waiting = std::move(found->second);
  leases_.erase(found);
  for (const TicketId id : waiting) {
    const auto entry = tickets_.find(id);
    if (entry == tickets_.end()) continue;
    if (Stay* stay = layer_.store.find_stay(entry->second.stay)) open(*stay);
  }
}

void Gate::on_adopted(ChannelId from, ChannelId to) {
  const auto found = leases_.find(from);
  if (found == leases_.end()) return;
  const std::vector<TicketId> waiting = std::move(found->second);
  leases_.erase(found);
  std::vector<TicketId>& there = leases_[to];
  there.insert(there.end(), waiting.begin(), waiting.end());
}

std::vector<Stay*> Gate::waiting() const {
  std::set<StayId> ids;  // in one order in every run
  for (const auto& [id, entry] : tickets_) ids.insert(entry.stay);
  std::vector<Stay*> stays;
  for (const StayId id : ids) {
    if (Stay* stay = layer_.store.find_stay(id)) stays.push_back(stay);
  }
  return stays;
}

std::vector<Stay*> Gate::waiting_in(ChannelId channel) const {
  std::vector<Stay*> stays = waiting();
  std::erase_if(stays, [channel](Stay* stay) { return stay->placement.channel() != channel; });
  return stays;
}

void Gate::pass_deadlines(TimePoint now) {
  while (!until_.empty() && until_.front().first <= now) {
    const TicketId id = until_.front().second;
    until_.pop_front();
    const auto found = tickets_.find(id);
    if (found == tickets_.end()) continue;
    const Entry entry = std::move(found->second);
    tickets_.erase(found);
    Stay& stay = *layer_.store.find_stay(entry.stay);
    std::erase(stay.tickets, id);
    Passage passage;
    passage.kind = Passage::Kind::kUnavailable;
    passage.reason =
        stay.placement.channel() == 0 ? Unavailable::kUnprotected : Unavailable::kWaitedOut;
    conclude(stay, entry.ticket, passage);
  }
}

void Gate::clear() {
  CHECK(tickets_.empty());
  until_.clear();
  leases_.clear();
}

}  // namespace understudy
