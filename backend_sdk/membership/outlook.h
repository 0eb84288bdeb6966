// SPDX-License-Identifier: Apache-2.0
// Outlook: what this member makes of its view: which members are suspects, whether there is a
// leader and a quorum, how strong the group is. It keeps the view with the suspicions in it, and
// decides nothing. Owned by membership's core; read by its parts through Group.
#pragma once

#include <map>
#include <set>

#include "backend_sdk/membership/merging.h"
#include "backend_sdk/membership/view.h"
#include "base/clock.h"

namespace understudy {

class Group;
class Losses;
class Standing;
class Watch;

class Outlook final {
 public:
  Outlook(const Clock& clock, Standing& standing, const Group& group, const Losses& losses,
          const Watch& watch)
      : clock_(clock), standing_(standing), group_(group), losses_(losses), watch_(watch) {}

  // The view in force, with suspicions, as of the last refresh().
  const MemberView& view() const { return view_; }
  void refresh();

  // The leader that the view names is held for lost, or there is none.
  bool is_leader_lost() const;
  // Sees one, be it that the group yields.
  bool sees_quorum() const;
  // The same, and the group does not yield.
  bool has_quorum() const;
  // Are this member and `seen` a quorum?
  bool is_quorum(const std::set<MemberId>& seen) const;
  // While leading: a quorum has that version of ours (reports.h).
  bool is_known(uint64_t version, const std::set<MemberId>& gone_over = {}) const;
  Strength strength() const;
  std::set<MemberId> suspects() const;
  // Until now: we were awake, had the leader's last view, and neither the member nor, where others
  // are heard of through the leader, the leader has been silent.
  bool is_in_touch(MemberId mid) const;

 private:
  void note_deaths();

  const Clock& clock_;
  Standing& standing_;
  const Group& group_;
  const Losses& losses_;
  const Watch& watch_;
  MemberView view_;
  std::map<MemberId, TimePoint> dead_since_;  // by the view, as far as this member has seen it
};

}  // namespace understudy
