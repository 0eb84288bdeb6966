// SPDX-License-Identifier: Apache-2.0
// ClusterKeys: the keys of ClusterKeyFile that are in force, and those read from it again while the
// member runs: which may take the place of the others. Putting them into force is the owner's.
// Owned by Node::Running.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "cookies/keyring.h"
#include "understudy/options.h"

namespace understudy {

class ClusterKeys final {
 public:
  struct Read {
    std::shared_ptr<const Keyring> keyring;
    std::uint64_t turn = 0;
  };

  ClusterKeys(const Options& options, std::shared_ptr<const Keyring> keyring)
      : options_(options), keyring_(std::move(keyring)) {}

  // Any thread; blocking.
  Outcome<Read> read();

  // From here on on the node's thread.
  const std::shared_ptr<const Keyring>& in_force() const { return keyring_; }
  // A read that began later was faster. Its keys are at least as new.
  bool is_outrun(const Read& read) const { return read.turn < turn_; }
  // Why these keys may not follow those in force.
  std::optional<Failure> why_not(const Read& read) const;
  // All that hold keys hold these now.
  void on_used(Read read);

 private:
  const Options& options_;
  std::atomic<std::uint64_t> reads_{0};  // begun

  std::shared_ptr<const Keyring> keyring_;
  std::uint64_t turn_ = 0;  // in which keyring_ was read
};

}  // namespace understudy
