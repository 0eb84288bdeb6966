// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/disputes.h"

namespace understudy {

namespace {

constexpr Duration kKept = std::chrono::seconds(60);
constexpr Duration kAskAgain = std::chrono::seconds(1);

}  // namespace

void Disputes::remember(const Stay& stay) {
  if (disputes_.size() >= kMax) return;
  disputes_[stay.sid] = {.ours = stay.image.position,
                          .with = stay.placement.channel() != 0 && stay.disputed
                                      ? stay.disputed->with
                                      : kNobody,
                          .until = layer_.now() + kKept};
  layer_.schedule(layer_.now());
}

std::vector<SessionId> Disputes::due() {
  const TimePoint now = layer_.now();
  std::erase_if(disputes_, [now](const auto& entry) { return entry.second.until <= now; });
  std::vector<SessionId> sids;
  for (auto& [sid, dispute] : disputes_) {
    if (sids.size() == kAskedMax) {
      layer_.schedule(now);
      break;
    }
    if (dispute.ask_at <= now) {
      dispute.ask_at = now + kAskAgain;
      sids.push_back(sid);
    }
    layer_.schedule(dispute.ask_at);
  }
  return sids;
}

void Disputes::settle(const Lookups::Finished& finished) {
  const auto dispute = disputes_.find(finished.sid);
  if (dispute == disputes_.end()) return;
  const bool has_ended = finished.result.kind == Lookups::Result::Kind::kEnded;
  const MemberId with = dispute->second.with;
  if (finished.result.lives_at && (with == kNobody || with == finished.result.route)) {
    layer_.tell_conflict(finished.sid, *finished.result.lives_at, dispute->second.ours);
  }
  if (has_ended || finished.result.lives_at) disputes_.erase(dispute);
}

}  // namespace understudy
