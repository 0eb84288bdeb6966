// SPDX-License-Identifier: Apache-2.0
// FormerLife: what this member served in a life that is over. Nothing of it may be answered for any
// more; it goes in slices, because there may be a million of them (C4), and leaves pointers to the
// members that hold the copies. Owned by Sessions, loop thread only.
#pragma once

#include <deque>
#include <map>

#include "backend_sdk/sessions/disputes.h"
#include "backend_sdk/sessions/layer.h"

namespace understudy {

class FormerLife final {
 public:
  FormerLife(SessionLayer& layer, Disputes& disputes) : layer_(layer), disputes_(disputes) {}

  // All that is in the layer's store: at the end of a life, while its channels are still known. No
  // request waits for any of it.
  void take();
  // It is asked for: its pointer is needed now.
  void let_go_of(const SessionId& sid);
  void advance();  // one slice

 private:
  struct Life {
    SessionStore store;
    std::map<ChannelId, MemberId> secondaries;
  };
  void let_go(Life& life, Stay& stay);

  SessionLayer& layer_;
  Disputes& disputes_;
  std::deque<Life> lives_;  // the oldest first, none of them empty
};

}  // namespace understudy
