// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node_core.h"

#include <algorithm>

#include "backend_sdk/replication/replicator.h"
#include "backend_sdk/sessions/sessions.h"
#include "backend_sdk/wire/id_text.h"
#include "base/check.h"
#include "base/log.h"

namespace understudy {

class NodeCore::Core final : public Membership::Listener, public SessionHost {
 public:
  Core(const NodeCoreOptions& options, const Clock& clock, Random& random, Transport& transport,
       NodeCore::Host& host);

  // Every public method of NodeCore passes here: what was caused is done at the end.
  template <typename Work>
  void enter(Work work) {
    ++depth_;
    work();
    if (depth_ == 1) {
      settle();
      expected_ = std::max(wake_at(), clock_.now());
    }
    --depth_;
  }

  void start();
  void drain(std::function<void()> callback);
  void leave();
  void advance();
  TimePoint wake_at() const;
  void on_frame(const Peer& from, Frame frame);
  void on_link_down(const Peer& peer, LinkDown why);
  void on_probe_failed(const Peer& peer, LinkDown why);
  void on_probe_answered(const Peer& peer);
  NodeCoreStatistics statistics() const;
  NodeCoreFacts facts() const;

  Sessions& sessions() { return sessions_; }
  Membership* membership() { return membership_.get(); }
  const Membership* membership() const { return membership_.get(); }

  // Membership::Listener.
  void on_view(const MemberView& view) override;
  void on_dead(const Peer& peer, bool is_proven) override;
  void on_alive(const Peer& peer) override;
  void on_expelled() override { expelled_ = true; }

  // SessionHost.
  void on_session_lost(const SessionId& sid, Position floor) override;
  void on_conflict(const SessionId& sid, Position kept, Position dropped) override;
  bool has_quorum() const override { return membership_ != nullptr && membership_->has_quorum(); }
  bool is_quorum(const std::set<MemberId>& members) const override;
  void ask_for_view(MemberId member) override;
  void search_groups() override {
    if (membership_ != nullptr) membership_->search_groups();
  }
  Search::Finding found_groups() const override {
    return membership_ == nullptr ? Search::Finding::kNoOther : membership_->found_groups();
  }

 private:
  void begin_life(std::vector<Address> seeds);
  void end_life();
  void settle();

  // Constant after construction.
  const NodeCoreOptions options_;
  const Clock& clock_;
  Random& random_;
  Transport& transport_;
  NodeCore::Host& host_;

  Sessions sessions_;
  // One life.
  std::unique_ptr<Membership> membership_;
  std::unique_ptr<Replicator> replicator_;
  std::vector<std::unique_ptr<ReplicaStore>> ended_copies_;  // of earlier lives, freed in slices
  bool expelled_ = false;
  bool left_ = false;
  std::function<void()> on_drained_;

  ReplicatorStatistics past_;  // of earlier lives
  uint64_t lives_ = 0;
  int depth_ = 0;
  TimePoint expected_ = TimePoint::max();  // when we wanted to be called last
  TimePoint patience_{};
};

NodeCore::Core::Core(const NodeCoreOptions& options, const Clock& clock, Random& random,
                     Transport& transport, NodeCore::Host& host)
    : options_(options),
      clock_(clock),
      random_(random),
      transport_(transport),
      host_(host),
      sessions_(options_.sessions, options_.replication, clock, random, *this) {}

// --- lives -------------------------------------------------------------------------------------

void NodeCore::Core::start() {
  CHECK(membership_ == nullptr && !left_);
  begin_life(options_.membership.seeds);
}

void NodeCore::Core::begin_life(std::vector<Address> seeds) {
  ++lives_;
  MembershipOptions membership = options_.membership;
  membership.seeds = std::move(seeds);
  membership.has_met_others = lives_ > 1;
  // What the operator wants of the process holds for its next life as well.
  if (on_drained_) membership.self.operator_state = OperatorState::kDraining;
  do {
    membership.self.mid = static_cast<MemberId>(random_.next());
  } while (membership.self.mid == kNobody);
  const MemberId mid = membership.self.mid;
  host_.on_new_life(mid);
  membership_ = std::make_unique<Membership>(membership, clock_, random_, transport_, *this);
  replicator_ = std::make_unique<Replicator>(options_.replication, mid, membership_->fates(),
                                             clock_, transport_, sessions_);
  sessions_.begin_life(*replicator_, mid);
  membership_->start();
}

void NodeCore::Core::end_life() {
  sessions_.end_life();
  if (replicator_ == nullptr) return;
  past_ += replicator_->statistics();
  ended_copies_.push_back(replicator_->take_copies());
  ended_copies_.back()->forget_all();
  replicator_.reset();
}

void NodeCore::Core::settle() {
  auto& ready = sessions_.ready();
  while (!ready.empty() || expelled_) {
    if (expelled_) {
      expelled_ = false;
      LOG(kWarn, "member {}: the others hold us for dead; starting a new life",
          mid_text(membership_->mid()));
      std::vector<Address> seeds = membership_->rejoin_seeds();
      end_life();
      membership_.reset();
      if (!left_) begin_life(std::move(seeds));
      continue;
    }
    const std::function<void()> work = std::move(ready.front());
    ready.pop_front();
    work();
  }
}

void NodeCore::Core::drain(std::function<void()> callback) {
  CHECK(on_drained_ == nullptr, "a member drains once");
  on_drained_ = std::move(callback);
  sessions_.start_drain();
  if (membership_ != nullptr) membership_->set_operator_state(OperatorState::kDraining);
}

void NodeCore::Core::leave() {
  if (left_) return;
  left_ = true;
  // First nothing is ours any more, then the others hear so: LEAVE is a proof.
  end_life();
  if (membership_ != nullptr) membership_->leave();
}

// --- time --------------------------------------------------------------------------------------

void NodeCore::Core::advance() {
  const TimePoint now = clock_.now();
  // We were asleep: answers may lie in our sockets. No member is judged late for a while; but not
  // again and again, or a member that is always late would wait for a dead one for ever.
  const Duration late = options_.replication.ack_timeout / 2;
  const bool was_asleep = expected_ != TimePoint::max() && now > expected_ + late;
  if (was_asleep && now > patience_ + options_.replication.ack_deadline) {
    patience_ = now + options_.replication.ack_timeout;
  }
  if (membership_ != nullptr) {
    membership_->report_load(0, static_cast<uint32_t>(sessions_.size()));
    if (now >= membership_->wake_at()) membership_->advance();
  }
  if (replicator_ != nullptr && !expelled_) replicator_->advance(patience_);
  if (!expelled_) sessions_.advance();
  if (!ended_copies_.empty()) {
    ended_copies_.back()->expire(now);
    if (ended_copies_.back()->wake_at() == TimePoint::max()) ended_copies_.pop_back();
  }
  if (on_drained_ && sessions_.is_drained()) {
    leave();
    sessions_.ready().push_back(std::move(on_drained_));
    on_drained_ = nullptr;
  }
}

TimePoint NodeCore::Core::wake_at() const {
  if (!ended_copies_.empty()) return TimePoint{};
  TimePoint at = sessions_.wake_at();
  if (membership_ != nullptr) at = std::min(at, membership_->wake_at());
  if (replicator_ != nullptr) at = std::min(at, replicator_->wake_at());
  return at;
}

// --- from below --------------------------------------------------------------------------------

void NodeCore::Core::on_view(const MemberView& view) {
  if (replicator_ == nullptr) return;
  replicator_->on_view(view);
  sessions_.on_view();
  sessions_.ready().push_back([this, view] { host_.on_view(view); });
}

void NodeCore::Core::on_dead(const Peer& peer, bool) {
  if (replicator_ != nullptr) replicator_->on_dead(peer.mid);
}

void NodeCore::Core::on_alive(const Peer& peer) {
  if (replicator_ != nullptr) replicator_->on_alive(peer.mid);
}

void NodeCore::Core::on_session_lost(const SessionId& sid, Position floor) {
  host_.on_session_lost(sid, floor);
}

void NodeCore::Core::on_conflict(const SessionId& sid, Position kept, Position dropped) {
  host_.on_conflict(sid, kept, dropped);
}

bool NodeCore::Core::is_quorum(const std::set<MemberId>& members) const {
  return membership_ != nullptr && membership_->is_quorum(members);
}

void NodeCore::Core::ask_for_view(MemberId member) {
  if (membership_ == nullptr) return;
  const Member* known = membership_->view().find(member);
  if (known != nullptr) membership_->ask_for_view(known->peer());
}

void NodeCore::Core::on_frame(const Peer& from, Frame frame) {
  if (membership_ == nullptr) return;
  if (Membership::owns(frame.type)) {
    membership_->on_frame(from, std::move(frame));
  } else if (Replicator::owns(frame.type) && replicator_ != nullptr) {
    membership_->on_sign_of_life(from.mid);
    replicator_->on_frame(from, frame);
  }
}

void NodeCore::Core::on_link_down(const Peer& peer, LinkDown why) {
  if (membership_ != nullptr) membership_->on_link_down(peer, why);
  if (replicator_ != nullptr) replicator_->on_link_down(peer, why);
}

void NodeCore::Core::on_probe_failed(const Peer& peer, LinkDown why) {
  if (membership_ != nullptr) membership_->on_probe_failed(peer, why);
  if (replicator_ != nullptr) replicator_->on_probe_failed(peer, why);
}

void NodeCore::Core::on_probe_answered(const Peer& peer) {
  if (membership_ != nullptr) membership_->on_probe_answered(peer);
  if (replicator_ != nullptr) replicator_->on_probe_answered(peer);
}

NodeCoreStatistics NodeCore::Core::statistics() const {
  NodeCoreStatistics result;
  result.sessions = sessions_.statistics();
  result.channels = past_;
  if (replicator_ != nullptr) {
    result.channels += replicator_->statistics();
    result.sessions_secondary = replicator_->copies().size();
    result.sessions_passed_over = replicator_->copies().passed_over_count();
    result.replica_bytes = replicator_->copies().bytes();
    const Replicator::OpenChannels open = replicator_->open_channels();
    result.channels_out = open.out;
    result.channels_in = open.in;
  }
  result.lives = lives_;
  result.sessions_primary = sessions_.size();
  result.sessions_solo = sessions_.solo_count();
  result.requests_under_way = sessions_.active_count();
  result.requests_parked = sessions_.parked_count();
  return result;
}

NodeCoreFacts NodeCore::Core::facts() const {
  NodeCoreFacts facts;
  if (replicator_ == nullptr) return facts;
  facts.has_quorum = has_quorum();
  facts.served = sessions_.served();
  const ReplicaStore& copies = replicator_->copies();
  copies.visit([&](const SessionId& sid, const ReplicaStore::Replica& replica) {
    facts.copies.push_back({sid, replica.image.position, replica.channel});
  });
  for (const ChannelId channel : copies.passed_over_channels()) {
    copies.visit_passed_over(channel, [&](const SessionId& sid) {
      const auto newest = copies.find_passed_over(sid);
      if (newest) facts.passed_over.push_back({sid, newest->image->position, newest->channel});
      return true;
    });
  }
  for (const PrimaryChannel* channel : replicator_->primaries()) {
    const ChannelParties& parties = channel->parties();
    facts.channels.push_back({parties.id, parties.primary, parties.secondary, parties.witness,
                              to_string(channel->state()),
                              channel->state() == PrimaryChannel::State::kOwned});
  }
  for (const SecondaryChannel* channel : replicator_->secondaries()) {
    const ChannelParties& parties = channel->parties();
    facts.channels.push_back({parties.id, parties.primary, parties.secondary, parties.witness,
                              to_string(channel->state()),
                              channel->state() == SecondaryChannel::State::kOwned});
  }
  return facts;
}

// --- the public face ---------------------------------------------------------------------------

NodeCore::NodeCore(const NodeCoreOptions& options, const Clock& clock, Random& random,
                   Transport& transport, Host& host)
    : core_(std::make_unique<Core>(options, clock, random, transport, host)) {}
NodeCore::~NodeCore() = default;

void NodeCore::start() {
  core_->enter([&] { core_->start(); });
}
void NodeCore::drain(std::function<void()> callback) {
  core_->enter([&] { core_->drain(std::move(callback)); });
}
void NodeCore::leave() {
  core_->enter([&] { core_->leave(); });
}
std::optional<SessionToken> NodeCore::choose(const std::vector<SessionToken>& tokens) const {
  return core_->sessions().choose(tokens);
}
void NodeCore::begin(const BeginRequest& request, BeginCallback callback) {
  core_->enter([&] { core_->sessions().begin(request, std::move(callback)); });
}
void NodeCore::commit(RequestHandle handle, Change change, CommitCallback callback) {
  core_->enter([&] { core_->sessions().commit(handle, std::move(change), std::move(callback)); });
}
void NodeCore::abandon(RequestHandle handle) {
  core_->enter([&] { core_->sessions().abandon(handle); });
}
void NodeCore::advance() {
  core_->enter([&] { core_->advance(); });
}
TimePoint NodeCore::wake_at() const {
  return core_->wake_at();
}

MemberId NodeCore::mid() const {
  return core_->membership() == nullptr ? kNobody : core_->membership()->mid();
}
const MemberView& NodeCore::view() const {
  static const MemberView kNone;
  return core_->membership() == nullptr ? kNone : core_->membership()->view();
}
bool NodeCore::is_admitted() const {
  return core_->membership() != nullptr && core_->membership()->is_admitted();
}
std::string NodeCore::obstacle() const {
  return core_->membership() == nullptr ? std::string() : core_->membership()->obstacle();
}
NodeCoreFacts NodeCore::facts() const {
  return core_->facts();
}
NodeCoreStatistics NodeCore::statistics() const {
  return core_->statistics();
}

void NodeCore::on_frame(const Peer& from, Frame frame) {
  core_->enter([&] { core_->on_frame(from, std::move(frame)); });
}
void NodeCore::on_link_down(const Peer& peer, LinkDown why) {
  core_->enter([&] { core_->on_link_down(peer, why); });
}
void NodeCore::on_datagram(MemberId from, const Datagram& datagram) {
  core_->enter([&] {
    if (core_->membership() != nullptr) core_->membership()->on_datagram(from, datagram);
  });
}
void NodeCore::on_probe_failed(const Peer& peer, LinkDown why) {
  core_->enter([&] { core_->on_probe_failed(peer, why); });
}
void NodeCore::on_probe_answered(const Peer& peer) {
  core_->enter([&] { core_->on_probe_answered(peer); });
}

}  // namespace understudy
