// SPDX-License-Identifier: Apache-2.0
// Group: what the parts of membership (reception.h, losses.h, watch.h, electing.h, meeting.h) ask
// of the core that owns them: what has consequences for all of them.
#pragma once

#include "backend_sdk/membership/outlook.h"
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

  virtual const Outlook& outlook() const = 0;

  // For the listener. Dead, with proof or without; or a proof was withdrawn.
  enum class News : uint8_t { kDead, kProven, kAlive };
  virtual void tell(const Peer& peer, News news) = 0;
  // A member was lost: perhaps the leader. It is back: perhaps the leader.
  virtual void on_lost() = 0;
  virtual void on_found() = 0;
};

}  // namespace understudy
