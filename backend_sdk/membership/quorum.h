// SPDX-License-Identifier: Apache-2.0
// The quorum of a group: may this side of a partition think of itself as the cluster? Counted
// against the last stable membership (the members flagged is_counted), so that a cluster may shrink
// step by step, but a minority never takes itself for the whole. Pure functions on a view.
#pragma once

#include <functional>

#include "backend_sdk/membership/view.h"

namespace understudy {

// What this cannot see: a side that was cut off from us may have admitted others before it died.

// More than half of the counted members are alive, or half with the oldest of them. Suspects are
// not seen. Who is proven to be gone is on no other side and is not counted at all; when that
// leaves nobody, the members of the view count as they are.
bool is_quorate(const MemberView& view);
// The same with the caller's idea of who is seen.
bool is_quorate(const MemberView& view, const std::function<bool(const Member&)>& is_seen);

// A quiet view becomes the next measure: the usable are counted from now on, nobody else. Does
// nothing without a quorum. True when a flag changed.
bool settle(MemberView& view);

}  // namespace understudy
