// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/core.h"

#include <algorithm>

#include "backend_sdk/wire/id_text.h"
#include "base/check.h"
#include "base/log.h"

namespace understudy {

Membership::Core::Core(const MembershipOptions& options, const Clock& clock, Random& random,
                       Transport& transport, Listener& listener)
    : options_(options),
      clock_(clock),
      listener_(listener),
      standing_(options_, random, transport, clock.now()),
      losses_(standing_, *this),
      watch_(standing_, *this, losses_),
      electing_(standing_, *this, losses_, watch_),
      reception_(standing_, *this),
      meeting_(standing_, *this, losses_),
      outlook_(clock_, standing_, *this, losses_, watch_) {
  CHECK(options.self.mid != kNobody);
  CHECK(options.self.cluster_address.is_set());
  CHECK(options.interval > Duration::zero());
  CHECK(!options.self.name.empty() && options.self.name.size() <= kViewNameBytesMax);
}

// ---- one call from outside

Membership::Core::Turn::Turn(Core& core) : core_(core) {
  if (core_.depth_++ > 0) return;
  core_.standing_.set_now(core_.clock_.now());
  core_.watch_.on_call(core_.promised_);
}

Membership::Core::Turn::~Turn() {
  if (core_.depth_ == 1) core_.conclude();
  --core_.depth_;
}

// What the listener does in its callbacks may lead to more: until nothing is left to tell.
void Membership::Core::conclude() {
  constexpr int kRoundsMax = 16;
  for (int i = 0; i < kRoundsMax; ++i) {
    if (phase_ == Phase::kMember) {
      confirm();
      meeting_.advance();
      const ViewWriter* writer = standing_.writer();
      if (writer && writer->is_changed()) publish(false);
      outlook_.refresh();
    }
    const bool is_new_view = phase_ == Phase::kMember && announced_ != outlook_.view();
    if (news_.empty() && !is_new_view && !is_expelled_) break;
    tell_listener();
  }
  promised_ = next_wake();
}

void Membership::Core::tell_listener() {
  const bool is_new_view = phase_ == Phase::kMember && announced_ != outlook_.view();
  if (is_new_view) losses_.on_view_told(outlook_.view());
  for (const auto& [peer, news] : std::exchange(news_, {})) {
    if (news == News::kAlive) {
      listener_.on_alive(peer);
    } else {
      listener_.on_dead(peer, news == News::kProven);
    }
  }
  if (std::exchange(is_expelled_, false)) return listener_.on_expelled();
  if (!is_new_view) return;
  announced_ = outlook_.view();
  listener_.on_view(outlook_.view());
}

// ---- time

TimePoint Membership::Core::next_wake() const {
  switch (phase_) {
    case Phase::kIdle:
    case Phase::kGone:
      return TimePoint::max();
    case Phase::kJoining:
      return reception_.due();
    case Phase::kMember:
      break;
  }
  TimePoint due = std::min({watch_.due(), electing_.due(), meeting_.due(), losses_.due()});
  if (const ViewWriter* writer = standing_.writer()) due = std::min(due, writer->due());
  return due;
}

void Membership::Core::advance() {
  Turn turn(*this);
  if (phase_ == Phase::kJoining) advance_joining();
  if (phase_ != Phase::kMember) return;
  if (watch_.is_beat_due()) tick();
  watch_.advance();
  losses_.advance();
  electing_.advance();
}

// Once in a T.
void Membership::Core::tick() {
  constexpr int kLookEvery = 5;
  constexpr int kSettleIntervals = 5;
  watch_.beat();
  losses_.look_for_missing();
  if (ViewWriter* writer = standing_.writer()) {
    losses_.bury();
    const bool is_in_touch =
        watch_.may_judge() && watch_.suspects().empty() && losses_.lost().empty();
    writer->tend(standing_.now(), kSettleIntervals * options_.interval, is_in_touch);
    electing_.consider();
  }
  const bool is_leader_lost = outlook_.is_leader_lost();
  const bool is_time = ++ticks_ % kLookEvery == 0;
  if (is_leader_lost || (standing_.writer() && is_time)) meeting_.look_around();
}

// ---- calls of the owner

void Membership::Core::start() {
  Turn turn(*this);
  CHECK(phase_ == Phase::kIdle);
  phase_ = Phase::kJoining;
  reception_.start();
  advance_joining();
}

void Membership::Core::advance_joining() {
  if (phase_ != Phase::kJoining) return;
  if (reception_.should_found()) return found_group();
  reception_.advance(watch_.operator_state());
}

void Membership::Core::found_group() {
  GroupId group = kNoGroup;
  while (group == kNoGroup) group = static_cast<GroupId>(standing_.random().next());
  Member self = options_.self;
  self.operator_state = watch_.operator_state();
  standing_.set_view(ViewWriter::founded(self, group));
  phase_ = Phase::kMember;
  reception_.end();
  LOG(kInfo, "membership: {} starts group {:08x}, no other member was found", self.name, group);
  lead(1);
}

void Membership::Core::leave() {
  Turn turn(*this);
  if (phase_ == Phase::kMember) {
    if (ViewWriter* writer = standing_.writer()) {
      // A leader's last act: the view without it, from which its successor goes on.
      writer->mark(mid(), Liveness::kLeft, Evidence::kProof, standing_.now());
      publish(true);
    } else {
      for (const Peer& peer : standing_.other_usable()) {
        standing_.tell(peer, FrameType::kLeave);
      }
    }
  }
  phase_ = Phase::kGone;
  standing_.follow();
}

void Membership::Core::set_operator_state(OperatorState state) {
  Turn turn(*this);
  watch_.set_operator_state(state);
  if (phase_ != Phase::kMember) return;
  if (ViewWriter* writer = standing_.writer()) {
    writer->set_operator_state(mid(), state);
  } else {
    watch_.send_beats();
  }
}

void Membership::Core::ask_for_view_of(const Peer& of) {
  Turn turn(*this);
  if (phase_ == Phase::kMember && standing_.may_repeat(of.mid)) ask_for_view(of);
}

void Membership::Core::search_groups() {
  Turn turn(*this);
  if (phase_ == Phase::kMember) meeting_.search();
}

void Membership::Core::on_sign_of_life(MemberId mid) {
  Turn turn(*this);
  losses_.on_life(mid);
  watch_.heard(mid);
}

std::vector<Address> Membership::Core::rejoin_seeds() const {
  std::vector<Address> seeds = options_.seeds;
  seeds.insert(seeds.begin(), meeting_.met().begin(), meeting_.met().end());
  for (const Member& member : standing_.view().members) {
    if (!standing_.is_me(member.mid)) seeds.push_back(member.cluster_address);
  }
  std::vector<Address> unique;
  for (const Address& seed : seeds) {
    if (unique.size() == Joining::kSeedsMax) break;
    if (std::find(unique.begin(), unique.end(), seed) == unique.end()) unique.push_back(seed);
  }
  return unique;
}

// ---- messages

void Membership::Core::on_frame(const Peer& from, const Frame& frame) {
  Turn turn(*this);
  if (phase_ == Phase::kIdle || phase_ == Phase::kGone) return;
  losses_.on_life(from.mid);
  watch_.heard(from.mid);
  if (dispatch(from, frame)) return;
  LOG(kWarn, "membership: a frame of type {} from member {} at {} is not understood",
      static_cast<int>(frame.type), mid_text(from.mid), from.address.to_string());
}

// Has `message` been decoded? Then `handle` gets it.
namespace {

template <typename Message, typename Handle>
bool handled(const std::optional<Message>& message, Handle handle) {
  if (message) handle(*message);
  return message.has_value();
}

}  // namespace

bool Membership::Core::dispatch(const Peer& from, const Frame& frame) {
  const std::string_view bytes = frame.payload;
  switch (frame.type) {
    case FrameType::kJoin:
      return handled(decode_join(bytes), [&](const auto& m) { reception_.on_join(from, m); });
    case FrameType::kRedirect:
      return handled(decode_redirect(bytes), [&](const auto& m) {
        reception_.on_redirect(from, m);
        advance_joining();
      });
    case FrameType::kJoinNo:
      return handled(decode_join_no(bytes), [&](const auto& m) { reception_.on_join_no(from, m); });
    case FrameType::kWelcome:
    case FrameType::kViewPush:
      return handled(decode_view(bytes), [&](const auto& m) { on_view_message(from, m, frame); });
    case FrameType::kViewAsk:
      return handled(decode_view_ask(bytes), [&](const auto& m) { on_view_ask(from, m); });
    case FrameType::kElect:
      return handled(decode_elect(bytes), [&](const auto& m) { electing_.on_elect(from, m); });
    case FrameType::kElectOk:
      return handled(decode_elect_ok(bytes),
                     [&](const auto& m) { electing_.on_elect_ok(from, m); });
    case FrameType::kMerge:
      return handled(decode_merge(bytes), [&](const auto& m) {
        if (phase_ == Phase::kMember) meeting_.on_merge(from, m);
      });
    case FrameType::kMergeNo:
      return handled(decode_merge_no(bytes), [&](const auto& m) {
        if (phase_ == Phase::kMember) meeting_.on_merge_no(from, m);
      });
    case FrameType::kLeave:
      losses_.on_gone(from, Liveness::kLeft, "left");
      return true;
    default:
      return dispatch_about(from, frame);
  }
}

bool Membership::Core::dispatch_about(const Peer& from, const Frame& frame) {
  const auto about = decode_about(frame.payload);
  if (!about) return false;
  switch (frame.type) {
    case FrameType::kAccuse:
      losses_.on_accused(from, about->mid);
      return true;
    case FrameType::kProbeFor:
      losses_.on_question(from, about->mid);
      return true;
    case FrameType::kProbeForOk:
      losses_.on_vouched(about->mid);
      return true;
    default:
      return false;
  }
}

void Membership::Core::on_datagram(MemberId from, const Datagram& datagram) {
  Turn turn(*this);
  if (phase_ == Phase::kMember) watch_.on_datagram(from, datagram);
}

void Membership::Core::on_probe_answered(const Peer& peer) {
  Turn turn(*this);
  if (phase_ != Phase::kMember) return;
  losses_.on_probe_answered(peer);
  watch_.heard(peer.mid);
  // The link broke although the process lives: what was under way is lost, say it again. That also
  // opens the link again, which is how we learn of its end.
  const Member* member = standing_.view().find(peer.mid);
  if (!member || !member->is_usable()) return;
  const Member* leader = standing_.other_leader();
  if (standing_.writer()) {
    send_view(peer, FrameType::kViewPush);
  } else if (leader && leader->mid == peer.mid) {
    ask_for_view(peer);
  }
}

void Membership::Core::on_probe_failed(const Peer& peer, LinkDown why) {
  Turn turn(*this);
  losses_.on_probe_failed(peer, why);
}

void Membership::Core::on_link_down(const Peer& peer, LinkDown why) {
  Turn turn(*this);
  if (phase_ == Phase::kJoining) {
    reception_.on_link_down(peer, why);
    return advance_joining();
  }
  const bool is_answer = why != LinkDown::kReset && why != LinkDown::kOverflow;
  if (is_answer) meeting_.on_no_group(peer.address);
  switch (why) {
    case LinkDown::kRefused:
      return losses_.on_refused(peer);
    case LinkDown::kOtherLife:
      return losses_.on_gone(peer, Liveness::kDead, "was started again");
    case LinkDown::kReset:
    case LinkDown::kOtherKey:
    case LinkDown::kOtherCluster:
    case LinkDown::kOtherProtocol:
      // Ends of links are how a process that dies says so: ask at once.
      if (const Member* member = standing_.view().find(peer.mid); member && member->is_usable()) {
        standing_.transport().probe(peer);
      }
      return;
    case LinkDown::kOverflow:
      return;
  }
}

}  // namespace understudy
