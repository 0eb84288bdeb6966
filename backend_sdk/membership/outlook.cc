// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/outlook.h"

#include <algorithm>
#include <utility>

#include "backend_sdk/membership/group.h"
#include "backend_sdk/membership/losses.h"
#include "backend_sdk/membership/quorum.h"
#include "backend_sdk/membership/standing.h"
#include "backend_sdk/membership/watch.h"

namespace understudy {

namespace {

// A member without its leader knows of the loss after 3 1/4 T, and looks for the others once in a
// T.
constexpr int kLooksAwaited = 5;

}  // namespace

void Outlook::refresh() {
  const bool is_other =
      view_.group != standing_.view().group || view_.version() != standing_.view().version();
  view_ = standing_.view();
  if (is_other) note_deaths();
  const std::set<MemberId> suspects = watch_.suspects();
  for (Member& member : view_.members) {
    if (member.liveness != Liveness::kAlive) continue;
    const bool is_suspect = suspects.contains(member.mid) || losses_.is_lost(member.mid) ||
                            watch_.is_reported_suspect(member.mid);
    if (is_suspect && !standing_.is_me(member.mid)) member.liveness = Liveness::kSuspect;
  }
}

void Outlook::note_deaths() {
  std::map<MemberId, TimePoint> dead_since;
  for (const Member& member : view_.members) {
    if (member.is_usable()) continue;
    const auto known = dead_since_.find(member.mid);
    dead_since[member.mid] = known == dead_since_.end() ? clock_.now() : known->second;
  }
  dead_since_ = std::move(dead_since);
}

bool Outlook::is_leader_lost() const {
  const Member* leader = standing_.view().leader();
  return !leader || losses_.is_lost(leader->mid);
}

bool Outlook::sees_quorum() const {
  if (!group_.is_admitted() || is_leader_lost()) return false;
  const auto is_alive = [&](const Member& member) { return member.liveness == Liveness::kAlive; };
  if (!standing_.writer()) return is_quorate_though_yielding(view_, is_alive);
  // A leader gives up earlier than the others can agree on another: at two missed beats sharp.
  const TimePoint now = clock_.now();
  const Duration patience = Suspicion::kMissesToSuspect * standing_.interval();
  return is_quorate_though_yielding(view_, [&](const Member& member) {
    return standing_.is_me(member.mid) ||
           (is_alive(member) && watch_.was_heard_within(member.mid, patience, now));
  });
}

bool Outlook::has_quorum() const {
  return sees_quorum() && !standing_.view().is_yielding();
}

bool Outlook::is_quorum(const std::set<MemberId>& seen) const {
  if (!group_.is_admitted()) return false;
  const auto& members = standing_.view().members;
  const auto is_seen = [&](MemberId mid) { return standing_.is_me(mid) || seen.contains(mid); };
  const auto may_be_spoken_for = [&](const Member& member) {
    if (!member.is_proven || standing_.options().one_goes_on_alone) return member.is_proven;
    const auto since = dead_since_.find(member.mid);
    return since != dead_since_.end() &&
           clock_.now() - since->second >= kLooksAwaited * standing_.interval();
  };
  return is_quorate(standing_.view(), [&](const Member& member) {
    if (is_seen(member.mid)) return true;
    return may_be_spoken_for(member) &&
           std::any_of(members.begin(), members.end(), [&](const Member& heir) {
             return heir.name == member.name && is_seen(heir.mid);
           });
  });
}

bool Outlook::is_known(uint64_t version, const std::set<MemberId>& gone_over) const {
  if (!standing_.writer()) return false;
  std::set<MemberId> silent = watch_.suspects();
  for (const auto& [mid, evidence] : losses_.lost()) silent.insert(mid);
  return standing_.reports().is_known(version, standing_.view(), standing_.mid(), silent,
                                      gone_over);
}

Strength Outlook::strength() const {
  Strength strength{.has_quorum = sees_quorum(), .usable = 0, .group = standing_.view().group};
  if (is_leader_lost()) return strength;
  for (const Member& member : standing_.view().members) {
    strength.usable += member.is_usable() && member.is_confirmed;
  }
  return strength;
}

std::set<MemberId> Outlook::suspects() const {
  return watch_.suspects();
}

bool Outlook::is_in_touch(MemberId mid) const {
  if (!watch_.may_judge()) return false;
  const std::set<MemberId> suspects = watch_.suspects();
  const auto is_silent = [&](MemberId other) {
    const auto lost = losses_.lost().find(other);
    return suspects.contains(other) || losses_.is_out_of_touch(other) ||
           (lost != losses_.lost().end() && lost->second != Evidence::kProof);
  };
  if (is_silent(mid)) return false;
  const Member* leader = standing_.view().leader();
  return standing_.writer() || (leader && !is_silent(leader->mid) && watch_.has_last_view());
}

}  // namespace understudy
