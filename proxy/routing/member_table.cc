// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/member_table.h"

#include <algorithm>
#include <unordered_set>

#include "base/check.h"

namespace understudy::routing {
namespace {

Liveness liveness_of(AliveState state) {
  switch (state) {
    case AliveState::kAlive:
      return Liveness::kAlive;
    case AliveState::kSuspect:
      return Liveness::kSuspect;
    case AliveState::kDead:
      return Liveness::kDead;
    case AliveState::kLeft:
      return Liveness::kLeft;
  }
  return Liveness::kDead;
}

bool is_same_place(const Seed& seed, const Member& member) {
  return seed.address_text == member.address_text ||
         (seed.address.is_set() && seed.address == member.address);
}

}  // namespace

MemberTable::MemberTable(const std::vector<Seed>& seeds, const Options& options)
    : seeds_(seeds), options_(options) {
  CHECK(options_.members_max <= kMembersMax && seeds_.size() <= options_.members_max);
  for (const Seed& seed : seeds_) add(seed);
  rebuild_index();
}

Member* MemberTable::by_mid(std::uint32_t mid) const {
  const auto found = by_mid_.find(mid);
  return found == by_mid_.end() ? nullptr : found->second;
}

Member* MemberTable::by_route(std::string_view route) const {
  const auto found = by_route_.find(route);
  return found == by_route_.end() ? nullptr : found->second;
}

Member* MemberTable::by_tag(MemberTag tag) const {
  const auto found = by_tag_.find(tag);
  return found == by_tag_.end() ? nullptr : found->second;
}

Member* MemberTable::by_address(std::string_view address_text) const {
  const auto found = by_address_.find(address_text);
  return found == by_address_.end() ? nullptr : found->second;
}

Member* MemberTable::by_serial(std::uint64_t serial) const {
  if (members_.empty() || serial < members_.front()->serial) return nullptr;
  // As long as none has gone, they stand in a row.
  const std::uint64_t place = serial - members_.front()->serial;
  if (place < members_.size() && members_[place]->serial == serial) return members_[place].get();
  const auto found = std::lower_bound(
      members_.begin(), members_.end(), serial,
      [](const auto& member, std::uint64_t wanted) { return member->serial < wanted; });
  return found == members_.end() || (*found)->serial != serial ? nullptr : found->get();
}

Member& MemberTable::add(const Seed& seed) {
  auto member = std::make_unique<Member>();
  if (free_slots_.empty()) {
    member->slot = slots_used_++;
  } else {
    member->slot = free_slots_.back();
    free_slots_.pop_back();
  }
  member->serial = ++last_serial_;
  member->address_text = seed.address_text;
  member->address = seed.address;
  member->more_addresses = seed.more_addresses;
  member->name = seed.name.empty() ? seed.address_text : seed.name;
  member->route = seed.route;
  member->redirect = seed.redirect;
  member->weight = seed.weight;
  if (options_.tags != nullptr) {
    member->tags = options_.tags->member_tags(seed.route.empty() ? seed.address_text : seed.route);
  }
  member->is_seed = seed_of(*member) != nullptr;
  settle(*member);
  members_.push_back(std::move(member));
  return *members_.back();
}

Member* MemberTable::seed_without_mid(const ViewEntry& entry) const {
  const auto parsed = Address::parse(entry.address);
  for (const auto& member : members_) {
    if (!member->is_seed || member->mid) continue;
    if (member->address_text == entry.address) return member.get();
    if (parsed && member->address.is_set() && member->address == *parsed) return member.get();
  }
  return nullptr;
}

void MemberTable::update(Member& member, const ViewEntry& entry, TimePoint now) {
  const bool was_gone = is_gone(member.liveness);
  member.mid = entry.mid;
  member.name = entry.name.empty() ? entry.address : entry.name;
  member.liveness = liveness_of(entry.alive);
  member.view_state = entry.operator_state;
  member.weight = entry.weight;
  settle(member);
  if (was_gone && !is_gone(member.liveness)) begin_ramp(member, now);
}

// What was ordered for it and seen by checks holds for the process that listens at its address.
void MemberTable::settle(Member& member) {
  const Seed* const seed = seed_of(member);
  const auto order = orders_.find(member.address_text);
  if (order != orders_.end()) {
    member.order = order->second;
  } else {
    member.order = seed == nullptr ? OperatorOrder() : seed->order;
  }
  member.is_standby = seed != nullptr && seed->is_standby;
  member.operator_state = std::max(member.order.state, member.view_state);
  const auto checked = checks_.find(member.address_text);
  if (checked != checks_.end()) {
    member.checked = checked->second;
  } else {
    const bool is_unchecked = seed != nullptr && !seed->is_checked;
    member.checked = is_unchecked ? Checked::kWorking : Checked::kNot;
  }
}

const Seed* MemberTable::seed_of(const Member& member) const {
  const auto seed = std::find_if(seeds_.begin(), seeds_.end(), [&](const Seed& configured) {
    return is_same_place(configured, member);
  });
  return seed == seeds_.end() ? nullptr : &*seed;
}

void MemberTable::move_out(const ClusterView& view, ViewChange& change) {
  std::unordered_map<std::uint32_t, std::string_view> listed;
  for (const ViewEntry& entry : view.entries) listed.emplace(entry.mid, entry.address);
  const auto stays = [&](const std::unique_ptr<Member>& member) {
    if (!member->mid) return true;
    const auto entry = listed.find(*member->mid);
    return entry != listed.end() && (entry->second == member->address_text || member->is_seed);
  };
  const auto gone = std::stable_partition(members_.begin(), members_.end(), stays);
  for (auto member = gone; member != members_.end(); ++member) {
    retired_slots_.push_back((*member)->slot);
    change.vanished.push_back(std::move(*member));
  }
  members_.erase(gone, members_.end());
}

void MemberTable::restore_seeds() {
  for (const Seed& seed : seeds_) {
    const bool is_there = std::any_of(members_.begin(), members_.end(), [&](const auto& member) {
      return is_same_place(seed, *member);
    });
    if (!is_there && members_.size() < kMembersMax) add(seed);
  }
}

ViewChange MemberTable::apply(const ClusterView& view, TimePoint now) {
  ViewChange change;
  const bool is_first = !has_view_;
  has_view_ = true;
  free_slots_.insert(free_slots_.end(), retired_slots_.begin(), retired_slots_.end());
  retired_slots_.clear();
  move_out(view, change);
  rebuild_index();

  for (const ViewEntry& entry : view.entries) {
    Member* member = by_mid(entry.mid);
    if (member == nullptr) member = seed_without_mid(entry);
    if (member == nullptr) {
      if (members_.size() >= options_.members_max) continue;
      const auto parsed = Address::parse(entry.address);
      member = &add({.address_text = entry.address, .address = parsed.value_or(Address())});
      if (!is_first) begin_ramp(*member, now);
    }
    const bool was_gone = is_gone(member->liveness);
    update(*member, entry, now);
    if (!was_gone && is_gone(member->liveness)) change.dead.push_back(member);
  }
  restore_seeds();
  for (const auto& member : members_) {
    if (!member->mid) member->liveness = Liveness::kUnlisted;
  }
  rebuild_index();
  return change;
}

void MemberTable::set_addresses(std::string_view address_text, std::span<const Address> addresses) {
  DCHECK(!addresses.empty());
  for (const auto& member : members_) {
    if (member->address_text != address_text) continue;
    const bool stays =
        std::find(addresses.begin(), addresses.end(), member->address) != addresses.end();
    if (!stays) member->address = addresses.front();
    member->more_addresses.clear();
    for (const Address& address : addresses) {
      if (address != member->address) member->more_addresses.push_back(address);
    }
  }
  rings_are_stale_ = true;
}

void MemberTable::learn_mid(Member& member, std::uint32_t mid) {
  // An id that another member has stays that one's.
  if (!by_mid_.try_emplace(mid, &member).second) return;
  if (member.mid) by_mid_.erase(*member.mid);
  member.mid = mid;
}

void MemberTable::rebuild_index() {
  by_mid_.clear();
  by_route_.clear();
  by_address_.clear();
  by_tag_.clear();
  for (const auto& member : members_) {
    if (member->mid) by_mid_.emplace(*member->mid, member.get());
    if (!member->route.empty()) by_route_.emplace(member->route, member.get());
    const auto [place, is_new] = by_address_.emplace(member->address_text, member.get());
    if (!is_new && is_gone(place->second->liveness)) place->second = member.get();
    for (const MemberTag tag : member->tags) {
      if (tag == 0) break;
      const auto [tagged, is_first] = by_tag_.emplace(tag, member.get());
      if (!is_first && is_gone(tagged->second->liveness)) tagged->second = member.get();
    }
  }
  rings_are_stale_ = true;
}

}  // namespace understudy::routing
