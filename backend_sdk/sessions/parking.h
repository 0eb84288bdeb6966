// SPDX-License-Identifier: Apache-2.0
// Parking: the requests that wait, what for, and until when. Bounded by parked_max; every request
// leaves it once, by take(), or when its deadline passes. It decides nothing about them: the owner
// admits them again, or refuses them. Owned by Sessions, loop thread only; outlives a life.
#pragma once

#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "backend_sdk/sessions/layer.h"
#include "backend_sdk/sessions/waiting.h"

namespace understudy {

class Parking final {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void admit(WaitingPtr waiting) = 0;
    virtual void refuse(WaitingPtr waiting, Unavailable reason) = 0;
  };
  explicit Parking(SessionLayer& layer) : layer_(layer) {}
  void set_owner(Owner& owner) { owner_ = &owner; }  // once, before anything else

  // Until something changes in the channel, or `wait` after the request came. The owner refuses it
  // at once when the deadline is over or the place is full.
  void park_for_channel(WaitingPtr waiting, ChannelId channel, Duration wait);
  void park(WaitingPtr waiting, Duration wait, Unavailable reason);

  bool contains(WaitingId id) const { return parked_.contains(id); }
  const Waiting* find(WaitingId id) const;
  WaitingPtr take(WaitingId id);  // null: it has left
  // Admits it again when the call is over, if it still waits then. call(): its turn has come.
  void admit_later(WaitingId id);
  void call(WaitingId id);
  void wake(ChannelId channel);
  // A probe was answered by the member: it lives.
  void note_answer(const std::vector<ChannelId>& channels, MemberId member);

  void pass_deadlines(TimePoint now);
  // At the end of a life: all of them are admitted again, which then finds no member here.
  void admit_all();

  std::vector<ChannelId> channels() const;  // that requests wait for, in order
  TimePoint wake_at() const { return until_.empty() ? TimePoint::max() : until_.begin()->first; }
  size_t size() const { return parked_.size(); }

 private:
  SessionLayer& layer_;
  Owner* owner_ = nullptr;
  std::unordered_map<WaitingId, WaitingPtr> parked_;
  std::map<ChannelId, std::set<WaitingId>> by_channel_;
  std::set<std::pair<TimePoint, WaitingId>> until_;  // one entry for each
};

}  // namespace understudy
