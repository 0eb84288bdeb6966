// SPDX-License-Identifier: Apache-2.0
// Who should hold copies, and who should witness (PROTOCOL section 1, "secondary's rank"). Pure
// decisions over a view; it knows no channels. Called by replicator.h.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "backend_sdk/membership/view.h"

namespace understudy {

// Better first.
enum class RankClass : uint8_t {
  kOtherMachinePreferredGroup,
  kPreferredGroup,
  kOtherMachine,
  kSameMachine,
};
RankClass rank_class(const Member& self, const Member& other);

struct Target {
  MemberId mid = kNobody;
  uint32_t weight = 100;
  size_t sessions = 0;  // of ours that it holds
};

// The members that may hold copies for `self`: ready, alive, confirmed (a member that a quorum does
// not know would not be asked by those that go on without us), of the best class there is, at most
// `count_max` (the same ones as long as the view stays). A member for which `avoided` is true comes
// behind every class.
std::vector<MemberId> choose_targets(const MemberView& view, MemberId self, size_t count_max,
                                     const std::function<bool(const Member&)>& avoided);

// Weighted rendezvous hash of the session over the targets, passing over those that hold more than
// 1.25 times the mean of their weight's share. Targets must not be empty.
MemberId choose_target(std::span<const Target> targets, const SessionId& sid);

// A usable, confirmed member that is neither; on a third machine if there is one. kNobody: there is none.
MemberId choose_witness(const MemberView& view, MemberId primary, MemberId secondary,
                        ChannelId channel);

}  // namespace understudy
