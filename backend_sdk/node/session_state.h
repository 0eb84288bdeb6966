// SPDX-License-Identifier: Apache-2.0
// Session::State: what stands behind one request's Session handle: the snapshot, the changes made
// to it, and the thread home. Made by Node::Running at begin(), spent by finish() or commit();
// destroyed unspent, it abandons the request. Travels with the handle from thread to thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "backend_sdk/node/contract.h"
#include "backend_sdk/node/node_door.h"
#include "backend_sdk/sessions/requests.h"
#include "understudy/session.h"

namespace understudy {

struct Session::State {
  State(const BeginOutcome& outcome, ContractFacts facts, std::shared_ptr<UnderWay> under_way);
  ~State();
  State(const State&) = delete;

  // Null when there is no such attribute, this request's changes included.
  const std::string* find(std::string_view name) const;
  // A null value removes. What may not be is remembered as `refusal`. How large the session would
  // become is judged at the commit, against what it is by then.
  void change(std::string_view name, Bytes value);
  bool may_change();
  void refuse(std::string_view why);
  // Hands the handle over: from now on the session is read-only and nothing is abandoned.
  Change spend();

  // Constant after construction.
  const RequestHandle handle;
  const ContractFacts facts;
  const std::shared_ptr<const Attributes> snapshot;
  const Position position;
  const bool is_new;
  const bool replayed;
  const SessionNote note;
  std::string secondary;
  std::size_t stored_response_max = 0;
  std::shared_ptr<UnderWay> under_way;
  std::shared_ptr<Executor> executor;

  SessionId sid;
  std::optional<SessionId> new_id;
  std::map<std::string, Bytes, std::less<>> changes;
  Bytes response;
  bool is_invalidated = false;
  bool is_spent = false;
  std::string refusal;
};

}  // namespace understudy
