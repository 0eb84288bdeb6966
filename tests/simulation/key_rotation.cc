// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/key_rotation.h"

#include <fmt/core.h>

#include <array>

#include "base/check.h"

namespace understudy::sim {

namespace {

using std::chrono::milliseconds;

// Generation 0 is "a", 1 is "b" and so on; the first of the list signs.
std::shared_ptr<const Keyring> ring_of(std::vector<uint64_t> generations) {
  std::vector<std::array<uint8_t, kKeyBytesMin>> bytes;
  bytes.reserve(generations.size());
  std::vector<Keyring::NamedKey> keys;
  for (const uint64_t generation : generations) {
    bytes.emplace_back().fill(static_cast<uint8_t>(generation + 1));
    keys.push_back({static_cast<char>('a' + generation % 26), bytes.back()});
  }
  KeyringResult result = Keyring::from_keys(keys);
  CHECK(result.keyring != nullptr);
  return result.keyring;
}

}  // namespace

void KeyRotation::start() {
  for (const auto& member : members_) network_.set_keys(member->address(), ring_of({0}));
  network_.at(network_.now() + milliseconds(4000 + random_.below(3000)),
              [this] { go_on(Step::kInstall, 1, 0); });
}

// A machine that is down gets its file as well: its next process reads it.
void KeyRotation::give(size_t member, Step step, uint64_t generation) {
  const Address& address = members_[member]->address();
  switch (step) {
    case Step::kInstall:
      if (options_.is_hasty) return network_.set_keys(address, ring_of({generation}));
      return network_.set_keys(address, ring_of({generation - 1, generation}));
    case Step::kUse:
      return network_.set_keys(address, ring_of({generation, generation - 1}));
    case Step::kRemove:
      return network_.set_keys(address, ring_of({generation}));
  }
}

void KeyRotation::go_on(Step step, uint64_t generation, size_t done) {
  if (is_over_ && step == Step::kInstall && done == 0) return;
  constexpr std::array kNames = {"install", "use", "remove what was before"};
  trace_(fmt::format("{} key {} at {}", kNames.at(static_cast<size_t>(step)), generation, done));
  give(done, step, generation);
  if (++done == members_.size()) {
    done = 0;
    if (step == Step::kRemove) ++generation;
    step = step == Step::kInstall ? Step::kUse
           : step == Step::kUse   ? Step::kRemove
                                  : Step::kInstall;
  }
  network_.at(network_.now() + milliseconds(random_.below(1500)),
              [this, step, generation, done] { go_on(step, generation, done); });
}

}  // namespace understudy::sim
