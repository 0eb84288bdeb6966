// SPDX-License-Identifier: Apache-2.0
// The quorum of a group: may this side of a partition think of itself as the cluster? Counted
// against the last stable membership (the members flagged is_counted), so that a cluster may shrink
// step by step, but a minority never takes itself for the whole. Pure functions on a view.
//
// Who dies while we are in touch with it takes its vote along (bury). Who fell silent keeps it,
// even when its death is proven later: in between it may have gone on with others whom we do not
// know. Such a vote is gone when its tombstone is.
#pragma once

#include <functional>

#include "backend_sdk/membership/view.h"

namespace understudy {

// How we know that a member is dead.
enum class Evidence : uint8_t {
  kSilence,    // three misses and two failed rounds; it may live
  kLateProof,  // it is gone, but we had not been in touch when it went
  kProof,      // it is gone, and until then we were in touch
};
inline bool is_proof(Evidence evidence) {
  return evidence != Evidence::kSilence;
}

// More than half of the counted members are alive, or half with the oldest of them. Suspects are
// not seen. A group that yields to another has none: its members are about to count there.
bool is_quorate(const MemberView& view);
// The same with the caller's idea of who is seen.
bool is_quorate(const MemberView& view, const std::function<bool(const Member&)>& is_seen);

// The same of a group that yields: is it still one side, and not two?
bool is_quorate_though_yielding(const MemberView& view,
                                const std::function<bool(const Member&)>& is_seen);

// A quiet view becomes the next measure, in two steps, because two sides must never count by
// measures that have no member in common. First the confirmed and usable are proposed: from now on
// a quorum is one by the old measure and by the new one. When a quorum has that view, the new one
// alone counts. propose() does nothing without a quorum; true when a flag changed.
bool propose(MemberView& view);
bool is_measure_proposed(const MemberView& view);
void commit_measure(MemberView& view);

// All that are counted are seen or proven dead, and no quorum of them is left: those that are seen
// are counted alone from now on. False: one of them may be on another side. Nor is it certain that
// the dead had not gone on with members whom we do not know, which would look for us: so only when
// they had the time for that, and where one may go on alone.
bool release_the_dead(MemberView& view);

// No counted member is left that may live: each is proven dead, or its tombstone has gone. Such a
// group has no quorum, and would never have one again (M28).
bool is_measure_dead(const MemberView& view);
// The usable become the next measure of such a group. Nothing happens while a member of the view
// may live elsewhere, or is not confirmed. The caller says that none has been out of touch for
// long.
bool propose_survivors(MemberView& view);

// The member left, or died before our eyes: it is not counted any more. If no other was, those
// that remain inherit, silent ones included.
void bury(MemberView& view, MemberId mid);

}  // namespace understudy
