// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <sys/random.h>

#include <cstring>

#include "base/check.h"

namespace understudy {

uint64_t Random::below(uint64_t bound) {
  CHECK(bound > 0);
  __extension__ using Wide = unsigned __int128;
  // Lemire's multiply-shift; the bias below 2^-32 does not matter for choices, only ids need none.
  return static_cast<uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
}

void Random::fill(std::span<uint8_t> out) {
  while (!out.empty()) {
    const uint64_t word = next();
    const size_t count = out.size() < sizeof word ? out.size() : sizeof word;
    std::memcpy(out.data(), &word, count);
    out = out.subspan(count);
  }
}

uint64_t SystemRandom::next() {
  uint64_t word = 0;
  CHECK(getrandom(&word, sizeof word, 0) == static_cast<ssize_t>(sizeof word));
  return word;
}

uint64_t SeededRandom::next() {
  uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

}  // namespace understudy
