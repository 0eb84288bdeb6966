// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/standing.h"

#include <utility>

namespace understudy {
namespace {

// Members that may be told or asked something again; beyond, the memory is simply cleared.
constexpr size_t kRepeatedMax = 4096;

}  // namespace

void Standing::set_view(MemberView view) {
  view_ = std::move(view);
  hash_ = view_.hash();
}

void Standing::lead(uint32_t term) {
  writer_.emplace(view_, term,
                  ViewWriter::Limits{.self = mid(),
                                     .members_max = options_.members_max,
                                     .tombstones_max = options_.tombstones_max,
                                     .tombstone_age = options_.tombstone_age,
                                     .one_goes_on_alone = options_.one_goes_on_alone},
                  now_);
  reports_.emplace(term);
}

void Standing::follow() {
  writer_.reset();
  reports_.reset();
}

const Member* Standing::other_leader() const {
  const Member* leader = view_.leader();
  return leader && !is_me(leader->mid) ? leader : nullptr;
}

std::vector<Peer> Standing::other_usable() const {
  std::vector<Peer> peers;
  for (const Member& member : view_.members) {
    if (member.is_usable() && !is_me(member.mid)) peers.push_back(member.peer());
  }
  return peers;
}

void Standing::tell(const Peer& to, FrameType type, std::string payload) {
  if (to.address == options_.self.cluster_address) return;
  transport_.send(to, Frame{.type = type, .payload = std::move(payload)});
}

bool Standing::may_repeat(MemberId mid) {
  if (repeated_at_.size() >= kRepeatedMax) repeated_at_.clear();
  const auto [found, is_new] = repeated_at_.try_emplace(mid, now_);
  if (!is_new && now_ - found->second < options_.interval) return false;
  found->second = now_;
  return true;
}

}  // namespace understudy
