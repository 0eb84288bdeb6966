// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/storm.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace understudy::sim {

namespace {

using Kind = Strike::Kind;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kWholeWithin = seconds(40);
constexpr Duration kAmbushPatience = seconds(3);

// What a strike of this kind takes: at least, and up to so much more, in milliseconds.
std::pair<uint64_t, uint64_t> length_of(Kind kind) {
  switch (kind) {
    case Kind::kCrash:
      return {200, 15000};
    case Kind::kPowerOff:
      return {1000, 15000};
    case Kind::kPause:
      return {50, 12000};
    case Kind::kStall:
      return {20, 180};
    case Kind::kTurn:
      return {50, 950};
    case Kind::kIsolate:
    case Kind::kUnreachable:
    case Kind::kIsolateAll:
    case Kind::kCut:
    case Kind::kCutOneWay:
    case Kind::kRefuse:
      return {200, 9000};
    case Kind::kReset:
      return {0, 1};
    case Kind::kSplit:
      return {500, 15000};
    case Kind::kBootApart:
    case Kind::kBootAstray:
      return {3000, 20000};
    case Kind::kMoveAway:
      return {500, 8000};
    case Kind::kDrain:
      return {6000, 4000};
  }
  return {0, 1};
}

bool is_of_a_network(Kind kind) {
  return (kind >= Kind::kIsolate && kind <= Kind::kBootApart && kind != Kind::kReset &&
          kind != Kind::kUnreachable);
}

}  // namespace

void Storm::start() {
  began_ = waiting_since_ = network_.now();
  if (options_.profile.stall_max > Duration::zero() ||
      options_.profile.turn_max > Duration::zero()) {
    fidget();
  }
  if (options_.schedule) return follow(*options_.schedule);
  network_.at(network_.now() + seconds(3), [this] { next(); });
}

void Storm::follow(const Schedule& schedule) {
  for (const Strike& strike : schedule) {
    network_.at(began_ + strike.at, [this, strike] {
      if (is_over_) return;
      if (!strike.needs_whole || may_strike()) strike_now(strike);
    });
  }
}

TimePoint Storm::last_cut() const {
  return std::min(cut_until_, network_.now());
}

// ---- is all well?

// All members run, each is in each one's view, every session has a copy, and every channel a
// witness.
bool Storm::is_whole() const {
  return std::ranges::all_of(members_, [this](const auto& member) { return is_whole(*member); });
}

bool Storm::is_one_cluster() const {
  return std::ranges::all_of(members_, [this](const auto& member) { return sees_all(*member); });
}

bool Storm::has_quorum() const {
  return std::ranges::all_of(members_,
                             [](const auto& member) { return member->core().facts().has_quorum; });
}

bool Storm::sees_all(const SimMember& member) const {
  if (!member.is_up() || member.is_paused() || !member.core().is_admitted()) return false;
  return std::ranges::all_of(members_, [&view = member.view()](const auto& other) {
    const Member* seen = other->is_up() ? view.find(other->mid()) : nullptr;
    return seen != nullptr && seen->liveness == Liveness::kAlive &&
           seen->operator_state == OperatorState::kReady;
  });
}

bool Storm::is_whole(const SimMember& member) const {
  if (!sees_all(member)) return false;
  if (member.core().statistics().sessions_solo > 0) return false;
  for (const auto& channel : member.core().facts().channels) {
    if (channel.primary != member.mid()) continue;
    const std::string_view state = channel.state;
    if (state != "open" && state != "closed") return false;
    const Member* witness = member.view().find(channel.witness);
    const bool has_witness = witness != nullptr && witness->is_usable();
    if (state == "open" && !has_witness && members_.size() > 2) return false;
  }
  return true;
}

bool Storm::may_strike() const {
  return !options_.one_at_a_time || (striker_.under_way() == 0 && is_whole());
}

// ---- what comes next

void Storm::next() {
  if (is_over_ || network_.now() >= options_.end) return;
  if (!may_strike()) {
    const TimePoint since = std::max(waiting_since_, striker_.last_undone());
    if (striker_.under_way() == 0 && network_.now() > since + kWholeWithin) {
      stalled_ = true;
      trace_("the cluster does not become whole again");
      return;
    }
    network_.at(network_.now() + milliseconds(100), [this] { next(); });
    return;
  }
  // A lease, its grace and the window of one acknowledgement beyond "whole".
  const Duration quiet = options_.one_at_a_time ? Duration(milliseconds(1500)) : Duration{};
  network_.at(network_.now() + quiet + milliseconds(random_.below(4000)), [this] {
    if (!is_over_ && may_strike()) strike();
    waiting_since_ = network_.now();
    next();
  });
}

SimMember* Storm::running_member() {
  std::vector<SimMember*> running;
  for (const auto& member : members_) {
    if (member->is_up() && !member->is_paused() && !member->is_draining()) {
      running.push_back(member.get());
    }
  }
  // One has to be left to ask.
  if (running.size() < 2) return nullptr;
  return running[random_.below(running.size())];
}

void Storm::choose_pair(Strike& strike) {
  strike.a = random_.below(members_.size());
  strike.b = (strike.a + 1 + random_.below(members_.size() - 1)) % members_.size();
}

Strike Storm::choose() {
  uint64_t sum = 0;
  for (const auto& weight : options_.profile.strikes) sum += weight.weight;
  uint64_t dice = random_.below(sum);
  Strike strike;
  for (const auto& weight : options_.profile.strikes) {
    strike.kind = weight.kind;
    if (dice < weight.weight) break;
    dice -= weight.weight;
  }
  const auto [least, more] = length_of(strike.kind);
  // Half of all pauses are short: the process is back before it is missed.
  const bool is_short = strike.kind == Kind::kPause && random_.below(2) == 0;
  strike.length = milliseconds(least + random_.below(is_short ? more / 8 : more));
  strike.needs_whole = options_.one_at_a_time;
  return strike;
}

void Storm::strike() {
  const SimMember* member = running_member();
  if (member == nullptr) return;
  Strike strike = choose();
  strike.a = member->index();
  const bool is_of_two = strike.kind == Kind::kCut || strike.kind == Kind::kCutOneWay ||
                         strike.kind == Kind::kReset || strike.kind == Kind::kRefuse;
  if (is_of_two) choose_pair(strike);
  if (strike.kind == Kind::kMoveAway) strike.b = random_.below(2);
  if (strike.kind == Kind::kSplit) strike.a = 1 + random_.below((1u << members_.size()) - 2);
  const bool kills = strike.kind <= Kind::kPause;
  if (!kills || random_.below(100) >= options_.profile.ambushes) return strike_now(strike);
  constexpr std::array kTypes = {FrameType::kFull,  FrameType::kRepl,       FrameType::kAck,
                                 FrameType::kClaim, FrameType::kInvalidate, FrameType::kGrant,
                                 FrameType::kVote,  FrameType::kOpen};
  const FrameType type = kTypes.at(random_.below(kTypes.size()));
  ambush_ = Ambush{.type = type, .is_for_sender = random_.below(2) == 0, .strike = strike};
  network_.at(network_.now() + kAmbushPatience, [this] { ambush_.reset(); });
}

void Storm::on_frame(MemberId from, MemberId to, FrameType type) {
  if (!ambush_ || ambush_->type != type) return;
  const MemberId victim = ambush_->is_for_sender ? from : to;
  Strike strike = ambush_->strike;
  for (const auto& member : members_) {
    if (!member->is_up() || member->mid() != victim) continue;
    strike.a = member->index();
    ambush_.reset();
    // Before the frame has arrived, or a little after it.
    network_.at(network_.now() + microseconds(random_.below(1500)), [this, strike] {
      if (!is_over_ && may_strike()) strike_now(strike);
    });
    return;
  }
}

void Storm::strike_now(Strike strike) {
  strike.at = network_.now() - began_;
  last_strike_ = network_.now();
  // Without a witness a silent member is overtaken as one behind a cut is; with a second fault the
  // other one is gone before it has said so.
  const bool overtakes = strike.kind == Kind::kPause && !options_.one_at_a_time;
  const bool cuts = is_of_a_network(strike.kind) || overtakes;
  if (cuts) cut_until_ = std::max(cut_until_, network_.now() + strike.length);
  done_.push_back(strike);
  striker_.strike(strike);
}

// ---- what happens all the time

void Storm::fidget() {
  if (is_over_) return;
  SimMember& member = *members_[fidgets_.below(members_.size())];
  const Profile& profile = options_.profile;
  const bool is_stall = profile.stall_max > Duration::zero();
  const auto longest =
      static_cast<uint64_t>((is_stall ? profile.stall_max : profile.turn_max) / milliseconds(1));
  const Duration length = milliseconds(1 + fidgets_.below(longest));
  const Duration pause = milliseconds(fidgets_.below(1500));
  network_.at(network_.now() + length + pause, [this] { fidget(); });
  if (!member.is_up() || member.is_paused()) return;
  if (!is_stall) return member.begin_turn(length);
  member.pause();
  network_.at(network_.now() + length, [&member, boots = member.boots()] {
    if (member.boots() == boots) member.resume();
  });
}

}  // namespace understudy::sim
