// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/core.h"

#include <algorithm>

#include "backend_sdk/membership/quorum.h"
#include "base/check.h"
#include "base/log.h"

namespace understudy {
namespace {

// Members that may be told or asked something again; beyond, the memory is simply cleared.
constexpr size_t kRepeatedMax = 4096;

// In T; see MembershipOptions.
constexpr int kFoundAfter = 2;
constexpr int kSilencePatience = 10;
constexpr int kSilencePatienceOfWhoMetOthers = 30;

Joining::Options joining_options(const MembershipOptions& options) {
  const auto given_or = [&](Duration given, int intervals) {
    return given > Duration::zero() ? given : intervals * options.interval;
  };
  const int patience = options.has_met_others ? kSilencePatienceOfWhoMetOthers : kSilencePatience;
  return {.self = options.self.cluster_address,
          .seeds = options.seeds,
          .retry = options.interval / 2,
          .found_after = given_or(options.found_after, kFoundAfter),
          .silence_patience = given_or(options.silence_patience, patience)};
}

}  // namespace

Membership::Core::Core(const MembershipOptions& options, const Clock& clock, Random& random,
                       Transport& transport, Listener& listener)
    : options_(options),
      clock_(clock),
      random_(random),
      transport_(transport),
      listener_(listener),
      now_(clock.now()),
      health_(options.interval),
      detector_(health_, random),
      relay_(random),
      election_(options.self.mid),
      operator_state_(options.self.operator_state) {
  CHECK(options.self.mid != kNobody);
  CHECK(options.self.cluster_address.is_set());
  CHECK(options.interval > Duration::zero());
  CHECK(!options.self.name.empty() && options.self.name.size() <= kViewNameBytesMax);
}

// ---- one call from outside

Membership::Core::Turn::Turn(Core& core) : core_(core) {
  if (core_.depth_++ > 0) return;
  core_.now_ = core_.clock_.now();
  const Duration deaf = core_.health_.on_call(core_.now_, core_.promised_);
  if (deaf > Duration::zero()) core_.detector_.forgive(deaf, core_.now_);
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
      if (writer_ && writer_->is_changed()) publish(false);
      refresh_shown();
    }
    const bool is_new_view = phase_ == Phase::kMember && told_ != shown_;
    if (deaths_to_tell_.empty() && !is_new_view && !is_expelled_) break;
    tell_listener();
  }
  promised_ = next_wake();
}

void Membership::Core::tell_listener() {
  for (const auto& [peer, is_proven] : std::exchange(deaths_to_tell_, {})) {
    listener_.on_dead(peer, is_proven);
  }
  if (std::exchange(is_expelled_, false)) return listener_.on_expelled();
  if (phase_ != Phase::kMember || told_ == shown_) return;
  told_ = shown_;
  listener_.on_view(shown_);
}

// ---- time

TimePoint Membership::Core::next_wake() const {
  switch (phase_) {
    case Phase::kIdle:
    case Phase::kGone:
      return TimePoint::max();
    case Phase::kJoining:
      return joining_->due();
    case Phase::kMember:
      break;
  }
  TimePoint due = std::min({next_beat_, detector_.due(), relay_.due(), next_stand_});
  if (writer_) due = std::min(due, writer_->due());
  return due;
}

void Membership::Core::advance() {
  Turn turn(*this);
  if (phase_ == Phase::kJoining) advance_joining();
  if (phase_ != Phase::kMember) return;
  if (now_ >= next_beat_) tick();
  advance_detector();
  for (const auto& nack : relay_.advance(now_)) {
    send_about(DatagramType::kNack, nack.asker, nack.nonce, nack.target);
  }
  if (now_ >= next_stand_) {
    next_stand_ = TimePoint::max();
    consider_election();
  }
}

// Once in a T.
void Membership::Core::tick() {
  constexpr int kLookEvery = 5;
  constexpr int kSettleIntervals = 5;
  next_beat_ = now_ + options_.interval;
  send_beats();
  if (writer_) {
    bury_the_silent();
    writer_->tend(now_, kSettleIntervals * options_.interval, !detector_.suspects().empty());
  }
  const bool should_look = writer_ || is_leader_lost();
  if (should_look && ++ticks_ % kLookEvery == 0) look_for_others();
}

// ---- calls of the owner

void Membership::Core::start() {
  Turn turn(*this);
  CHECK(phase_ == Phase::kIdle);
  phase_ = Phase::kJoining;
  joining_.emplace(joining_options(options_), now_);
  advance_joining();
}

void Membership::Core::leave() {
  Turn turn(*this);
  if (phase_ == Phase::kMember) {
    if (writer_) {
      // A leader's last act: the view without it, from which its successor goes on.
      writer_->mark(mid(), Liveness::kLeft, Evidence::kProof, now_);
      publish(true);
    } else {
      for (const Peer& peer : other_usable()) {
        tell(peer, FrameType::kLeave);
      }
    }
  }
  phase_ = Phase::kGone;
  writer_.reset();
}

void Membership::Core::set_operator_state(OperatorState state) {
  Turn turn(*this);
  operator_state_ = state;
  if (phase_ != Phase::kMember) return;
  if (writer_) {
    writer_->set_operator_state(mid(), state);
  } else {
    send_beats();
  }
}

void Membership::Core::report_load(uint16_t load, uint32_t sessions) {
  load_ = load;
  sessions_ = sessions;
}

// ---- queries

bool Membership::Core::has_quorum() const {
  if (!is_admitted() || is_leader_lost()) return false;
  if (!writer_) return is_quorate(shown_);
  // A leader gives up earlier than the others can agree on another: at two missed beats sharp.
  const TimePoint now = clock_.now();
  const Duration patience = Suspicion::kMissesToSuspect * options_.interval;
  return is_quorate(shown_, [&](const Member& member) {
    if (is_me(member.mid)) return true;
    return member.liveness == Liveness::kAlive &&
           detector_.was_heard_within(member.mid, patience, now);
  });
}

std::vector<Address> Membership::Core::rejoin_seeds() const {
  std::vector<Address> seeds = options_.seeds;
  seeds.insert(seeds.begin(), met_.begin(), met_.end());
  for (const Member& member : view_.members) {
    if (!is_me(member.mid)) seeds.push_back(member.cluster_address);
  }
  std::vector<Address> unique;
  for (const Address& seed : seeds) {
    if (unique.size() == Joining::kSeedsMax) break;
    if (std::find(unique.begin(), unique.end(), seed) == unique.end()) unique.push_back(seed);
  }
  return unique;
}

std::vector<Peer> Membership::Core::other_usable() const {
  std::vector<Peer> peers;
  for (const Member& member : view_.members) {
    if (member.is_usable() && !is_me(member.mid)) peers.push_back(member.peer());
  }
  return peers;
}

void Membership::Core::tell(const Peer& to, FrameType type, std::string payload) {
  if (to.address == options_.self.cluster_address) return;
  transport_.send(to, Frame{.type = type, .payload = std::move(payload)});
}

bool Membership::Core::may_repeat(MemberId mid) {
  if (repeated_at_.size() >= kRepeatedMax) repeated_at_.clear();
  const auto [found, is_new] = repeated_at_.try_emplace(mid, now_);
  if (!is_new && now_ - found->second < options_.interval) return false;
  found->second = now_;
  return true;
}

// ---- messages

void Membership::Core::on_frame(const Peer& from, const Frame& frame) {
  Turn turn(*this);
  if (phase_ == Phase::kIdle || phase_ == Phase::kGone) return;
  heard(from.mid);
  switch (frame.type) {
    case FrameType::kJoin:
      if (const auto message = decode_join(frame.payload)) return on_join(from, *message);
      break;
    case FrameType::kRedirect:
      if (const auto message = decode_redirect(frame.payload)) return on_redirect(from, *message);
      break;
    case FrameType::kJoinNo:
      if (const auto message = decode_join_no(frame.payload)) return on_join_no(*message);
      break;
    case FrameType::kWelcome:
    case FrameType::kViewPush:
      if (const auto message = decode_view(frame.payload)) {
        return on_view_message(from, *message, frame);
      }
      break;
    case FrameType::kViewAsk:
      if (const auto message = decode_view_ask(frame.payload)) return on_view_ask(from, *message);
      break;
    case FrameType::kLeave:
      return on_proof(from.mid, Liveness::kLeft, "left");
    case FrameType::kElect:
      if (const auto message = decode_elect(frame.payload)) return on_elect(from, *message);
      break;
    case FrameType::kElectOk:
      if (const auto message = decode_elect_ok(frame.payload)) return on_elect_ok(from, *message);
      break;
    case FrameType::kAccuse:
      if (const auto message = decode_accuse(frame.payload)) {
        const Member* accused = view_.find(message->mid);
        if (writer_ && accused && !accused->is_proven && !is_me(accused->mid)) {
          transport_.probe(accused->peer());
        }
        return;
      }
      break;
    default:
      break;
  }
  LOG(kWarn, "membership: a frame of type {} from member {:08x} at {} is not understood",
      static_cast<int>(frame.type), from.mid, from.address.to_string());
}

}  // namespace understudy
