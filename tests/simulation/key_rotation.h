// SPDX-License-Identifier: Apache-2.0
// KeyRotation: an operator who changes the cluster's key while it runs, again and again: the new
// one is installed at all members, then used by all, then the old one is removed from all, one
// member after the other. What a member accepts is a production Keyring. Owned by World.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cookies/keyring.h"
#include "tests/simulation/sim_member.h"

namespace understudy::sim {

class KeyRotation final {
 public:
  struct Options {
    uint64_t seed = 1;
    bool is_hasty = false;  // uses before it installs: wrong on purpose
  };
  KeyRotation(VirtualNetwork& network, const std::vector<std::unique_ptr<SimMember>>& members,
              const Options& options, std::function<void(const std::string&)> trace)
      : network_(network),
        members_(members),
        options_(options),
        random_(options.seed),
        trace_(std::move(trace)) {}

  void start();
  void stop() { is_over_ = true; }

 private:
  enum class Step : uint8_t { kInstall, kUse, kRemove };
  void go_on(Step step, uint64_t generation, size_t done);
  void give(size_t member, Step step, uint64_t generation);

  VirtualNetwork& network_;
  const std::vector<std::unique_ptr<SimMember>>& members_;
  const Options options_;
  SeededRandom random_;
  std::function<void(const std::string&)> trace_;
  bool is_over_ = false;
};

}  // namespace understudy::sim
