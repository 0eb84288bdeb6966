// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/view.h"

#include <algorithm>
#include <tuple>

namespace understudy {
namespace {

// FNV-1a over fields that end visibly, then splitmix64's finish to spread the last bytes.
class Hasher {
 public:
  void add(std::string_view text) {
    add(static_cast<uint64_t>(text.size()));
    for (const char byte : text) step(static_cast<uint8_t>(byte));
  }
  void add(uint64_t number) {
    for (int i = 0; i < 8; ++i) step(static_cast<uint8_t>(number >> (8 * i)));
  }
  uint64_t value() const {
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
  }

 private:
  void step(uint8_t byte) { state_ = (state_ ^ byte) * 1099511628211u; }
  uint64_t state_ = 14695981039346656037u;
};

}  // namespace

const char* to_string(Liveness liveness) {
  switch (liveness) {
    case Liveness::kAlive:
      return "alive";
    case Liveness::kSuspect:
      return "suspect";
    case Liveness::kDead:
      return "dead";
    case Liveness::kLeft:
      return "left";
  }
  return "unknown";
}

uint64_t MemberView::hash() const {
  Hasher hasher;
  hasher.add(uint64_t{group});
  if (is_yielding()) hasher.add(uint64_t{yields.group});
  for (const Member& member : members) {
    hasher.add(uint64_t{member.mid});
    hasher.add(member.name);
    hasher.add(member.machine);
    hasher.add(member.replication_group);
    hasher.add(member.preferred_secondary_group);
    hasher.add(uint64_t{member.weight});
    hasher.add(member.http_address);
    hasher.add(member.cluster_address.to_string());
    hasher.add(uint64_t{member.join_seq});
    hasher.add(static_cast<uint64_t>(member.is_usable() ? Liveness::kAlive : member.liveness));
    hasher.add(static_cast<uint64_t>(member.operator_state));
    hasher.add(uint64_t{member.is_proven});
  }
  return hasher.value();
}

const Member* MemberView::find(MemberId mid) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [mid](const Member& member) { return member.mid == mid; });
  return found == members.end() ? nullptr : &*found;
}

const Absorbed* MemberView::find_absorbed(GroupId other) const {
  const auto found = std::find_if(absorbed.begin(), absorbed.end(),
                                  [other](const Absorbed& entry) { return entry.group == other; });
  return found == absorbed.end() ? nullptr : &*found;
}

const Member* MemberView::leader() const {
  const Member* oldest = nullptr;
  for (const Member& member : members) {
    if (!member.is_usable()) continue;
    if (!oldest ||
        std::tie(member.join_seq, member.mid) < std::tie(oldest->join_seq, oldest->mid)) {
      oldest = &member;
    }
  }
  return oldest;
}

}  // namespace understudy
