// SPDX-License-Identifier: Apache-2.0
// Membership: one member's part in the cluster, from the first JOIN to LEAVE or expulsion: beats,
// suspicion, the view, leadership (PROTOCOL section 3). It knows nothing of sessions or sockets:
// time comes from the Clock, messages through the Transport. Owned by Node, beside replication/,
// which listens. Loop thread only.
//
// One life, one object: after on_expelled() the owner destroys it and makes a new one with a fresh
// mid (and a Transport that says so in its HELLOs), seeded with rejoin_seeds().
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "backend_sdk/membership/fates.h"
#include "backend_sdk/membership/search.h"
#include "backend_sdk/membership/view.h"
#include "backend_sdk/transport/transport.h"
#include "base/clock.h"
#include "base/random.h"

namespace understudy {

struct MembershipOptions {
  Member self;  // mid fresh and random; join_seq and liveness are given at admission
  std::vector<Address> seeds{};                 // ClusterMembers; the own address may be among them
  Duration interval = std::chrono::seconds(1);  // T
  // Not admitted for this long: the living member with the lowest address starts a
  // group, once every other seed has just refused the connection or is fresh as well. Zero: 2 T.
  // Half of it when one of them is fresh.
  Duration found_after{};
  // A seed that neither answers nor refuses may belong to a group: no other is started before this
  // long. Zero: 10 T; 30 T for who has met others, because a second group would lose its sessions.
  Duration silence_patience{};
  bool has_met_others = false;  // a life after an expulsion
  bool found_alone = false;     // FoundAlone: foreign processes at seeds hinder nothing (J6)
  Duration tombstone_age = std::chrono::minutes(10);
  size_t members_max = 1000;  // usable ones; a JOIN beyond is refused
  // Of two members that lose each other, or of more of which one is left, does one go on without a
  // quorum (NoWitness available)? Its only evidence is a silence, or a connection that is refused
  // twice, the second time after a beat in which nothing came.
  bool one_goes_on_alone = true;
  size_t tombstones_max = 64;  // the oldest goes first
};

class Membership final : public Transport::Receiver {
 public:
  // Called at the end of whatever call into Membership made it true, never from a constructor; in
  // here view() and every query are up to date. Must not destroy the Membership.
  class Listener {
   public:
    virtual ~Listener() = default;
    // A new version, or a member is suspected or no longer so. The first call means: admitted.
    virtual void on_view(const MemberView& view) = 0;
    // Once when it is dead or left; once more when a proof comes later. Comes before the on_view
    // that shows it, and without one at the member that has the proof first.
    virtual void on_dead(const Peer& peer, bool is_proven) = 0;
    // A proof of its death is withdrawn: it refused a connection, and has been heard since.
    virtual void on_alive(const Peer& peer) = 0;
    // The others hold us for dead: nothing that was ours is ours any more. Nothing else is called
    // after it.
    virtual void on_expelled() = 0;
  };

  Membership(const MembershipOptions& options, const Clock& clock, Random& random,
             Transport& transport, Listener& listener);
  ~Membership() override;

  // Begins to join.
  void start();
  // Immediate: tells all members and sends no more. The transport should live on to flush it.
  void leave();
  // Does what is due. The owner calls it at wake_at() (later is noticed, see health.h).
  void advance();
  TimePoint wake_at() const;

  void set_operator_state(OperatorState state);
  // Told in every beat.
  void report_load(uint16_t load, uint32_t sessions);
  // It has a newer view, or one of another group: on_view comes when it is better than ours. At
  // most once in a T for each member.
  void ask_for_view(const Peer& of);
  // Looks for groups that were founded apart and that this one has not become one with.
  void search_groups();
  Search::Finding found_groups() const;
  // A frame of the layers above came from it: that counts as much as a beat (D1).
  void on_sign_of_life(MemberId mid);

  MemberId mid() const;
  // Empty (no group) before admission. The group may change: it has gone over to another one then,
  // and this life goes on there.
  const MemberView& view() const;
  bool is_admitted() const;
  // While it is not admitted: what the operator must repair, once it is known. Otherwise empty.
  const std::string& obstacle() const;
  bool is_leader() const;
  // Sees, itself included, more than half of the last stable membership, or half with its oldest.
  // A member that has lost its leader has none, nor has one whose group goes over to another.
  bool has_quorum() const;
  // Are these, with this member, a quorum of the view? A member that is proven dead is seen in its
  // next life, for no other can speak for it; but not before the newcomers that it has forgotten
  // had the time to look for it (M21).
  bool is_quorum(const std::set<MemberId>& seen) const;
  // What is known of the other lives; changes before the listener hears of it.
  const Fates& fates() const;
  // Where to look for the cluster next time: the seeds and all members that were met.
  std::vector<Address> rejoin_seeds() const;

  // Frames of types 16..31 only; every datagram; every event of links and probes.
  static bool owns(FrameType type);
  void on_frame(const Peer& from, Frame frame) override;
  void on_link_down(const Peer& peer, LinkDown why) override;
  void on_datagram(MemberId from, const Datagram& datagram) override;
  void on_probe_failed(const Peer& peer, LinkDown why) override;
  void on_probe_answered(const Peer& peer) override;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace understudy
