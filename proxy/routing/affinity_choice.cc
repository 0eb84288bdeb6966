// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/affinity_choice.h"

#include <algorithm>
#include <cstring>

namespace understudy::routing {
namespace {

// A session of such a member is better off with its secondary, but not with a stranger.
bool yields_to_secondary(const Member& member, TimePoint now) {
  return member.sends_sessions_away() || member.outlier.is_ejected(now);
}

// Cheap, for it is taken of every session: ids are drawn at random, and both ends tell them apart.
std::uint64_t hash_of_id(std::string_view id) {
  if (id.empty()) return 0;
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  if (id.size() >= sizeof head) {
    std::memcpy(&head, id.data(), sizeof head);
    std::memcpy(&tail, id.data() + id.size() - sizeof tail, sizeof tail);
  } else {
    std::memcpy(&head, id.data(), id.size());
  }
  return ((head * 0x9E3779B97F4A7C15u ^ tail) + id.size()) | 1;
}

// FNV-1a, then mixed: how much a session belongs to a member. Every worker and proxy that knows the
// members by the same addresses comes to the same.
std::uint64_t affection(std::uint64_t session_hash, std::string_view address) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : address) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001B3u;
  hash ^= session_hash;
  hash = (hash ^ hash >> 33) * 0xFF51AFD7ED558CCDu;
  hash = (hash ^ hash >> 33) * 0xC4CEB9FE1A85EC53u;
  return hash ^ hash >> 33;
}

}  // namespace

void Attempt::start_pass() {
  ++passes_;
  tried_count_ = 0;
  routes_followed_ = 0;
  routed_.reset();
  primary_failure_ = Failure::kNone;
}

bool Attempt::has_tried(const Member& member) const {
  const auto end = tried_.begin() + tried_count_;
  return std::find(tried_.begin(), end, member.serial) != end;
}

Attempt AffinityChoice::begin(const DecodedAffinity& cookie) const {
  Attempt attempt;
  attempt.refusal_ = cookie.refusal;
  if (!cookie) return attempt;
  attempt.primary_ = cookie.token.primary;
  attempt.secondary_ = cookie.token.secondary;
  const Member* member = nullptr;
  if (cookie.token.dialect == Dialect::kRoute) {
    attempt.has_route_ = !cookie.token.route.empty();
    if (attempt.has_route_) attempt.session_hash_ = hash_of_id(cookie.token.id);
    if (attempt.has_route_) member = table_.by_route(cookie.token.route);
    if (member != nullptr && !member->redirect.empty()) {
      const Member* const substitute = table_.by_route(member->redirect);
      if (substitute != nullptr) attempt.ranked_serial_ = substitute->serial;
    }
    if (attempt.has_route_ && member == nullptr) {
      if (ranks_routes_) follow_ranked_route(attempt, cookie.token.route);
      // As in Apache a session of no member is balanced like a new client.
      if (!ranks_routes_) attempt.session_hash_ = 0;
    }
  } else if (cookie.token.dialect == Dialect::kInsert) {
    attempt.has_route_ = true;
    member = table_.by_tag(cookie.token.member_tag);
  }
  if (member != nullptr) attempt.route_serial_ = member->serial;
  return attempt;
}

// "first.second": the members that hold the session, the best one first. What stands before the
// names, in a session's id with dots, names none.
void AffinityChoice::follow_ranked_route(Attempt& attempt, std::string_view route) const {
  while (attempt.ranked_serial_ == 0) {
    const std::size_t dot = route.find('.');
    const Member* member = table_.by_route(route);
    if (member == nullptr) member = table_.by_route(route.substr(0, dot));
    if (member != nullptr && member->serial != attempt.route_serial_) {
      (attempt.route_serial_ == 0 ? attempt.route_serial_ : attempt.ranked_serial_) =
          member->serial;
    }
    if (dot == std::string_view::npos) return;
    route.remove_prefix(dot + 1);
  }
}

Named AffinityChoice::named_by(const Attempt& attempt) const {
  if (attempt.refusal_ != AffinityRefusal::kNone) return Named::kNothing;
  if (!attempt.names_any()) return Named::kNoMember;
  const bool is_known =
      attempt.route_serial_ != 0 || primary(attempt) != nullptr || secondary(attempt) != nullptr;
  return is_known ? Named::kKnown : Named::kUnknown;
}

Member* AffinityChoice::primary(const Attempt& attempt) const {
  if (attempt.primary_) return table_.by_mid(*attempt.primary_);
  return attempt.route_serial_ == 0 ? nullptr : table_.by_serial(attempt.route_serial_);
}

Member* AffinityChoice::secondary(const Attempt& attempt) const {
  if (attempt.secondary_) return table_.by_mid(*attempt.secondary_);
  return attempt.ranked_serial_ == 0 ? nullptr : table_.by_serial(attempt.ranked_serial_);
}

PassedOver AffinityChoice::obstacle(const Attempt& attempt, const Member& member,
                                    TimePoint now) const {
  if (member.liveness == Liveness::kDead) return PassedOver::kDead;
  if (member.liveness == Liveness::kLeft) return PassedOver::kLeft;
  if (member.liveness == Liveness::kUnlisted) return PassedOver::kUnlisted;
  if (member.operator_state == OperatorState::kDisabled) return PassedOver::kDisabled;
  if (!member.address.is_set()) return PassedOver::kUnresolved;
  if (attempt.has_tried(member)) {
    return attempt.routes_followed_ > 0 ? PassedOver::kRouted : PassedOver::kFailed;
  }
  if (member.checked == Checked::kFailing) return PassedOver::kUnhealthy;
  // What answers, if only with errors, is closed to new sessions only: its own have nowhere better
  // to go. The same holds for a 503.
  if (member.outlier.is_ejected(now) && !member.outlier.has_answered()) return PassedOver::kEjected;
  const bool skipped =
      member.back_off.is_blocked(now) && member.back_off.last_failure() != Failure::kUnavailable;
  return skipped ? PassedOver::kSkipped : PassedOver::kNo;
}

void AffinityChoice::explain_primary(const Attempt& attempt, TimePoint now, Choice& choice) const {
  if (!attempt.primary_ && !attempt.has_route_) return;
  const Member* const member = primary(attempt);
  if (member == choice.member && member != nullptr) return;
  if (member == nullptr) {
    choice.primary = table_.has_view() ? PassedOver::kUnknown : PassedOver::kUnseen;
    return;
  }
  choice.primary = obstacle(attempt, *member, now);
  if (choice.primary == PassedOver::kNo) {
    const bool yields = choice.why == Why::kCookieSecondary && yields_to_secondary(*member, now);
    choice.primary = !yields                         ? PassedOver::kRouted
                     : member->sends_sessions_away() ? PassedOver::kDraining
                                                     : PassedOver::kEjected;
  }
  // A 421 that leads round it does not make it reachable.
  const bool has_failed = attempt.primary_failure_ != Failure::kNone;
  if (choice.primary == PassedOver::kRouted && has_failed) choice.primary = PassedOver::kFailed;
  if (choice.primary == PassedOver::kFailed) choice.failure = attempt.primary_failure_;
  if (choice.primary == PassedOver::kSkipped) choice.failure = member->back_off.last_failure();
}

Member* AffinityChoice::named(Attempt& attempt, TimePoint now, Why& why) const {
  if (attempt.routed_) {
    Member* const member = table_.by_mid(*attempt.routed_);
    attempt.routed_.reset();
    if (member != nullptr && !attempt.has_tried(*member)) {
      why = Why::kRouted;
      return member;
    }
  }
  Member* const first = primary(attempt);
  const bool first_can = first != nullptr && obstacle(attempt, *first, now) == PassedOver::kNo;
  if (first_can && !yields_to_secondary(*first, now)) {
    why = attempt.has_route_ ? Why::kCookieRoute : Why::kCookiePrimary;
    return first;
  }
  Member* const second = secondary(attempt);
  const bool second_can = second != nullptr && obstacle(attempt, *second, now) == PassedOver::kNo;
  if (second_can && !(first_can && yields_to_secondary(*second, now))) {
    why = Why::kCookieSecondary;
    return second;
  }
  if (!first_can) return nullptr;
  why = attempt.has_route_ ? Why::kCookieRoute : Why::kCookiePrimary;
  return first;
}

Member* AffinityChoice::in_turn(const Attempt& attempt, TimePoint now) {
  if (attempt.session_hash_ != 0) return substitute(attempt, now);
  const auto& good = table_.rings(now).good;
  if (method_version_ != table_.rings_version()) {
    method_.set_members(good);
    method_version_ = table_.rings_version();
  }
  // Among one more than have been tried there is a new one, unless weights repeat members.
  for (unsigned turn = 0; turn <= attempt.tried_count_; ++turn) {
    Member* const member = method_.next();
    if (member == nullptr) return nullptr;
    if (!attempt.has_tried(*member)) return member;
  }
  return first_untried(attempt, good);
}

// A plain session whose member cannot be asked always gets the same one in its place: what its
// first request does there is there for the next. Members of the SDK find a session by themselves.
Member* AffinityChoice::substitute(const Attempt& attempt, TimePoint now) {
  Member* best = nullptr;
  std::uint64_t most = 0;
  for (Member* const member : table_.rings(now).good) {
    if (attempt.has_tried(*member)) continue;
    const std::uint64_t much = affection(attempt.session_hash_, member->address_text);
    if (best != nullptr && much <= most) continue;
    best = member;
    most = much;
  }
  return best;
}

Member* AffinityChoice::first_untried(const Attempt& attempt, std::span<Member* const> ring) {
  // At most as many steps as members have been tried, and one.
  for (std::size_t step = 0; step < ring.size(); ++step) {
    Member* const member = ring[walk_++ % ring.size()];
    if (!attempt.has_tried(*member)) return member;
  }
  return nullptr;
}

Member* AffinityChoice::left_over(const Attempt& attempt, TimePoint now, Why& why) {
  why = Why::kLastResort;
  for (Member* const member : {primary(attempt), secondary(attempt)}) {
    if (member == nullptr) continue;
    const PassedOver why_not = obstacle(attempt, *member, now);
    if (why_not == PassedOver::kSkipped || why_not == PassedOver::kEjected) return member;
  }
  const MemberTable::Rings& rings = table_.rings(now);
  if (Member* const member = first_untried(attempt, rings.doubtful)) return member;
  if (Member* const member = first_untried(attempt, rings.failing)) return member;
  why = Why::kSeed;
  if (Member* const member = first_untried(attempt, rings.last_resort)) return member;
  why = Why::kNobody;
  return nullptr;
}

Why AffinityChoice::why_in_turn(const Attempt& attempt) const {
  if (attempt.names_any()) {
    const bool known = primary(attempt) != nullptr || secondary(attempt) != nullptr;
    return known ? Why::kRest : Why::kUnknownMembers;
  }
  if (attempt.tries_ > 0) return Why::kRetry;
  const bool invalid =
      attempt.refusal_ != AffinityRefusal::kNone && attempt.refusal_ != AffinityRefusal::kAbsent;
  return invalid ? Why::kInvalidCookie : Why::kNoCookie;
}

Choice AffinityChoice::preview(const DecodedAffinity& cookie, TimePoint now) const {
  Attempt attempt = begin(cookie);
  Choice choice;
  choice.member = named(attempt, now, choice.why);
  if (choice.member == nullptr) choice.why = why_in_turn(attempt);
  explain_primary(attempt, now, choice);
  return choice;
}

Choice AffinityChoice::choose(Attempt& attempt, TimePoint now) {
  Choice choice;
  if (attempt.tried_count_ < kTriesPerPassMax) {
    choice.member = named(attempt, now, choice.why);
    if (choice.member == nullptr) {
      choice.member = in_turn(attempt, now);
      choice.why = why_in_turn(attempt);
    }
    if (choice.member == nullptr) choice.member = left_over(attempt, now, choice.why);
  }
  explain_primary(attempt, now, choice);
  attempt.last_ = choice;
  if (choice.member == nullptr) return choice;

  attempt.tried_[attempt.tried_count_++] = choice.member->serial;
  ++attempt.tries_;
  if (choice.member->back_off.is_on_trial(now)) table_.begin_trial(*choice.member, now);
  return choice;
}

void AffinityChoice::take(Attempt& attempt, Member& member, TimePoint now) const {
  Choice choice{.member = &member, .why = why_in_turn(attempt)};
  explain_primary(attempt, now, choice);
  attempt.last_ = choice;
  if (!attempt.has_tried(member) && attempt.tried_count_ < kTriesPerPassMax) {
    attempt.tried_[attempt.tried_count_++] = member.serial;
  }
  ++attempt.tries_;
}

void AffinityChoice::on_failure(Attempt& attempt, const Member& member, Failure failure) const {
  if (primary(attempt) == &member) attempt.primary_failure_ = failure;
}

bool AffinityChoice::follow_route(Attempt& attempt, std::uint32_t mid) const {
  if (attempt.routes_followed_ == kRoutesFollowedMax) return false;
  const Member* const member = table_.by_mid(mid);
  if (member == nullptr || attempt.has_tried(*member)) return false;
  if (member->liveness == Liveness::kDead || member->liveness == Liveness::kLeft) return false;
  if (member->operator_state == OperatorState::kDisabled || !member->address.is_set()) return false;
  attempt.routed_ = mid;
  ++attempt.routes_followed_;
  return true;
}

}  // namespace understudy::routing
