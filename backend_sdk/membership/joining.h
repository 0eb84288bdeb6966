// SPDX-License-Identifier: Apache-2.0
// Joining: what a fresh member knows of the world before it is admitted, and whether it is the one
// to start a group. Whom to ask, and who answered what. Pure; membership's core sends and asks.
//
// Fresh members that start together must end in one group: each asks all seeds again and again;
// those that belong to no group say so. A group is started when every seed has just proven that it
// is no member of one: it refused the connection (no process listens), or it said that it is fresh
// as well and has a higher address. Silence proves nothing, for a busy machine is silent too, so it
// is waited out with a longer patience. Evidence is as old as the question, not as the answer.
//
// Where a process answers that is none of our cluster the fault may be ours (a wrong key, a wrong
// name), and the cluster run there: no group is started for as long as it answers, unless another
// member has answered properly, or the operator wants it (FoundAlone).
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "backend_sdk/transport/transport.h"
#include "base/clock.h"

namespace understudy {

class Joining final {
 public:
  static constexpr size_t kSeedsMax = 32;

  struct Options {
    Address self;
    std::vector<Address> seeds;  // at most kSeedsMax are used; self and repetitions are skipped
    Duration retry;              // between two requests to the same seed
    Duration found_after;  // at the earliest, with another fresh one half of it; proofs count for
                           // half of it
    Duration silence_patience;  // from then on a silent seed does not hinder
    bool found_alone = false;   // foreign processes do not hinder
  };
  struct Foreign {
    Address address;
    LinkDown why;
  };
  Joining(const Options& options, TimePoint now);

  // Whom to send a JOIN now: every seed, and the leader we were told of.
  std::vector<Peer> due_requests(TimePoint now);
  TimePoint due() const { return next_request_; }

  void on_fresh(const Address& seed, TimePoint now);  // it belongs to no group either
  void on_redirected(const Peer& leader, TimePoint now);
  void on_refused(TimePoint now);  // there is a group, but not for us as we are
  void on_link_down(const Peer& peer, LinkDown why);

  // To be asked again after each of the above.
  bool should_found(TimePoint now) const;
  // A group has answered lately that it does not take us as we are.
  bool is_refused(TimePoint now) const;
  // The processes that hinder the start of a group, once it would be time; empty: none does.
  std::vector<Foreign> foreign(TimePoint now) const;

 private:
  // One of those asked, and what the answers prove.
  struct Seed {
    Address address;
    std::deque<TimePoint> asked;  // unanswered; the oldest was asked when the link was opened
    TimePoint outside_at{};       // asked then, it proved to be in no group
    TimePoint fresh_at{};         // it said so then
    std::optional<LinkDown> foreign = {};  // the last answer: none of our cluster
  };
  static constexpr size_t kAskedMax = 64;  // beyond, answers count as older than they are

  void add_seed(const Address& address);
  Seed* find(const Address& address);
  bool is_within(Duration age, TimePoint when, TimePoint now) const;
  bool is_time(TimePoint now) const;
  bool has_fresh(TimePoint now) const;
  bool is_held_up(TimePoint now) const;
  const Options options_;
  TimePoint began_;
  TimePoint next_request_;
  TimePoint group_seen_{};  // an answer named a group
  TimePoint refused_at_{};
  Peer leader_;
  std::vector<Seed> seeds_;
};

}  // namespace understudy
