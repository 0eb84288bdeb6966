// SPDX-License-Identifier: Apache-2.0
// Reception: asking to be let in (joining.h decides), and letting in. Owned by membership's core.
#pragma once

#include <optional>
#include <string>

#include "backend_sdk/membership/group.h"
#include "backend_sdk/membership/joining.h"
#include "backend_sdk/membership/messages.h"
#include "backend_sdk/membership/standing.h"
#include "base/quiet_log.h"

namespace understudy {

class Reception final {
 public:
  Reception(Standing& standing, Group& group) : standing_(standing), group_(group) {}

  void start();
  // Admitted, or out.
  void end();
  bool is_joining() const { return joining_.has_value(); }
  TimePoint due() const { return joining_->due(); }
  // The operator's wish may change while we ask.
  void advance(OperatorState state);
  // Why we are not let in, as far as the operator must know (J6); empty: no such thing is known.
  const std::string& obstacle() const { return obstacle_; }
  // True: it is time to start a group.
  bool should_found() const { return joining_->should_found(standing_.now()); }
  void on_link_down(const Peer& peer, LinkDown why) { joining_->on_link_down(peer, why); }

  void on_join(const Peer& from, const JoinMessage& message);
  void on_redirect(const Peer& from, const RedirectMessage& message);
  void on_join_no(const Peer& from, const JoinNoMessage& message);

 private:
  bool is_address_free_for(const Member& joiner);
  std::string find_obstacle() const;
  void say_obstacle();

  Standing& standing_;
  Group& group_;
  std::optional<Joining> joining_;
  std::string refusal_;  // the last JOIN_NO, with its sender
  std::string obstacle_;
  QuietLog quiet_log_;  // by the address that is refused; the empty name is our own
};

}  // namespace understudy
