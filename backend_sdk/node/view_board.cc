// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/view_board.h"

#include <algorithm>

#include "backend_sdk/membership/view.h"
#include "base/log.h"

namespace understudy {
namespace {

AliveState alive_state(Liveness liveness) {
  switch (liveness) {
    case Liveness::kAlive:
    case Liveness::kSuspect:  // one member's suspicion is no news for a proxy, and has no version
      return AliveState::kAlive;
    case Liveness::kDead:
      return AliveState::kDead;
    case Liveness::kLeft:
      return AliveState::kLeft;
  }
  return AliveState::kDead;
}

ClusterView to_cluster_view(const MemberView& view) {
  ClusterView out;
  out.version = view.version();
  out.group = view.group;
  // Those that were absorbed last: a proxy that knows an older group asks its seeds.
  const size_t count = std::min(view.absorbed.size(), kViewAbsorbedMax);
  for (size_t index = view.absorbed.size() - count; index < view.absorbed.size(); ++index) {
    out.absorbed.push_back(view.absorbed[index].group);
  }
  for (const Member& member : view.members) {
    out.entries.push_back({.mid = member.mid,
                           .name = member.name,
                           .address = member.http_address,
                           .machine = member.machine,
                           .alive = alive_state(member.liveness),
                           .operator_state = member.operator_state,
                           .weight = static_cast<std::uint16_t>(member.weight)});
  }
  return out;
}

}  // namespace

void ViewBoard::encode_into(PublishedView& out) const {
  const std::optional<std::string> text = codec_->encode(shown_);
  if (!text) {
    LOG(kError, "the member list cannot be told to proxies: an address or name is out of bounds");
    return;
  }
  out.text = *text;
  out.hash = leading_view_hash(*text).value_or(0);
  out.hash_text = format_hex64(out.hash);
}

void ViewBoard::use_keys(const Keyring& keyring) {
  codec_.emplace(keyring, cluster_);
  const auto before = current();
  if (!before) return;
  auto next = std::make_shared<PublishedView>(PublishedView{.members = before->members});
  encode_into(*next);
  const std::lock_guard lock(mutex_);
  current_ = std::move(next);
}

bool ViewBoard::publish(const MemberView& view, std::uint32_t self) {
  auto next = std::make_shared<PublishedView>();
  for (const Member& member : view.members) {
    next->members.push_back({.mid = member.mid,
                             .name = member.name,
                             .address = member.http_address,
                             .machine = member.machine,
                             .is_alive = member.is_usable(),
                             .is_draining = member.operator_state == OperatorState::kDraining,
                             .is_self = member.mid == self});
  }
  shown_ = to_cluster_view(view);
  shown_.cluster = cluster_;
  shown_.beat = beat_;
  encode_into(*next);
  const std::lock_guard lock(mutex_);
  const bool is_new = !next->text.empty() && (!current_ || current_->hash != next->hash);
  // A list that cannot be told must not keep an older one alive; without text no header is sent.
  current_ = std::move(next);
  return is_new;
}

std::shared_ptr<const PublishedView> ViewBoard::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

}  // namespace understudy
