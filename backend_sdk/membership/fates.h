// SPDX-License-Identifier: Apache-2.0
// Fates: what one member knows of the other lives, in one place: what the view says, and its own
// proofs. A refused connection is a proof that a sign of life withdraws, because a firewall refuses
// as well. Another life at the address and LEAVE are final. Pure. Owned by membership's core for
// one life; read by replication.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>

#include "backend_sdk/membership/view.h"
#include "base/clock.h"

namespace understudy {

// What replication acts on. Suspicion changes nothing here: safety never depends on the detector,
// and a suspect may still answer.
enum class Fate : uint8_t {
  kUsable,   // in the view, alive or suspected
  kDead,     // the view says dead, or does not know it; it may still run somewhere
  kRefused,  // its port refused us; a firewall does that as well, so another member is asked (P20)
  kDeadAndRefused,  // both of the former
  kProven,  // its process is gone or has given up everything: left, reborn, refused others, too
};
// Worth acting on where another member looks for itself before anything follows.
inline bool seems_gone(Fate fate) {
  return fate == Fate::kRefused || fate == Fate::kDeadAndRefused || fate == Fate::kProven;
}

class Fates final {
 public:
  static constexpr size_t kProofsMax = 4096;  // the oldest is forgotten first
  static constexpr size_t kAccusersMax = 16;  // of one member
  // A refusal that a sign of life withdrew so often is believed only after a silence.
  static constexpr int kWithdrawalsMax = 2;
  static constexpr int kSilence = 3;  // in T: two missed beats and the allowance for a late one

  // `interval`: T.
  Fates(MemberId self, Duration interval, TimePoint now)
      : self_(self), interval_(interval), last_proof_(now) {}

  Fate fate(MemberId mid) const;
  // When the latest death was proven; the beginning of this life before the first.
  TimePoint last_proof() const { return last_proof_; }

  enum class Proof : uint8_t { kNone, kRefused, kFinal };
  Proof proof(MemberId mid) const;

  // Its port refuses. False: not believed, for it has been heard meanwhile, again and again.
  bool on_refused(MemberId mid, TimePoint now);
  // Its port refused again a beat and its allowance later, and nothing of it came meanwhile: one
  // that lives behind a firewall is heard of by then.
  bool is_refused_again(MemberId mid) const;
  // From when on a refusal is the second one; max() where none stands.
  TimePoint second_refusal_at(MemberId mid) const;
  // Another life answered there, or it left, or the view says so with proof.
  void on_gone(MemberId mid, TimePoint now);
  // Any authentic frame or datagram of it, or another member's word that it answers. True: a proof
  // was withdrawn.
  bool on_life(MemberId mid, TimePoint now);

  // Another member was refused as well: two do not stand behind the same firewall.
  void on_accused(MemberId mid, MemberId by);
  bool has_accuser(MemberId mid) const { return accusers_.contains(mid); }

  // This member has voted in a later term than its view's, for a leader that holds that one for
  // dead. What it claims gets no vote here until a view of that term, or of a later one, comes
  // (V7).
  void on_voted_out(MemberId mid, uint32_t term);
  bool is_voted_out(MemberId mid) const { return voted_out_.contains(mid); }

  // The view that the owner's listener is told of.
  void on_view(const MemberView& view);

 private:
  struct Known {
    Proof proof = Proof::kNone;
    bool is_refused_again = false;
    int withdrawals = 0;
    TimePoint heard_at{};
    TimePoint refused_at{};
  };
  Known* know(MemberId mid);

  const MemberId self_;
  const Duration interval_;
  TimePoint last_proof_;
  std::map<MemberId, Known> known_;
  std::deque<MemberId> order_;
  std::map<MemberId, std::set<MemberId>> accusers_;
  std::map<MemberId, Fate> view_;
  GroupId group_ = kNoGroup;
  std::set<MemberId> voted_out_;
  uint32_t voted_term_ = 0;
};

}  // namespace understudy
