// SPDX-License-Identifier: Apache-2.0
// SessionQueues: requests of one session that wait for each other: exclusive ones, the same request
// sent twice, and those for which the session has no room to remember them (S11). First come first
// served, bounded by session_queue_max; the requests themselves are parked. Owned by Sessions, loop
// thread only.
#pragma once

#include <set>
#include <unordered_map>
#include <vector>

#include "backend_sdk/sessions/layer.h"
#include "backend_sdk/sessions/parking.h"
#include "base/sharded.h"

namespace understudy {

// A request between begin and commit.
struct Active {
  SessionId sid;
  StayId stay = 0;       // 0: the session does not exist yet
  uint64_t version = 0;  // what it was shown
  RequestId request_id = 0;
  std::optional<SessionToken> token;
  // The id that its own login has made: its answer names it, and no other answer does (I6).
  std::optional<SessionId> named = {};
  // What it was shown, where its cookie had the session's present id then.
  std::shared_ptr<const Attributes> attributes = {};
  bool lost = false;
  bool recovered = false;
  bool replayed = false;
  bool exclusive = false;
};

class SessionQueues final {
 public:
  SessionQueues(SessionLayer& layer, Parking& parking) : layer_(layer), parking_(parking) {}

  // Takes the request if it has to wait. Otherwise enter() follows.
  bool waits(WaitingPtr& waiting, Stay& stay, Duration patience);
  void enter(Stay& stay, const Active& active, RequestHandle handle);
  // The request does not use its session any more: the next in line may.
  void leave(Stay& stay, const Active& active, RequestHandle handle);

  // A request was committed. Its repetitions are answered from the session now.
  void on_committed(Stay& stay, RequestId request);
  // A proxy has the answers of these requests.
  void on_answered(const std::vector<RequestId>& requests);
  // Forgets what no proxy sends again, because it is too old.
  void forget_old(Stay& stay);
  // All sessions that have waiting requests and could have room now.
  void advance();
  // The session goes: what waits for it looks again.
  void dissolve(Stay& stay);
  // Of sessions that have no room for what waits.
  std::vector<StayId> waited_for() const { return {full_.begin(), full_.end()}; }
  // This life is over. What it remembered is freed by slices of sweep(), a slice a turn.
  void clear();
  void sweep();

 private:
  bool has_room(const Stay& stay) const;
  void let_in(Stay& stay);
  void forget(Stay& stay, RequestId request);
  void enqueue(std::deque<WaitingId>& queue, WaitingPtr waiting);
  void repeat(Stay& stay, WaitingPtr waiting, Duration patience);
  void refuse(WaitingPtr waiting);
  void drop_gone(std::deque<WaitingId>& queue) const;

  SessionLayer& layer_;
  Parking& parking_;
  using Remembered = Sharded<std::unordered_map<RequestId, StayId>>;
  Remembered remembered_;  // at most answered_index_max
  Remembered outdated_;    // of former lives
  std::set<StayId> full_;  // stays with a memory_queue
};

}  // namespace understudy
