// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/parking.h"

#include <algorithm>

namespace understudy {

void Parking::park_for_channel(WaitingPtr waiting, ChannelId channel, Duration wait) {
  waiting->channel = channel;
  park(std::move(waiting), wait, Unavailable::kWaitedOut);
}

void Parking::park(WaitingPtr waiting, Duration wait, Unavailable reason) {
  if (parked_.size() >= layer_.options.parked_max) {
    owner_->refuse(std::move(waiting), Unavailable::kQueueFull);
    return;
  }
  waiting->reason = reason;
  waiting->deadline = waiting->arrived + wait;
  if (waiting->deadline <= layer_.now()) {
    owner_->refuse(std::move(waiting), reason);
    return;
  }
  until_.emplace(waiting->deadline, waiting->id);
  if (waiting->channel != 0) by_channel_[waiting->channel].insert(waiting->id);
  layer_.schedule(waiting->deadline);
  parked_.emplace(waiting->id, std::move(waiting));
}

const Waiting* Parking::find(WaitingId id) const {
  const auto found = parked_.find(id);
  return found == parked_.end() ? nullptr : found->second.get();
}

WaitingPtr Parking::take(WaitingId id) {
  const auto found = parked_.find(id);
  if (found == parked_.end()) return nullptr;
  WaitingPtr waiting = std::move(found->second);
  parked_.erase(found);
  until_.erase({waiting->deadline, id});
  if (const auto channel = by_channel_.find(waiting->channel); channel != by_channel_.end()) {
    channel->second.erase(id);
    if (channel->second.empty()) by_channel_.erase(channel);
  }
  waiting->channel = 0;
  return waiting;
}

void Parking::admit_later(WaitingId id) {
  layer_.ready.push_back([this, id] {
    if (WaitingPtr waiting = take(id)) owner_->admit(std::move(waiting));
  });
}

void Parking::call(WaitingId id) {
  parked_.at(id)->is_called = true;
  admit_later(id);
}

// Later, from the top: the caller is in the middle of something.
void Parking::wake(ChannelId channel) {
  const auto found = by_channel_.find(channel);
  if (found == by_channel_.end()) return;
  for (const WaitingId id : found->second) admit_later(id);
}

void Parking::note_answer(const std::vector<ChannelId>& channels, MemberId member) {
  for (const ChannelId channel : channels) {
    const auto found = by_channel_.find(channel);
    if (found == by_channel_.end()) continue;
    for (const WaitingId id : found->second) parked_.at(id)->answered = member;
  }
}

void Parking::pass_deadlines(TimePoint now) {
  while (!until_.empty() && until_.begin()->first <= now) {
    WaitingPtr waiting = take(until_.begin()->second);
    if (waiting->hand_over == Waiting::HandOver::kAwaited) {
      waiting->hand_over = Waiting::HandOver::kOverdue;
      owner_->admit(std::move(waiting));
      continue;
    }
    const Unavailable reason = waiting->reason;
    owner_->refuse(std::move(waiting), reason);
  }
}

void Parking::admit_all() {
  std::vector<WaitingId> ids;
  for (const auto& [id, waiting] : parked_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  for (const WaitingId id : ids) owner_->admit(take(id));
}

std::vector<ChannelId> Parking::channels() const {
  std::vector<ChannelId> channels;
  for (const auto& [channel, waiting] : by_channel_) channels.push_back(channel);
  return channels;
}

}  // namespace understudy
