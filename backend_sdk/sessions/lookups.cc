// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/lookups.h"

#include <algorithm>

namespace understudy {

bool Lookups::join(const SessionId& sid, WaitingId waiting, bool is_of_stranger) {
  const auto found = lookups_.find(sid);
  if (found == lookups_.end()) return false;
  found->second.waiting.push_back(waiting);
  found->second.is_of_stranger |= is_of_stranger;
  return true;
}

void Lookups::start(const Question& question) {
  Lookup& lookup = lookups_[question.sid];
  lookup.nonce = question.nonce;
  lookup.claim = question.claim;
  lookup.view = question.view;
  lookup.deadline = question.deadline;
  lookup.is_of_stranger = question.is_of_stranger;
  if (question.waiting != 0) lookup.waiting.push_back(question.waiting);
  for (const MemberId member : question.asked) lookup.answers.emplace(member, std::nullopt);
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

// Members that are believed dead without a proof are not waited for; what they have is reported
// lost, if a quorum says so.
bool Lookups::is_complete(const Lookup& lookup) const {
  return std::all_of(lookup.answers.begin(), lookup.answers.end(), [this](const auto& entry) {
    return entry.second || members_.fate_of(entry.first) != Fate::kUsable;
  });
}

bool Lookups::has_quorum(const Lookup& lookup) const {
  std::set<MemberId> answered;
  for (const auto& [member, answer] : lookup.answers) {
    if (answer) answered.insert(member);
  }
  return members_.is_quorum(answered);
}

bool Lookups::is_certain(const Lookup& lookup) const {
  const bool is_known =
      std::all_of(lookup.answers.begin(), lookup.answers.end(), [this](const auto& entry) {
        return entry.second || members_.fate_of(entry.first) == Fate::kProven;
      });
  return is_known && newer_view(lookup) == kNobody && has_quorum(lookup);
}

// A member of another group, or with a later view, knows of members that were not asked.
MemberId Lookups::newer_view(const Lookup& lookup) const {
  for (const auto& [member, answer] : lookup.answers) {
    if (!answer) continue;
    const bool is_newer =
        answer->group != lookup.view.group || answer->view_version > lookup.view.version;
    if (is_newer) return member;
  }
  return kNobody;
}

bool Lookups::answered_no(const Lookup& lookup, MemberId member) const {
  if (member == members_.self()) return true;  // or we would not ask
  const auto answer = lookup.answers.find(member);
  return answer != lookup.answers.end() && answer->second &&
         answer->second->role == FoundRole::kNone;
}

std::optional<Lookups::Result> Lookups::decide(const Lookup& lookup, TimePoint now) const {
  const FoundPayload* best_copy = nullptr;
  const bool claims = lookup.claim.instead_of != kNobody;
  std::pair<Position, MemberId> passed_over{lookup.claim.position, members_.self()};
  MemberId owner = kNobody;
  MemberId copy_holder = kNobody;
  MemberId pointed_to = kNobody;
  Position owner_position;
  bool ended = false;
  for (const auto& [member, answer] : lookup.answers) {
    if (!answer) continue;
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
        // A member that has answered has said itself what it knows.
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
  if (owner != kNobody) return Result{Result::Kind::kRoute, owner, true, owner_position};
  const bool is_decided = claims ? is_certain(lookup) : is_complete(lookup) && has_quorum(lookup);
  const MemberId newer = newer_view(lookup);
  if (!is_decided && newer == kNobody && now < lookup.deadline) return std::nullopt;
  if (copy_holder != kNobody) {
    return Result{Result::Kind::kRoute, copy_holder, true};
  }
  if (ended) return Result{Result::Kind::kEnded, kNobody};
  if (passed_over.second != members_.self()) {
    return Result{Result::Kind::kRoute, passed_over.second, true};
  }
  if (pointed_to != kNobody) return Result{Result::Kind::kRoute, pointed_to};
  if (newer != kNobody) return Result{Result::Kind::kStale, newer};
  if (!is_decided) return Result{Result::Kind::kUnknown, kNobody};
  if (!lookup.is_of_stranger) return Result{Result::Kind::kNowhere, kNobody};
  const Search::Finding groups = members_.found_groups();
  if (groups == Search::Finding::kUnderWay && now < lookup.deadline) return std::nullopt;
  const bool is_alone = groups == Search::Finding::kNoOther;
  return Result{is_alone ? Result::Kind::kNowhere : Result::Kind::kUnknown, kNobody};
}

std::vector<Lookups::Finished> Lookups::take_finished(TimePoint now) {
  std::vector<Finished> finished;
  for (auto entry = lookups_.begin(); entry != lookups_.end();) {
    const auto result = decide(entry->second, now);
    if (!result) {
      ++entry;
      continue;
    }
    Lookup& lookup = entry->second;
    const bool certain = is_certain(lookup);
    finished.push_back({.sid = entry->first,
                        .result = *result,
                        .instead_of = lookup.claim.instead_of,
                        .view = lookup.view,
                        .is_certain = certain,
                        .waiting = std::move(lookup.waiting)});
    entry = lookups_.erase(entry);
  }
  return finished;
}

bool Lookups::waits_for_groups() const {
  return std::ranges::any_of(lookups_,
                             [](const auto& entry) { return entry.second.is_of_stranger; });
}

TimePoint Lookups::wake_at() const {
  TimePoint at = TimePoint::max();
  for (const auto& [sid, lookup] : lookups_) at = std::min(at, lookup.deadline);
  return at;
}

}  // namespace understudy
