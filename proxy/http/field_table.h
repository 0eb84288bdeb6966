// SPDX-License-Identifier: Apache-2.0
// The look-up behind FieldId: a perfect hash over length, first and last two bytes, built by the
// compiler, and one comparison by words. Internal to proxy/http. Pure; any thread.
#pragma once

#include <array>
#include <bit>
#include <cstddef>

#include "proxy/http/char_class.h"
#include "proxy/http/field_id.h"

namespace understudy::http::internal {

inline constexpr size_t kKnownNameBytesMax = 25;

struct KnownName {
  std::array<char, 31> folded{};  // zeros behind the name
  uint8_t size = 0;
};
static_assert(kKnownNameBytesMax <= 31);

using KnownNames = std::array<KnownName, kFieldIdCount>;
extern const KnownNames kKnownNames;
extern const std::array<FieldId, 256> kSlots;

constexpr unsigned slot_of(uint32_t size, uint32_t first, uint32_t last_two) {
  const uint32_t key = ((first | last_two << 8) | 0x202020) | size << 24;
  // The multiplier was found by trial; field_id.cc refuses to compile with a collision.
  return key * 0x3099fdf5U >> 24;
}

// kOther unless the name has a number of its own. `name` is a token.
inline FieldId known_field(std::string_view name) {
  const size_t size = name.size();
  if (size < 2 || size > kKnownNameBytesMax) return FieldId::kOther;
  const auto first = static_cast<uint8_t>(name[0]);
  uint32_t last_two = load<uint16_t>(name.data() + size - 2);
  if constexpr (std::endian::native == std::endian::big) {
    last_two = last_two >> 8 | (last_two & 0xff) << 8;
  }
  const FieldId id = kSlots[slot_of(static_cast<uint32_t>(size), first, last_two)];
  const KnownName& known = kKnownNames[static_cast<size_t>(id)];
  const bool same = size == known.size && equals_folded(name.data(), known.folded.data(), size);
  return same ? id : FieldId::kOther;
}

}  // namespace understudy::http::internal
