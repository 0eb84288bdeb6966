// SPDX-License-Identifier: Apache-2.0
// The seam for randomness: ids and nonces in production come from the operating system, in tests
// and in the simulator from a seed. One thread unless said otherwise.
#pragma once

#include <cstdint>
#include <span>

namespace understudy {

class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t next() = 0;

  // Uniform in [0, bound); bound > 0.
  uint64_t below(uint64_t bound);
  void fill(std::span<uint8_t> out);
};

// Cryptographically strong; aborts when the operating system cannot deliver. Any thread.
class SystemRandom final : public Random {
 public:
  uint64_t next() override;
};

// splitmix64: small, well mixed, the same sequence everywhere. Never for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t next() override;

 private:
  uint64_t state_;
};

}  // namespace understudy
