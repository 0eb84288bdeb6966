// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/view_keeper.h"

#include <algorithm>
#include <utility>

namespace understudy::routing {
namespace {

const ViewEntry* entry_of(const ClusterView& view, std::uint32_t mid) {
  const auto found = std::lower_bound(
      view.entries.begin(), view.entries.end(), mid,
      [](const ViewEntry& entry, std::uint32_t wanted) { return entry.mid < wanted; });
  return found == view.entries.end() || found->mid != mid ? nullptr : &*found;
}

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

bool ViewKeeper::has_seen(std::uint32_t mid) const {
  if (view_ != nullptr && entry_of(*view_, mid) != nullptr) return true;
  return std::find(mids_seen_.begin(), mids_seen_.end(), mid) != mids_seen_.end();
}

void ViewKeeper::confirm(TimePoint now) {
  confirmed_at_ = now;
  rival_since_.reset();
}

void ViewKeeper::hold(std::shared_ptr<const ClusterView> view, TimePoint now) {
  if (view_ != nullptr) {
    for (const ViewEntry& entry : view_->entries) {
      if (entry_of(*view, entry.mid) == nullptr) mids_seen_.push_back(entry.mid);
    }
    while (mids_seen_.size() > kMidsRememberedMax) mids_seen_.pop_front();
    replaced_ = view_->version;
  }
  view_ = std::move(view);
  hash_ = format_hex64(view_->hash);
  dismissed_.clear();
  confirm(now);
}

ViewVerdict ViewKeeper::on_header(const Sender& from, std::string_view header, TimePoint now) {
  if (view_ != nullptr && holds_view(header, hash_)) {
    confirm(now);
    return ViewVerdict::kHeld;
  }
  if (!options_.is_dynamic || options_.codec == nullptr) return ViewVerdict::kStatic;
  // A member that lags behind says the same with each response; its signature is checked once.
  if (!dismissed_.empty() && header == dismissed_) return ViewVerdict::kOlder;

  DecodedView decoded = options_.codec->decode(header);
  last_refusal_ = decoded.refusal;
  if (decoded.refusal == ViewRefusal::kNoList) return ViewVerdict::kNoList;
  if (!decoded) return ViewVerdict::kRefused;
  if (view_ != nullptr && decoded.view.version <= view_->version) {
    const ViewVerdict verdict = judge_lower(from, decoded.view, now);
    if (verdict == ViewVerdict::kOlder) dismissed_ = header;
    if (verdict != ViewVerdict::kNew) return verdict;
  }
  hold(std::make_shared<const ClusterView>(std::move(decoded.view)), now);
  return ViewVerdict::kNew;
}

ViewVerdict ViewKeeper::judge_lower(const Sender& from, const ClusterView& view, TimePoint now) {
  const ViewEntry* const self = entry_at(view, from.member);
  if (self == nullptr || has_seen(self->mid)) return ViewVerdict::kOlder;
  if (from.is_alone) return ViewVerdict::kNew;
  if (!rival_since_) rival_since_ = now;
  return now < *rival_since_ + 2 * beat() ? ViewVerdict::kRival : ViewVerdict::kNew;
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
    // A rival counts only if it was believed in full knowledge of the view in force here.
    if (shared.view->version <= view_->version && shared.replaced < view_->version) {
      return ViewVerdict::kOlder;
    }
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
