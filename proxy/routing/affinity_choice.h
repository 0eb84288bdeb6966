// SPDX-License-Identifier: Apache-2.0
// Which member an exchange asks, and whom next when that fails: the primary of its cookie, then the
// secondary, then the method's turn among the rest, then what is left (members that failed a moment
// ago, at last the configured list). It sends nothing and waits for nothing; whether a request may
// be sent again at all is exchange/retry's decision. Worker thread only; no allocation.
//
//   Attempt attempt = cluster.begin(decoded_cookie);
//   while (Choice choice = cluster.choose(attempt, loop.now())) {
//     ... ask choice.member; on failure: cluster.on_failure(attempt, member, kRefused, now)
//   }
//   ... none left: wait ConnectRetrySecs, attempt.start_pass(), or answer 503
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "cookies/affinity.h"
#include "proxy/routing/back_off.h"
#include "proxy/routing/balancing_method.h"
#include "proxy/routing/member.h"
#include "proxy/routing/member_table.h"

namespace understudy::routing {

// A pass ends after as many members; what follows is the next pass, ConnectRetrySecs later.
inline constexpr std::size_t kTriesPerPassMax = 32;
inline constexpr std::uint8_t kRoutesFollowedMax = 3;  // 421s in one pass

// Why this member.
enum class Why : std::uint8_t {
  kNobody,  // no member was chosen
  kCookiePrimary,
  kCookieSecondary,
  kCookieRoute,     // the cookie's route=, or the member that our own cookie names
  kNoCookie,        // round robin, as for every client without a session
  kInvalidCookie,   // round robin: the cookie was refused
  kUnknownMembers,  // round robin: no member is known by the names in the cookie
  kRest,            // round robin: the cookie's members are known and cannot be asked
  kRouted,          // the member asked before answered 421 and named this one
  kRetry,           // round robin without a cookie, after another member failed
  kLastResort,      // failed a moment ago or suspect, and no other is left
  kSeed,            // not alive in the view, but in the configuration, and no other is left
};
std::string_view to_text(Why why);  // "cookie-primary", "no-cookie" ...

// What a session's value says of members.
enum class Named : std::uint8_t {
  kNothing,   // it cannot be read, or not verified
  kNoMember,  // it is a session's, without a member
  kUnknown,   // no member is known by the names in it
  kKnown,
};

// Why not the cookie's primary.
enum class PassedOver : std::uint8_t {
  kNo,       // it was chosen, or there is none
  kUnknown,  // no member is known by this name
  kUnseen,   // the same, and no view either that could have told of it
  kDead,
  kLeft,
  kUnlisted,
  kDisabled,
  kDraining,    // and its sessions are to move; this one went to its secondary
  kUnhealthy,   // a health check says so
  kEjected,     // failed again and again
  kUnresolved,  // its host's name has no address yet
  kSkipped,     // failed a moment ago in another exchange; Choice::failure says how
  kFailed,      // failed in this exchange
  kRouted,      // it, or the one asked in its place, answered 421 with another member
};
std::string_view to_text(PassedOver passed_over);

struct [[nodiscard]] Choice {
  Member* member = nullptr;
  Why why = Why::kNobody;
  PassedOver primary = PassedOver::kNo;
  Failure failure = Failure::kNone;  // with kSkipped and kFailed

  explicit operator bool() const { return member != nullptr; }
  // By its cookie or a 421, so that no other member will do as well.
  bool is_bound() const;
  // For Understudy-Failover: empty when the header is not to be sent, else one word of contract.h.
  std::string_view failover() const;
};

// A Choice in one word for the access log: "cookie-secondary:refused".
class ChoiceText final {
 public:
  explicit ChoiceText(const Choice& choice);
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 48> bytes_;
  std::size_t size_ = 0;
};

// What one exchange has tried. A value that borrows nothing: neither the cookie's bytes nor
// members, which may vanish while it waits.
class Attempt final {
 public:
  Attempt() = default;

  // All may be tried again; a route from a 421 is forgotten.
  void start_pass();
  unsigned passes() const { return passes_; }               // 1 in the first
  unsigned tries() const { return tries_; }                 // over all passes
  bool has_tried(const Member& member) const;               // in this pass
  bool has_tried_any() const { return tried_count_ != 0; }  // in this pass
  // Whether the session names a member, known or not.
  bool names_any() const { return primary_ || secondary_ || has_route_; }
  // The last choice made.
  const Choice& last() const { return last_; }  // its member may be gone since

 private:
  friend class AffinityChoice;

  std::optional<std::uint32_t> primary_ = {};  // mids
  std::optional<std::uint32_t> secondary_ = {};
  std::optional<std::uint32_t> routed_ = {};
  std::uint64_t route_serial_ = 0;   // of the member that the cookie's route named; 0: none
  std::uint64_t ranked_serial_ = 0;  // of the one that it names next
  std::uint64_t session_hash_ = 0;   // of the id in front of a route; 0: there is none
  AffinityRefusal refusal_ = AffinityRefusal::kAbsent;
  bool has_route_ = false;                    // the cookie names one, known or not
  Failure primary_failure_ = Failure::kNone;  // in this pass
  unsigned passes_ = 1;
  unsigned tries_ = 0;
  std::uint8_t routes_followed_ = 0;
  std::uint8_t tried_count_ = 0;
  std::array<std::uint64_t, kTriesPerPassMax> tried_;  // serials
  Choice last_ = {};
};

// The decision itself. Owned by Cluster.
class AffinityChoice final {
 public:
  AffinityChoice(MemberTable& table, BalancingMethod& method, bool ranks_routes = true)
      : table_(table), method_(method), ranks_routes_(ranks_routes) {}

  Attempt begin(const DecodedAffinity& cookie) const;
  // How much an attempt has of its session: of several values of one name the first with the most
  // decides.
  Named named_by(const Attempt& attempt) const;
  // Whether the first member that the session names is in the table.
  bool knows_primary(const Attempt& attempt) const { return primary(attempt) != nullptr; }
  // Whether a second member has the session too, as far as its cookie says.
  bool has_copy(const Attempt& attempt) const { return secondary(attempt) != nullptr; }
  // What choose() would say first of a fresh attempt, without taking a turn: where the method would
  // decide there is a reason, but no member.
  Choice preview(const DecodedAffinity& cookie, TimePoint now) const;
  // The next member to ask, marked as tried; nothing when the pass is over.
  Choice choose(Attempt& attempt, TimePoint now);
  // A good member that has not been tried, to be asked beside the one that was: null when there is
  // none. The method's turn stays whose it is, or the slow member would get the next fresh client,
  // too. To be followed by take().
  Member* beside(const Attempt& attempt, TimePoint now) {
    return first_untried(attempt, table_.rings(now).good);
  }
  // This member it is, for it has room now; the exchange has waited for any.
  void take(Attempt& attempt, Member& member, TimePoint now) const;
  void on_failure(Attempt& attempt, const Member& member, Failure failure) const;
  // A 421 with Understudy-Route: asks that member next, at most kRoutesFollowedMax times in a pass.
  // False when it is not to be followed: unknown, dead, disabled, or one too many.
  bool follow_route(Attempt& attempt, std::uint32_t mid) const;
  // Member::busy has changed; for methods that heed it.
  void on_busy(const Member& member) {
    // While it knows other members than those that are there, it learns all of them first.
    const bool is_known = method_version_ == table_.rings_version() && !table_.rings_are_stale();
    if (is_known) method_.on_busy(member);
  }

 private:
  Member* primary(const Attempt& attempt) const;
  Member* secondary(const Attempt& attempt) const;
  PassedOver obstacle(const Attempt& attempt, const Member& member, TimePoint now) const;
  void explain_primary(const Attempt& attempt, TimePoint now, Choice& choice) const;

  Member* named(Attempt& attempt, TimePoint now, Why& why) const;
  Member* in_turn(const Attempt& attempt, TimePoint now);
  Member* substitute(const Attempt& attempt, TimePoint now);
  void follow_ranked_route(Attempt& attempt, std::string_view route) const;
  Member* left_over(const Attempt& attempt, TimePoint now, Why& why);
  Member* first_untried(const Attempt& attempt, std::span<Member* const> ring);
  Why why_in_turn(const Attempt& attempt) const;

  MemberTable& table_;
  BalancingMethod& method_;
  const bool ranks_routes_;

  // State of the worker thread.
  std::uint64_t method_version_ = 0;  // the rings that the method knows
  std::uint64_t walk_ = 0;            // where the next walk over doubtful members begins
};

}  // namespace understudy::routing
