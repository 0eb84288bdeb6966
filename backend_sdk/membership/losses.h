// SPDX-License-Identifier: Apache-2.0
// Losses: what silence, refused connections and other members' words prove, and what follows: who
// is held for lost here, what the leader is told, and whom the leader buries. One member's refused
// connection buries no member: it may stand behind a firewall. Another member must have been
// refused as well; so it is asked, and answers within a round trip. Owned by membership's core.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <vector>

#include "backend_sdk/membership/fates.h"
#include "backend_sdk/membership/group.h"
#include "backend_sdk/membership/quorum.h"
#include "backend_sdk/membership/standing.h"

namespace understudy {

class Losses final {
 public:
  static constexpr size_t kQuestionsMax = 64;  // members that others wait to hear of
  static constexpr size_t kAskersMax = 16;     // of one
  static constexpr size_t kHelpersMax = 3;     // asked at once
  static constexpr size_t kMissingMax = 64;    // the oldest is forgotten first

  Losses(Standing& standing, Group& group);

  const Fates& fates() const { return fates_; }
  bool is_lost(MemberId mid) const { return lost_.contains(mid); }
  bool is_lost_by_proof(MemberId mid) const;
  // Not only by a connection of ours that was refused.
  bool is_certain(MemberId mid) const;
  // Enough for one that goes on alone, where that is the policy: certain, silent, or refused again.
  bool is_beyond_doubt(MemberId mid) const;
  const std::map<MemberId, Evidence>& lost() const { return lost_; }
  // It was suspected, and has not beaten since. A frame may have been under way all the time (TCP
  // sends again), so it ends the suspicion and does not say that we were in touch.
  bool is_out_of_touch(MemberId mid) const { return out_of_touch_.contains(mid); }
  void on_suspected(MemberId mid) { out_of_touch_.insert(mid); }
  void on_beat(MemberId mid) { out_of_touch_.erase(mid); }

  // Where no other member can be asked, a refusal is looked at a second time.
  TimePoint due() const;
  void advance();

  // Once in a T: members that the view knows no more, and whose deaths are not proven, are probed
  // on.
  void look_for_missing();

  // A sign of life, of whatever kind.
  void on_life(MemberId mid);
  void on_refused(const Peer& peer);
  void on_gone(const Peer& peer, Liveness liveness, const char* why);
  void on_silence(const Peer& peer);
  // An answer to a probe of ours; those who wait for it are told.
  void on_probe_answered(const Peer& peer);
  void on_probe_failed(const Peer& peer, LinkDown why);

  // kAccuse, kProbeFor, kProbeForOk.
  void on_accused(const Peer& from, MemberId mid);
  void on_question(const Peer& from, MemberId mid);
  void on_vouched(MemberId mid);
  // A voter of ours was refused by the leader that is lost.
  void on_second_proof(MemberId mid, MemberId by) { fates_.on_accused(mid, by); }
  // We have voted for a leader that holds all older members for dead.
  void on_voted(const Member& candidate, uint32_t term);

  // Leading: buries those for whom there is enough; asks others for what is missing.
  void bury();
  // We lead from now on: who was older is dead.
  void hand_to_writer();

  // A view came into force.
  void on_view(const MemberView& before, bool is_first);
  void forget_silence();
  void bury_own_earlier_lives();
  // Before the listener hears of the view.
  void on_view_told(const MemberView& view) { fates_.on_view(view); }

 private:
  void on_proof(const Peer& peer, Liveness liveness, const char* why);
  bool is_agreed(MemberId mid);
  void ask_others(const Peer& about);
  std::vector<Peer> others_than(MemberId mid) const;
  void announce(const Peer& peer, bool is_proven);
  void announce_deaths(const MemberView& before, bool is_first);
  void note_missing(const Member& member);
  void answer(MemberId mid, FrameType type);

  Standing& standing_;
  Group& group_;
  Fates fates_;
  // Held for lost before the view says so.
  std::map<MemberId, Evidence> lost_;
  std::map<MemberId, bool> announced_;
  std::map<MemberId, TimePoint> probe_again_;  // the refused
  std::deque<Peer> missing_;
  std::set<MemberId> out_of_touch_;
  std::map<MemberId, std::vector<Peer>> questions_;
};

}  // namespace understudy
