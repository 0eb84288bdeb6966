// SPDX-License-Identifier: Apache-2.0
// Strike: one fault of a run, as a value: what, when, on whom and for how long. A run's strikes are
// its schedule: it can be shown, shortened and struck again. Striker is the hand that strikes: it
// does one to the members, the network and the proxies, and undoes it when its time is over.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/proxy.h"
#include "tests/simulation/sim_member.h"

namespace understudy::sim {

struct Strike {
  enum class Kind : uint8_t {
    kCrash,        // a's process dies; it starts again after `length`
    kPowerOff,     // a's machine, in silence
    kPause,        // a's process is stopped
    kStall,        // the same, for less than an acknowledgement may take: no fault
    kTurn,         // one turn of a's loop takes this long: its now() stands still
    kIsolate,      // a from all other members
    kUnreachable,  // a from all proxies
    kIsolateAll,   // a from both
    kCut,          // a and b
    kCutOneWay,    // from a to b
    kReset,        // the links between a and b
    kRefuse,       // a is refused by b's port, and b lives
    kSplit,        // the members of the mask a from the others
    kBootApart,    // a dies, starts again behind a cut from all, and the cut ends after `length`
    kMoveAway,     // an operator moves a's sessions away, at proxy b
    kDrain,        // a leaves in good order, and comes again
    kBootAstray,   // a dies, starts again with a key of its own, and gets the right one at the end
  };
  Kind kind = Kind::kCrash;
  Duration at{};  // since the storm began
  size_t a = 0;
  size_t b = 0;
  Duration length{};
  bool needs_whole = false;  // only when all is well, when one thing fails at a time

  bool operator==(const Strike&) const = default;
};
using Schedule = std::vector<Strike>;
std::string to_text(const Strike& strike);

class Striker final {
 public:
  using Proxies = std::vector<std::unique_ptr<Proxy>>;
  Striker(VirtualNetwork& network, std::vector<std::unique_ptr<SimMember>>& members,
          Proxies& proxies, std::function<void(const std::string&)> trace)
      : network_(network), members_(members), proxies_(proxies), trace_(std::move(trace)) {}

  // Nothing happens when its member is down already.
  void strike(const Strike& strike);
  // All members run, and nothing is cut.
  void calm();
  // Strikes whose time is not over.
  size_t under_way() const { return under_way_; }
  // For how long any was under way since then: so much later than it was sent a frame may come.
  Duration disturbed_since(TimePoint when) const;
  TimePoint last_undone() const { return last_undone_; }
  // When a process died or a machine went off last: what only its memory held may be gone.
  TimePoint last_death() const { return last_death_; }
  // When a network that had parted, with several members on each side, met again, or is to: of such
  // members one part comes back without its sessions, which is more than one failure.
  TimePoint last_split() const { return last_split_; }

 private:
  void stop(const Strike& strike, SimMember& member);
  void pause(const Strike& strike, SimMember& member);
  void cut(const Strike& strike, SimMember& member);
  void cut_pair(const Strike& strike);
  void split(const Strike& strike);
  void boot_apart(const Strike& strike, SimMember& member);
  void boot_astray(const Strike& strike, SimMember& member);
  void give_right_keys();
  void move_away(const Strike& strike);
  void drain(const Strike& strike, SimMember& member);
  void over_after(Duration length, std::function<void()> undo);
  void cut_proxies(size_t member);
  void kill(SimMember& member);
  void isolate(const SimMember& member);
  void heal(const SimMember& member);

  VirtualNetwork& network_;
  std::vector<std::unique_ptr<SimMember>>& members_;
  Proxies& proxies_;
  std::function<void(const std::string&)> trace_;
  size_t under_way_ = 0;
  std::vector<std::pair<TimePoint, TimePoint>> disturbed_;  // the last one has no end yet
  std::set<size_t> lied_about_;  // by a firewall, now
  std::set<size_t> astray_;      // have a key of their own, now
  bool is_calm_ = false;
  TimePoint last_undone_{};
  TimePoint last_death_{};
  TimePoint last_split_{};
};

}  // namespace understudy::sim
