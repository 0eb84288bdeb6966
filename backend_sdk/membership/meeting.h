// SPDX-License-Identifier: Apache-2.0
// Meeting: groups that were founded apart find each other and become one. A leader asks around,
// the weaker group's leader goes through the steps of merging.h, the stronger one's admits all at
// once, and members follow their group. Owned by membership's core.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "backend_sdk/membership/group.h"
#include "backend_sdk/membership/losses.h"
#include "backend_sdk/membership/merging.h"
#include "backend_sdk/membership/messages.h"
#include "backend_sdk/membership/search.h"
#include "backend_sdk/membership/standing.h"

namespace understudy {

class Meeting final {
 public:
  Meeting(Standing& standing, Group& group, Losses& losses);

  // Asks at the seeds and at the tombstones' addresses.
  void look_around();
  void advance();
  TimePoint due() const;
  // We lead a new term; the view may yield already.
  void on_lead();
  void on_follow();

  // All of another group.
  void on_view_ask(const Peer& from, const ViewAskMessage& message);
  void on_view(const Peer& from, const ViewMessage& message, const Frame& frame);
  void on_merge(const Peer& from, const MergeMessage& message);
  void on_merge_no(const Peer& from, const MergeNoMessage& message);

  // Is there a group that this one has not become one with? Asks; found() tells (Q2).
  void search();
  Search::Finding found(TimePoint now) const { return search_.finding(standing_.view(), now); }
  // What an address said that is no group's: refused, a foreign process.
  void on_no_group(const Address& address) { search_.on_answered(address); }

  // Where members of other groups were met.
  const std::vector<Address>& met() const { return met_; }

 private:
  bool follow(const MemberView& view, const Frame& frame);
  void judge_alone(const MemberView& view, bool has_quorum);
  void judge_as_leader(const MemberView& view, bool has_quorum);
  void note_addresses(const MemberView& view);
  void begin_yield(const MemberView& view);
  void note_gone_over(const MemberView& other);
  void end_yield(const char* why);
  void send_merge();
  bool may_absorb(const Peer& from, const MergeMessage& message);
  void refuse(const Peer& to, const MergeMessage& message, const std::string& reason);
  bool is_address_free_for(const MemberView& view);

  Standing& standing_;
  Group& group_;
  Losses& losses_;

  Merging merging_;
  Search search_;
  uint64_t yield_version_ = 0;  // our first view of this term that yields
  uint64_t sent_version_ = 0;   // of the last MERGE; 0: none of ours
  std::vector<Peer> others_;    // of the group that we yield to
  size_t next_other_ = 0;
  std::set<MemberId> gone_over_;         // of ours, to the group that we met last
  std::map<GroupId, uint64_t> refused_;  // as leader
  std::vector<Address> met_;
  size_t next_seed_ = 0;
  TimePoint with_leader_at_{};  // the last look at which there was one
};

}  // namespace understudy
