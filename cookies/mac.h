// SPDX-License-Identifier: Apache-2.0
#pragma once

// HMAC-SHA256 with the key's work done once: a MacKey keeps the two hash states that follow the
// key's blocks, so that signing a short text costs two compressions and no allocation. Not a
// general hashing interface. Immutable after construction, any thread. Used by signature.h.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace understudy {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(std::string_view text);

// Takes the same time wherever the difference lies; different lengths are unequal at once.
bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b);

class MacKey final {
 public:
  explicit MacKey(std::span<const std::uint8_t> key);
  // The same key after the message's first bytes, of which there must be a multiple of 64:
  // after_prefix(p).sign(t) == sign(p + t), with p's work done once.
  MacKey after_prefix(std::string_view prefix) const;
  ~MacKey();
  MacKey(const MacKey&) = default;
  MacKey& operator=(const MacKey&) = default;

  Digest sign(std::string_view text) const;

 private:
  using State = std::array<std::uint32_t, 8>;

  // Constant after construction; wiped at the end, since they are worth as much as the key.
  State inner_;
  State outer_;
  std::uint32_t inner_bytes_;
};

}  // namespace understudy
