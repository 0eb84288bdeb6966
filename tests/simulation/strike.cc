// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/strike.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace understudy::sim {

namespace {

using Kind = Strike::Kind;
using std::chrono::milliseconds;

constexpr std::array<const char*, 17> kNames = {
    "crash",       "power off",        "pause",     "stall",  "turn",       "isolate",
    "unreachable", "isolate from all", "cut",       "cut ->", "reset",      "refused by",
    "split",       "boot apart",       "move away", "drain",  "boot astray"};

std::shared_ptr<const Keyring> ring_of(size_t number) {
  std::array<uint8_t, kKeyBytesMin> bytes{};
  bytes.front() = static_cast<uint8_t>(number);
  const Keyring::NamedKey key{.id = 'a', .bytes = bytes};
  return Keyring::from_keys({&key, 1}).keyring;
}

bool is_of_two(Kind kind) {
  return kind == Kind::kCut || kind == Kind::kCutOneWay || kind == Kind::kReset ||
         kind == Kind::kRefuse;
}

}  // namespace

std::string to_text(const Strike& strike) {
  const auto ms = [](Duration time) {
    return static_cast<double>(
               std::chrono::duration_cast<std::chrono::microseconds>(time).count()) /
           1000;
  };
  std::string whom = std::to_string(strike.a);
  if (is_of_two(strike.kind)) whom += fmt::format(" and {}", strike.b);
  if (strike.kind == Kind::kMoveAway) whom += fmt::format(" at proxy {}", strike.b);
  if (strike.kind == Kind::kSplit) whom = fmt::format("members {:#b}", strike.a);
  return fmt::format("{:10.3f} ms  {} {}, for {:.0f} ms", ms(strike.at),
                     kNames.at(static_cast<size_t>(strike.kind)), whom, ms(strike.length));
}

void Striker::strike(const Strike& strike) {
  const size_t index = strike.kind == Kind::kSplit ? 0 : strike.a;
  if (index >= members_.size() || strike.b >= members_.size()) return;
  SimMember& member = *members_[index];
  const bool is_of_a_process = strike.kind <= Kind::kTurn || strike.kind == Kind::kDrain ||
                               strike.kind == Kind::kBootApart || strike.kind == Kind::kBootAstray;
  if (is_of_a_process && (!member.is_up() || member.is_paused())) return;
  // A death that two firewalls feign is not told from one (PROTOCOL 5).
  if (strike.kind == Kind::kRefuse && !lied_about_.insert(strike.b).second) return;
  trace_(to_text(strike));
  switch (strike.kind) {
    case Kind::kCrash:
    case Kind::kPowerOff:
      return stop(strike, member);
    case Kind::kPause:
    case Kind::kStall:
      return pause(strike, member);
    case Kind::kTurn:
      return member.begin_turn(strike.length);
    case Kind::kIsolate:
    case Kind::kUnreachable:
    case Kind::kIsolateAll:
      return cut(strike, member);
    case Kind::kCut:
    case Kind::kCutOneWay:
    case Kind::kReset:
    case Kind::kRefuse:
      return cut_pair(strike);
    case Kind::kSplit:
      return split(strike);
    case Kind::kBootApart:
      return boot_apart(strike, member);
    case Kind::kBootAstray:
      return boot_astray(strike, member);
    case Kind::kMoveAway:
      return move_away(strike);
    case Kind::kDrain:
      return drain(strike, member);
  }
}

void Striker::over_after(Duration length, std::function<void()> undo) {
  if (under_way_++ == 0) disturbed_.emplace_back(network_.now(), TimePoint::max());
  network_.at(network_.now() + length, [this, undo = std::move(undo)] {
    if (!is_calm_) undo();
    last_undone_ = network_.now();
    if (--under_way_ == 0) disturbed_.back().second = last_undone_;
  });
}

Duration Striker::disturbed_since(TimePoint when) const {
  Duration sum{};
  for (const auto& [begin, end] : disturbed_) {
    sum += std::max(Duration::zero(), std::min(end, network_.now()) - std::max(begin, when));
  }
  return sum;
}

// ---- processes and machines

void Striker::kill(SimMember& member) {
  last_death_ = network_.now();
  member.crash();
  for (const auto& proxy : proxies_) proxy->on_crash(member.index());
}

void Striker::stop(const Strike& strike, SimMember& member) {
  if (strike.kind == Kind::kCrash) {
    kill(member);
  } else {
    last_death_ = network_.now();
    member.power_off();
  }
  over_after(strike.length, [this, &member] {
    trace_(fmt::format("boot {}", member.index()));
    if (!member.is_up()) member.boot();
  });
}

void Striker::pause(const Strike& strike, SimMember& member) {
  member.pause();
  over_after(strike.length, [this, &member, boots = member.boots()] {
    if (member.boots() != boots) return;
    trace_(fmt::format("resume {}", member.index()));
    member.resume();
  });
}

void Striker::drain(const Strike& strike, SimMember& member) {
  member.drain();
  over_after(strike.length, [this, &member] {
    if (!member.is_up()) return;
    trace_(fmt::format("stop and boot {} (drained: {})", member.index(), member.is_drained()));
    if (member.is_paused()) member.resume();
    if (!member.is_up()) return;
    kill(member);
    member.boot();
  });
}

// ---- networks

void Striker::cut_proxies(size_t member) {
  for (const auto& proxy : proxies_) proxy->cut(member);
}

void Striker::isolate(const SimMember& member) {
  for (const auto& other : members_) {
    if (other.get() != &member) network_.cut(member.address(), other->address());
  }
}

void Striker::heal(const SimMember& member) {
  trace_(fmt::format("heal {}", member.index()));
  for (const auto& other : members_) network_.heal(member.address(), other->address());
  for (const auto& proxy : proxies_) proxy->heal(member.index());
}

void Striker::cut(const Strike& strike, SimMember& member) {
  if (strike.kind != Kind::kUnreachable) isolate(member);
  if (strike.kind != Kind::kIsolate) cut_proxies(member.index());
  over_after(strike.length, [this, &member] { heal(member); });
}

void Striker::cut_pair(const Strike& strike) {
  const Address& a = members_[strike.a]->address();
  const Address& b = members_[strike.b]->address();
  if (strike.kind == Kind::kReset) return network_.break_links(a, b);
  if (strike.kind == Kind::kCut) network_.cut(a, b);
  if (strike.kind == Kind::kCutOneWay) network_.cut_one_way(a, b);
  if (strike.kind == Kind::kRefuse) network_.refuse(a, b);
  over_after(strike.length, [this, a, b, strike] {
    trace_("heal a pair");
    if (strike.kind == Kind::kRefuse) lied_about_.erase(strike.b);
    network_.heal(a, b);
  });
}

void Striker::split(const Strike& strike) {
  const auto is_inside = [&strike](const SimMember& member) {
    return (strike.a >> member.index() & 1) != 0;
  };
  std::vector<std::pair<Address, Address>> pairs;
  for (const auto& one : members_) {
    for (const auto& other : members_) {
      if (is_inside(*one) && !is_inside(*other))
        pairs.emplace_back(one->address(), other->address());
    }
  }
  const auto inside = static_cast<size_t>(
      std::ranges::count_if(members_, [&](const auto& member) { return is_inside(*member); }));
  const bool are_several = std::min(inside, members_.size() - inside) > 1;
  if (are_several) last_split_ = network_.now() + strike.length;
  for (const auto& [one, other] : pairs) network_.cut(one, other);
  over_after(strike.length, [this, pairs, are_several] {
    trace_("heal the split");
    if (are_several) last_split_ = network_.now();
    for (const auto& [one, other] : pairs) network_.heal(one, other);
  });
}

void Striker::boot_apart(const Strike& strike, SimMember& member) {
  kill(member);
  isolate(member);
  for (const auto& proxy : proxies_) proxy->set_part(member.index(), 1 + member.index());
  member.boot();
  over_after(strike.length, [this, &member] { heal(member); });
}

// The cluster goes on without it. Unless it finds no process at all it stays outside; were it to
// serve, it would call sessions lost that the others hold.
void Striker::boot_astray(const Strike& strike, SimMember& member) {
  if (astray_.empty()) give_right_keys();
  kill(member);
  network_.set_keys(member.address(), ring_of(1 + member.index()));
  astray_.insert(member.index());
  member.boot();
  over_after(strike.length, [this, &member] {
    trace_(fmt::format("{} gets the right key", member.index()));
    network_.set_keys(member.address(), ring_of(0));
    astray_.erase(member.index());
  });
}

void Striker::give_right_keys() {
  for (const auto& member : members_) network_.set_keys(member->address(), ring_of(0));
}

// ---- operators

void Striker::move_away(const Strike& strike) {
  Proxy& proxy = *proxies_[strike.b % proxies_.size()];
  proxy.move_away(strike.a);
  over_after(strike.length, [this, &proxy, member = strike.a] {
    trace_(fmt::format("enable {}", member));
    proxy.enable(member);
  });
}

void Striker::calm() {
  trace_("calm");
  is_calm_ = true;
  network_.heal();
  if (!astray_.empty()) give_right_keys();
  astray_.clear();
  for (const auto& proxy : proxies_) {
    proxy->enable_all();
    proxy->heal();
  }
  for (const auto& member : members_) {
    member->resume();
    if (member->is_up() && member->is_draining()) kill(*member);
    if (!member->is_up()) member->boot();
  }
}

}  // namespace understudy::sim
