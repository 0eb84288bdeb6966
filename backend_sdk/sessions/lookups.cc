// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/lookups.h"

#include <algorithm>

namespace understudy {

bool Lookups::join(const SessionId& sid, PendingId waiting) {
  const auto found = lookups_.find(sid);
  if (found == lookups_.end()) return false;
  found->second.waiting.push_back(waiting);
  return true;
}

void Lookups::start(uint64_t nonce, const SessionId& sid, PendingId waiting,
                    const std::vector<MemberId>& asked, TimePoint deadline, const Claim& claim) {
  Lookup& lookup = lookups_[sid];
  lookup.nonce = nonce;
  lookup.claim = claim;
  if (waiting != 0) lookup.waiting.push_back(waiting);
  lookup.deadline = deadline;
  for (const MemberId member : asked) lookup.answers.emplace(member, std::nullopt);
}

void Lookups::on_found(MemberId from, const FoundPayload& found) {
  const auto lookup = lookups_.find(found.sid);
  if (lookup == lookups_.end() || lookup->second.nonce != found.nonce) return;
  const auto answer = lookup->second.answers.find(from);
  if (answer != lookup->second.answers.end()) answer->second = found;
}

bool Lookups::has_answered(const Lookup& lookup, MemberId member) const {
  if (member == members_.self()) return true;
  const auto answer = lookup.answers.find(member);
  return answer != lookup.answers.end() && answer->second;
}

bool Lookups::is_certain(const Lookup& lookup) const {
  return std::all_of(lookup.answers.begin(), lookup.answers.end(), [this](const auto& entry) {
    return entry.second || members_.fate_of(entry.first) == Fate::kProven;
  });
}

bool Lookups::answered_no(const Lookup& lookup, MemberId member) const {
  if (member == members_.self()) return true;  // or we would not ask
  const auto answer = lookup.answers.find(member);
  return answer != lookup.answers.end() && answer->second &&
         answer->second->role == FoundRole::kNone;
}

std::optional<Lookups::Verdict> Lookups::decide(const Lookup& lookup, TimePoint now) const {
  const FoundPayload* best_copy = nullptr;
  const bool claims = lookup.claim.instead_of != kNobody;
  std::pair<Position, MemberId> passed_over{lookup.claim.position, members_.self()};
  MemberId owner = kNobody;
  MemberId copy_holder = kNobody;
  MemberId pointed_to = kNobody;
  Position owner_position;
  bool ended = false;
  bool complete = true;
  for (const auto& [member, answer] : lookup.answers) {
    if (!answer) {
      complete = complete && members_.fate_of(member) != Fate::kUsable;
      continue;
    }
    switch (answer->role) {
      case FoundRole::kOwner:
        if (owner == kNobody || answer->position > owner_position) {
          owner = member;
          owner_position = answer->position;
        }
        break;
      case FoundRole::kCopy: {
        // Worth nothing when the primary itself says that the session is not there any more.
        const bool holds = !answered_no(lookup, answer->owner);
        if (holds && (best_copy == nullptr || answer->position > best_copy->position)) {
          best_copy = &*answer;
          copy_holder = member;
        }
        break;
      }
      case FoundRole::kPointer:
        // Whoever has answered has said itself what it knows.
        if (members_.fate_of(answer->owner) == Fate::kUsable &&
            !has_answered(lookup, answer->owner)) {
          pointed_to = answer->owner;
        }
        break;
      case FoundRole::kEnded:
        ended = true;
        break;
      case FoundRole::kPassedOver:
        passed_over = std::max(passed_over, {answer->position, member});
        break;
      case FoundRole::kNone:
        break;
    }
  }
  if (owner != kNobody) return Verdict{Verdict::Kind::kRoute, owner, true};
  if (claims) complete = is_certain(lookup);
  if (!complete && now < lookup.deadline) return std::nullopt;
  if (copy_holder != kNobody) return Verdict{Verdict::Kind::kRoute, copy_holder, true};
  if (ended) return Verdict{Verdict::Kind::kEnded, kNobody};
  if (passed_over.second != members_.self()) {
    return Verdict{Verdict::Kind::kRoute, passed_over.second, true};
  }
  if (pointed_to != kNobody) return Verdict{Verdict::Kind::kRoute, pointed_to};
  return Verdict{complete ? Verdict::Kind::kNowhere : Verdict::Kind::kUnknown, kNobody};
}

std::vector<Lookups::Finished> Lookups::take_finished(TimePoint now) {
  std::vector<Finished> finished;
  for (auto entry = lookups_.begin(); entry != lookups_.end();) {
    const auto verdict = decide(entry->second, now);
    if (!verdict) {
      ++entry;
      continue;
    }
    finished.push_back({entry->first, *verdict, entry->second.claim.instead_of,
                        is_certain(entry->second), std::move(entry->second.waiting)});
    entry = lookups_.erase(entry);
  }
  return finished;
}

std::vector<Lookups::Finished> Lookups::take_all() {
  std::vector<Finished> finished;
  for (auto& [sid, lookup] : lookups_) {
    finished.push_back({.sid = sid, .verdict = {}, .waiting = std::move(lookup.waiting)});
  }
  lookups_.clear();
  return finished;
}

TimePoint Lookups::wake_at() const {
  TimePoint at = TimePoint::max();
  for (const auto& [sid, lookup] : lookups_) at = std::min(at, lookup.deadline);
  return at;
}

}  // namespace understudy
