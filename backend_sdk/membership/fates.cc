// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/fates.h"

namespace understudy {

Fate Fates::fate(MemberId mid) const {
  if (mid == self_) return Fate::kUsable;
  const auto found = view_.find(mid);
  const Fate by_view = found == view_.end() ? Fate::kDead : found->second;
  switch (proof(mid)) {
    case Proof::kFinal:
      return Fate::kProven;
    case Proof::kRefused:
      if (by_view == Fate::kProven) return Fate::kProven;
      return by_view == Fate::kDead ? Fate::kDeadAndRefused : Fate::kRefused;
    case Proof::kNone:
      break;
  }
  return by_view;
}

Fates::Proof Fates::proof(MemberId mid) const {
  const auto found = known_.find(mid);
  return found == known_.end() ? Proof::kNone : found->second.proof;
}

Fates::Known* Fates::know(MemberId mid) {
  if (mid == kNobody || mid == self_) return nullptr;
  const auto [found, is_new] = known_.try_emplace(mid);
  if (is_new) order_.push_back(mid);
  if (order_.size() > kProofsMax) {
    known_.erase(order_.front());
    order_.pop_front();
  }
  return &found->second;
}

bool Fates::on_refused(MemberId mid, TimePoint now) {
  Known* known = know(mid);
  if (!known) return false;
  if (known->proof == Proof::kRefused) {
    known->is_refused_again |= now >= second_refusal_at(mid);
    return true;
  }
  if (known->proof == Proof::kFinal) return true;
  const bool is_doubtful = known->withdrawals >= kWithdrawalsMax;
  if (is_doubtful && now - known->heard_at < kSilence * interval_) return false;
  known->proof = Proof::kRefused;
  known->refused_at = now;
  known->is_refused_again = false;
  last_proof_ = now;
  return true;
}

bool Fates::is_refused_again(MemberId mid) const {
  const auto found = known_.find(mid);
  return found != known_.end() && found->second.proof == Proof::kRefused &&
         found->second.is_refused_again;
}

TimePoint Fates::second_refusal_at(MemberId mid) const {
  const auto found = known_.find(mid);
  if (found == known_.end() || found->second.proof != Proof::kRefused) return TimePoint::max();
  return found->second.refused_at + interval_ + interval_ / 4;
}

void Fates::on_gone(MemberId mid, TimePoint now) {
  Known* known = know(mid);
  if (!known || known->proof == Proof::kFinal) return;
  if (known->proof == Proof::kNone) last_proof_ = now;
  known->proof = Proof::kFinal;
}

bool Fates::on_life(MemberId mid, TimePoint now) {
  accusers_.erase(mid);
  const auto found = known_.find(mid);
  if (found == known_.end()) return false;
  Known& known = found->second;
  known.heard_at = now;
  if (known.proof != Proof::kRefused) return false;
  known.proof = Proof::kNone;
  ++known.withdrawals;
  return true;
}

void Fates::on_accused(MemberId mid, MemberId by) {
  if (mid == self_ || mid == by) return;
  if (accusers_.size() >= kProofsMax && !accusers_.contains(mid)) return;
  std::set<MemberId>& accusers = accusers_[mid];
  if (accusers.size() < kAccusersMax) accusers.insert(by);
}

void Fates::on_voted_out(MemberId mid, uint32_t term) {
  if (mid == self_ || term < voted_term_) return;
  voted_term_ = term;
  voted_out_.insert(mid);
}

void Fates::on_view(const MemberView& view) {
  if (view.group != group_ || view.term >= voted_term_) {
    voted_out_.clear();
    voted_term_ = 0;
  }
  group_ = view.group;
  view_.clear();
  const Member* me = view.find(self_);
  const Address ours = me != nullptr ? me->cluster_address : Address();
  for (const Member& member : view.members) {
    // Where this process listens no other one does.
    const bool is_earlier_life =
        member.mid != self_ && member.cluster_address == ours && ours != Address();
    const bool is_proven = member.is_proven || member.liveness == Liveness::kLeft;
    view_[member.mid] = is_earlier_life      ? Fate::kProven
                        : member.is_usable() ? Fate::kUsable
                        : is_proven          ? Fate::kProven
                                             : Fate::kDead;
  }
  std::erase_if(accusers_, [this](const auto& entry) { return !view_.contains(entry.first); });
}

}  // namespace understudy
