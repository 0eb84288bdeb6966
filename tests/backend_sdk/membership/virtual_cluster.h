// SPDX-License-Identifier: Apache-2.0
// VirtualCluster: members named a, b, c ... on a VirtualNetwork, each running the production
// Membership with nothing above it. A test says what happens to them and asks what they think.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "backend_sdk/membership/membership.h"
#include "tests/simulation/virtual_network.h"

namespace understudy {

class VirtualCluster final {
 public:
  static constexpr Duration kBeat = std::chrono::milliseconds(200);

  struct Death {
    TimePoint when;
    std::string name;
    MemberId mid;
    bool is_proven;
  };

  explicit VirtualCluster(uint64_t seed, const Weather& weather = {});
  ~VirtualCluster();

  // Starts (again) with a fresh mid. Seeds: the addresses of a, b and c unless said otherwise.
  void start(const std::string& name);
  void start(const std::string& name, const std::string& seed_names);
  // A machine of its own, under a name that another one has.
  void start_as(const std::string& machine, const std::string& name,
                const std::string& seed_names);
  void start_all(const std::string& names);  // "abc", and runs until they are one group
  void kill(const std::string& name) { network.stop(address(name)); }
  void pause(const std::string& name) { network.pause(address(name)); }
  void resume(const std::string& name) { network.resume(address(name)); }
  void cut(const std::string& names, const std::string& other_names);
  Address address(const std::string& name) const;

  Membership& at(const std::string& name);
  bool lives(const std::string& name) const;
  // The names that `name` holds for usable, in the order of admission.
  std::string usable(const std::string& name);
  std::string leader(const std::string& name);
  Liveness liveness(const std::string& of, const std::string& at);
  // All of `names` see exactly `names`, under one leader, in one version.
  bool agree(const std::string& names);
  bool run_until_agreed(const std::string& names, Duration at_most = std::chrono::seconds(10));
  // Deaths that `name` was told of, in all its lives.
  const std::vector<Death>& deaths_at(const std::string& name);
  int expulsions(const std::string& name);
  int expulsions();  // of all
  // What everybody thinks, for the message of a test that failed.
  std::string describe();

  VirtualNetwork network;
  // Of those that start from now on.
  bool one_goes_on_alone = true;  // NoWitness available
  bool found_alone = false;       // FoundAlone

 private:
  class Member;
  Member& member(const std::string& name);
  std::map<std::string, std::unique_ptr<Member>> members_;
  std::map<MemberId, std::string> names_;
};

}  // namespace understudy
