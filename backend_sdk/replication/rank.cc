// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/rank.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"

namespace understudy {

namespace {

uint64_t mixed(uint64_t a, uint64_t b) {
  uint64_t z = a * 0x9E3779B97F4A7C15u ^ (b + 0x632BE59BD9B4E019u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

// Highest wins; a member of twice the weight wins twice as often.
double rendezvous_score(uint64_t key, MemberId mid, uint32_t weight) {
  const double unit = (static_cast<double>(mixed(key, mid) >> 11) + 0.5) / 9007199254740992.0;
  return -static_cast<double>(std::max<uint32_t>(weight, 1)) / std::log(unit);
}

uint64_t key_of(const SessionId& sid) {
  uint64_t key;
  std::memcpy(&key, sid.bytes.data(), sizeof key);
  return key;
}

}  // namespace

RankClass rank_class(const Member& self, const Member& other) {
  const bool other_machine = self.machine != other.machine;
  const bool preferred = !self.preferred_secondary_group.empty() &&
                         self.preferred_secondary_group == other.replication_group;
  if (preferred) {
    return other_machine ? RankClass::kOtherMachinePreferredGroup : RankClass::kPreferredGroup;
  }
  return other_machine ? RankClass::kOtherMachine : RankClass::kSameMachine;
}

std::vector<MemberId> choose_targets(const MemberView& view, MemberId self, size_t count_max,
                                     const std::function<bool(const Member&)>& avoided) {
  const Member* me = view.find(self);
  if (me == nullptr) return {};
  struct Candidate {
    bool avoided;
    RankClass rank;
    double score;
    MemberId mid;
  };
  std::vector<Candidate> candidates;
  for (const Member& member : view.members) {
    if (member.mid == self || member.liveness != Liveness::kAlive || !member.is_confirmed ||
        member.operator_state != OperatorState::kReady) {
      continue;
    }
    candidates.push_back({avoided(member), rank_class(*me, member),
                          rendezvous_score(self, member.mid, member.weight), member.mid});
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    if (a.avoided != b.avoided) return b.avoided;
    if (a.rank != b.rank) return a.rank < b.rank;
    return a.score != b.score ? a.score > b.score : a.mid < b.mid;
  });
  std::vector<MemberId> targets;
  for (const Candidate& candidate : candidates) {
    const Candidate& best = candidates.front();
    if (candidate.avoided != best.avoided || candidate.rank != best.rank) break;
    if (targets.size() == count_max) break;
    targets.push_back(candidate.mid);
  }
  return targets;
}

MemberId choose_target(std::span<const Target> targets, const SessionId& sid) {
  CHECK(!targets.empty());
  size_t sessions = 1;  // with the one to be placed
  uint64_t weights = 0;
  for (const Target& target : targets) {
    sessions += target.sessions;
    weights += std::max<uint32_t>(target.weight, 1);
  }
  const Target* best = nullptr;
  double best_score = 0;
  for (const Target& target : targets) {
    const double share = static_cast<double>(sessions) * std::max<uint32_t>(target.weight, 1) /
                         static_cast<double>(weights);
    if (static_cast<double>(target.sessions) + 1 > std::ceil(1.25 * share)) continue;
    const double score = rendezvous_score(key_of(sid), target.mid, target.weight);
    if (best == nullptr || score > best_score) {
      best = &target;
      best_score = score;
    }
  }
  CHECK(best != nullptr, "not all can be above 1.25 times the mean");
  return best->mid;
}

MemberId choose_witness(const MemberView& view, MemberId primary, MemberId secondary,
                        ChannelId channel) {
  const Member* a = view.find(primary);
  const Member* b = view.find(secondary);
  const Member* best = nullptr;
  auto key = [&](const Member& member) {
    const bool third_machine = (a == nullptr || a->machine != member.machine) &&
                               (b == nullptr || b->machine != member.machine);
    return std::pair(std::pair(third_machine, member.liveness == Liveness::kAlive),
                     mixed(channel, member.mid));
  };
  for (const Member& member : view.members) {
    if (member.mid == primary || member.mid == secondary) continue;
    if (!member.is_usable() || !member.is_confirmed) continue;
    if (best == nullptr || key(member) > key(*best)) best = &member;
  }
  return best == nullptr ? kNobody : best->mid;
}

}  // namespace understudy
