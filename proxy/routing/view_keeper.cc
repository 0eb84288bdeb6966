// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/view_keeper.h"

#include <algorithm>
#include <utility>

namespace understudy::routing {
namespace {

// The living entry at the place where the sender was reached.
const ViewEntry* entry_at(const ClusterView& view, const Member& member) {
  for (const ViewEntry& entry : view.entries) {
    if (entry.alive == AliveState::kDead || entry.alive == AliveState::kLeft) continue;
    if (entry.address == member.address_text) return &entry;
    const auto address = Address::parse(entry.address);
    if (address && *address == member.address) return &entry;
  }
  return nullptr;
}

}  // namespace

std::string_view to_text(ViewVerdict verdict) {
  switch (verdict) {
    case ViewVerdict::kHeld:
      return "held";
    case ViewVerdict::kNew:
      return "new";
    case ViewVerdict::kNoList:
      return "no list";
    case ViewVerdict::kOlder:
      return "older";
    case ViewVerdict::kRival:
      return "rival";
    case ViewVerdict::kStatic:
      return "static";
    case ViewVerdict::kRefused:
      return "refused";
  }
  return "";
}

Duration ViewKeeper::beat() const {
  return view_ != nullptr && view_->beat > Duration::zero() ? Duration(view_->beat) : kBeatAssumed;
}

ViewRelation relate(const ClusterView& next, const ClusterView& held) {
  if (next.group == held.group) {
    return next.version > held.version ? ViewRelation::kNewer : ViewRelation::kOlder;
  }
  // First: a view that was recorded before a merge must not undo it.
  if (held.has_absorbed(next.group)) return ViewRelation::kOlder;
  return next.has_absorbed(held.group) ? ViewRelation::kNewer : ViewRelation::kRival;
}

bool ViewKeeper::Shared::supersedes(const ClusterView& held) const {
  switch (relate(*view, held)) {
    case ViewRelation::kNewer:
      return true;
    case ViewRelation::kOlder:
      return false;
    case ViewRelation::kRival:
      return replaced_group == held.group && replaced_version >= held.version;
  }
  return false;
}

void ViewKeeper::hold(std::shared_ptr<const ClusterView> view, TimePoint now) {
  if (view_ != nullptr) {
    replaced_version_ = view_->version;
    replaced_group_ = view_->group;
  }
  view_ = std::move(view);
  hash_ = format_hex64(view_->hash);
  dismissed_.clear();
  rival_text_.clear();
  rival_.reset();
  rivals_.clear();
  confirm(now);
}

ViewVerdict ViewKeeper::on_header(const Sender& from, std::string_view header, TimePoint now) {
  if (view_ != nullptr && holds_view(header, hash_)) {
    confirm(now);
    rivals_.remove(from.member);
    return ViewVerdict::kHeld;
  }
  if (!options_.is_dynamic || options_.codec == nullptr) return ViewVerdict::kStatic;
  return judge(from, header, now);
}

ViewVerdict ViewKeeper::judge(const Sender& from, std::string_view header, TimePoint now) {
  // A member that lags behind says the same with each response; its signature is checked once.
  if (!dismissed_.empty() && header == dismissed_) return ViewVerdict::kOlder;
  if (rival_ != nullptr && header == rival_text_) return judge_rival(from, now);

  DecodedView decoded = options_.codec->decode(header);
  last_refusal_ = decoded.refusal;
  if (decoded.refusal == ViewRefusal::kNoList) return ViewVerdict::kNoList;
  if (!decoded) return ViewVerdict::kRefused;
  auto view = std::make_shared<const ClusterView>(std::move(decoded.view));
  const ViewRelation relation = view_ == nullptr ? ViewRelation::kNewer : relate(*view, *view_);
  switch (relation) {
    case ViewRelation::kNewer:
      hold(std::move(view), now);
      return ViewVerdict::kNew;
    case ViewRelation::kOlder:
      dismissed_ = header;
      return ViewVerdict::kOlder;
    case ViewRelation::kRival:
      rival_text_ = header;
      rival_ = std::move(view);
      break;
  }
  return judge_rival(from, now);
}

// A view that does not say that its sender lives is no word of the sender for that group.
ViewVerdict ViewKeeper::judge_rival(const Sender& from, TimePoint now) {
  if (entry_at(*rival_, from.member) == nullptr) return ViewVerdict::kOlder;
  rivals_.add(from.member, rival_->group);
  const RivalViews::Count count = rivals_.count(rival_->group, from.members, from.member);
  if (count.theirs <= count.ours) return ViewVerdict::kRival;
  const bool is_soon = rival_believed_at_ && now < *rival_believed_at_ + kRivalBeats * beat();
  if (is_soon && count.ours > 0) return ViewVerdict::kRival;
  rival_believed_at_ = now;
  hold(std::move(rival_), now);
  return ViewVerdict::kNew;
}

ViewVerdict ViewKeeper::on_weblogic(const WeblogicView& view, TimePoint now) {
  if (!options_.is_dynamic || !options_.believes_weblogic_lists) return ViewVerdict::kStatic;
  if (!is_weblogic_hash(view.hash)) return ViewVerdict::kRefused;
  if (view.hash == weblogic_hash_) {
    confirm(now);
    return ViewVerdict::kHeld;
  }
  if (view.list.empty()) return ViewVerdict::kNoList;
  DecodedView decoded = decode_weblogic_list(view.list, options_.weblogic_port);
  last_refusal_ = decoded.refusal;
  if (!decoded) return ViewVerdict::kRefused;
  // The dialect has no versions: the last list counts.
  decoded.view.version = view_ == nullptr ? 1 : view_->version + 1;
  hold(std::make_shared<const ClusterView>(std::move(decoded.view)), now);
  weblogic_hash_ = view.hash;
  return ViewVerdict::kNew;
}

ViewVerdict ViewKeeper::on_shared(const Shared& shared, TimePoint now) {
  if (shared.view == nullptr) return ViewVerdict::kNoList;
  if (view_ != nullptr) {
    if (shared.view->hash == view_->hash && shared.weblogic_hash == weblogic_hash_) {
      return ViewVerdict::kHeld;
    }
    if (!shared.supersedes(*view_)) return ViewVerdict::kOlder;
    if (relate(*shared.view, *view_) == ViewRelation::kRival) rival_believed_at_ = now;
  }
  hold(shared.view, now);
  weblogic_hash_ = shared.weblogic_hash;
  return ViewVerdict::kNew;
}

TimePoint ViewKeeper::ask_due(TimePoint waiting_since) const {
  if (!options_.is_dynamic || options_.codec == nullptr) return TimePoint::max();
  const TimePoint due = std::max(waiting_since, confirmed_at_) + 2 * beat();
  return asked_at_ ? std::max(due, *asked_at_ + beat()) : due;
}

}  // namespace understudy::routing
