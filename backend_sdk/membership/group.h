// SPDX-License-Identifier: Apache-2.0
// Group: what the parts of membership (reception.h, losses.h, watch.h, electing.h, meeting.h) ask
// of the core that owns them: what has consequences for all of them.
#pragma once

#include <set>

#include "backend_sdk/membership/merging.h"
#include "backend_sdk/membership/view.h"
#include "backend_sdk/wire/frame.h"

namespace understudy {

class Group {
 public:
  virtual ~Group() = default;

  virtual bool is_admitted() const = 0;
  // A newer view, of this group or of the one that has absorbed it.
  virtual void adopt(MemberView view) = 0;
  virtual void lead(uint32_t term) = 0;
  virtual void publish(bool is_urgent) = 0;
  // This life is over.
  virtual void expel(const char* why) = 0;
  virtual void send_view(const Peer& to, FrameType type = FrameType::kViewPush) = 0;
  virtual void ask_for_view(const Peer& of) = 0;

  // The leader that the view names is held for lost, or there is none.
  virtual bool is_leader_lost() const = 0;
  // Sees one, be it that the group yields.
  virtual bool sees_quorum() const = 0;
  // While leading: a quorum has that version of ours (reports.h).
  virtual bool is_known(uint64_t version) = 0;
  virtual Strength strength() const = 0;
  virtual std::set<MemberId> suspects() const = 0;
  // Until now: we were awake, had the leader's last view, and neither the member nor, where others
  // are heard of through the leader, the leader has been silent.
  virtual bool is_in_touch(MemberId mid) const = 0;

  // For the listener. Dead, with proof or without; or a proof was withdrawn.
  enum class News : uint8_t { kDead, kProven, kAlive };
  virtual void tell(const Peer& peer, News news) = 0;
  // A member was lost: perhaps the leader. It is back: perhaps the leader.
  virtual void on_lost() = 0;
  virtual void on_found() = 0;
};

}  // namespace understudy
