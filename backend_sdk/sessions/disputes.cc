// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/disputes.h"

namespace understudy {

namespace {

constexpr Duration kKept = std::chrono::seconds(60);
constexpr Duration kAskAgain = std::chrono::seconds(1);

}  // namespace

void Disputes::remember(const Stay& stay) {
  std::vector<SessionId> ids = stay.placement.former_ids();
  ids.push_back(stay.sid);
  if (disputes_.size() + ids.size() > kMax) return;
  const bool is_in_channel = stay.placement.channel() != 0 && stay.disputed;
  const Dispute dispute{.sid = stay.sid,
                        .ours = stay.image.position,
                        .with = is_in_channel ? stay.disputed->with : kNobody,
                        .until = layer_.now() + kKept};
  for (const SessionId& id : ids) disputes_[id] = dispute;
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
  const auto found = disputes_.find(finished.sid);
  if (found == disputes_.end()) return;
  const Dispute dispute = found->second;
  const auto& lives_at = finished.result.lives_at;
  const bool has_ended = finished.result.kind == Lookups::Result::Kind::kEnded;
  if (!lives_at && !has_ended) return;
  std::erase_if(disputes_, [&](const auto& entry) { return entry.second.sid == dispute.sid; });
  const bool is_its = dispute.with == kNobody || dispute.with == finished.result.route;
  if (lives_at && is_its) layer_.tell_conflict(dispute.sid, *lives_at, dispute.ours);
}

}  // namespace understudy
