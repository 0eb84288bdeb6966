// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/waiting.h"

#include "base/check.h"

namespace understudy {

void Waiter::leave() {
  if (!list_) return;
  (previous_ ? previous_->next_ : list_->first_) = next_;
  (next_ ? next_->previous_ : list_->last_) = previous_;
  if (list_->total_) --*list_->total_;
  list_ = nullptr;
  next_ = previous_ = nullptr;
}

WaitingList::~WaitingList() {
  while (first_) first_->leave();
}

void WaitingList::join(Waiter& waiter, TimePoint now) {
  DCHECK(!waiter.list_);
  waiter.list_ = this;
  waiter.since_ = now;
  waiter.previous_ = last_;
  (last_ ? last_->next_ : first_) = &waiter;
  last_ = &waiter;
  if (total_) ++*total_;
}

std::size_t WaitingList::dismiss_all() {
  // Moved aside, so that a waiter which joins again (its member was its only hope) is not met
  // twice; one that goes away because of another's dismissal leaves the list it is in.
  WaitingList dismissed;
  while (Waiter* waiter = first_) {
    const TimePoint since = waiter->since_;
    waiter->leave();
    dismissed.join(*waiter, since);
  }
  std::size_t count = 0;
  while (Waiter* waiter = dismissed.first_) {
    waiter->leave();
    waiter->on_member_gone();
    ++count;
  }
  return count;
}

}  // namespace understudy
