// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/storm.h"

#include <fmt/core.h>

#include <array>

namespace understudy::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kWholeWithin = seconds(60);

}  // namespace

void Storm::start() {
  waiting_since_ = network_.now();
  network_.at(network_.now() + seconds(3), [this] { next(); });
}

// Everybody runs, is in everybody's view, every session has a copy, and every channel a witness.
bool Storm::is_whole() const {
  for (const auto& member : members_) {
    if (!member->is_up() || member->is_paused() || !member->core().is_admitted()) return false;
    const MemberView& view = member->core().view();
    for (const auto& other : members_) {
      const Member* seen = other->is_up() ? view.find(other->mid()) : nullptr;
      if (seen == nullptr || seen->liveness != Liveness::kAlive) return false;
      if (seen->operator_state != OperatorState::kReady) return false;
    }
    if (member->core().statistics().sessions_solo > 0) return false;
    for (const auto& channel : member->core().facts().channels) {
      if (channel.primary == member->mid() && std::string(channel.state) != "open" &&
          std::string(channel.state) != "closed") {
        return false;
      }
      const bool is_open = channel.primary == member->mid() && std::string(channel.state) == "open";
      const Member* witness = view.find(channel.witness);
      if (is_open && (witness == nullptr || !witness->is_usable())) return false;
    }
  }
  return true;
}

void Storm::next() {
  if (network_.now() >= options_.end) return;
  if (options_.one_at_a_time && (under_way_ > 0 || !is_whole())) {
    if (under_way_ == 0 && network_.now() > waiting_since_ + kWholeWithin) {
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
    if (!options_.one_at_a_time || is_whole()) strike();
    waiting_since_ = network_.now();
    next();
  });
}

SimMember* Storm::running_member() {
  std::vector<SimMember*> running;
  for (const auto& member : members_) {
    if (member->is_up() && !member->is_paused() && !member->is_draining())
      running.push_back(member.get());
  }
  // Somebody has to be left to ask.
  if (running.size() < 2) return nullptr;
  return running[random_.below(running.size())];
}

void Storm::strike() {
  SimMember* member = running_member();
  if (member == nullptr) return;
  ++done_;
  switch (random_.below(11)) {
    case 0:
    case 1:
      return crash(*member);
    case 2:
      return power_off(*member);
    case 3:
    case 4:
      return pause(*member);
    case 5:
      return isolate(*member);
    case 6:
    case 7:
      return cut_pair();
    case 8:
      return break_pair();
    case 9:
      return move_away(*member);
    default:
      return drain(*member);
  }
}

void Storm::over_after(Duration duration, std::function<void()> undo) {
  ++under_way_;
  network_.at(network_.now() + duration, [this, undo = std::move(undo)] {
    undo();
    --under_way_;
    waiting_since_ = network_.now();
  });
}

void Storm::crash(SimMember& member) {
  trace_(fmt::format("crash {}", member.index()));
  member.crash();
  proxy_.on_crash(member.index());
  over_after(milliseconds(200 + random_.below(15000)), [this, &member] {
    trace_(fmt::format("boot {}", member.index()));
    if (!member.is_up()) member.boot();
  });
}

void Storm::power_off(SimMember& member) {
  trace_(fmt::format("power off {}", member.index()));
  member.power_off();
  over_after(milliseconds(1000 + random_.below(15000)), [this, &member] {
    trace_(fmt::format("power on {}", member.index()));
    if (!member.is_up()) member.boot();
  });
}

void Storm::pause(SimMember& member) {
  trace_(fmt::format("pause {}", member.index()));
  member.pause();
  const uint64_t longest = random_.below(2) == 0 ? 1500 : 12000;
  over_after(milliseconds(50 + random_.below(longest)), [this, &member] {
    trace_(fmt::format("resume {}", member.index()));
    member.resume();
  });
}

void Storm::isolate(SimMember& member) {
  const uint64_t from = random_.below(3);
  const std::array<const char*, 3> whom = {"the others", "all", "the proxy"};
  trace_(fmt::format("isolate {} from {}", member.index(), whom.at(from)));
  if (from != 2) network_.isolate(member.address());
  if (from != 0) proxy_.cut(member.index());
  over_after(milliseconds(200 + random_.below(10000)), [this] {
    trace_("heal");
    network_.heal();
    proxy_.heal();
  });
}

void Storm::cut_pair() {
  const size_t a = random_.below(members_.size());
  const size_t b = (a + 1 + random_.below(members_.size() - 1)) % members_.size();
  const bool one_way = random_.below(3) == 0;
  trace_(fmt::format("cut {} {} {}", a, one_way ? "->" : "<->", b));
  if (one_way) {
    network_.cut_one_way(members_[a]->address(), members_[b]->address());
  } else {
    network_.cut(members_[a]->address(), members_[b]->address());
  }
  over_after(milliseconds(200 + random_.below(8000)), [this] {
    trace_("heal");
    network_.heal();
    proxy_.heal();
  });
}

void Storm::break_pair() {
  const size_t a = random_.below(members_.size());
  const size_t b = (a + 1 + random_.below(members_.size() - 1)) % members_.size();
  trace_(fmt::format("reset links {} {}", a, b));
  network_.break_links(members_[a]->address(), members_[b]->address());
}

void Storm::drain(SimMember& member) {
  trace_(fmt::format("drain {}", member.index()));
  member.drain();
  over_after(seconds(6 + static_cast<int64_t>(random_.below(4))), [this, &member] {
    if (!member.is_up()) return;
    trace_(fmt::format("stop and boot {} (drained: {})", member.index(), member.is_drained()));
    if (member.is_paused()) member.resume();
    member.crash();
    proxy_.on_crash(member.index());
    member.boot();
  });
}

void Storm::move_away(SimMember& member) {
  trace_(fmt::format("move the sessions of {} away", member.index()));
  proxy_.move_away(member.index());
  over_after(milliseconds(500 + random_.below(8000)), [this, &member] {
    trace_(fmt::format("enable {}", member.index()));
    proxy_.enable(member.index());
  });
}

void Storm::calm() {
  proxy_.enable_all();
  network_.heal();
  proxy_.heal();
  for (const auto& member : members_) {
    member->resume();
    if (!member->is_up()) member->boot();
  }
}

}  // namespace understudy::sim
