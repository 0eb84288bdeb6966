// SPDX-License-Identifier: Apache-2.0
// Commits: the way out. What a request changed becomes a version of its session and goes into the
// session's channel (R2); its response waits at the gate until the secondary holds all that it
// shows (R4). Owned by Sessions, loop thread only.
#pragma once

#include <string>

#include "backend_sdk/sessions/gate.h"
#include "backend_sdk/sessions/layer.h"
#include "backend_sdk/sessions/protection.h"
#include "backend_sdk/sessions/session_queues.h"
#include "backend_sdk/sessions/turnover.h"

namespace understudy {

class Commits final {
 public:
  struct Parts {
    Gate& gate;
    SessionQueues& queues;
    Protection& protection;
    Turnover& turnover;
  };
  Commits(SessionLayer& layer, const Parts& parts) : layer_(layer), parts_(parts) {}

  void commit(const Active& active, RequestHandle handle, Change change, CommitCallback callback);
  void abandon(const Active& active, RequestHandle handle);

 private:
  void commit_gone(const Active& active, CommitCallback callback);
  void commit_new(const Active& active, Change change, CommitCallback callback);
  void commit_apart(const Active& active, Change change, CommitCallback callback);
  void commit_here(const Active& active, Stay& stay, Change change, CommitCallback callback);
  void end_session(Stay& stay, const Active& active, CommitCallback callback);
  // Empty: it is not.
  std::string too_large(const SessionImage& image, const Change& change) const;
  bool has_no_room(const Stay& stay, const Change& change) const;
  void write(Stay& stay, const Active& active, const Change& change);
  SessionDelta delta_of(const Stay& stay, const Active& active, const Change& change) const;
  void rename(Stay& stay, RequestId login, const SessionId& new_id);
  void wait_at_gate(Stay& stay, const Active& active, Gate::Ticket ticket, CommitCallback callback);
  CommitOutcome outcome_of(const Active& active, const Gate::Passage& passage);
  CommitOutcome refusal(Unavailable reason) const;

  SessionLayer& layer_;
  const Parts parts_;
};

}  // namespace understudy
