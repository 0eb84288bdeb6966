// SPDX-License-Identifier: Apache-2.0
// The look-up behind FieldId: a perfect hash over length, first and last two bytes, built by the
// compiler, and one comparison by words. Internal to proxy/http. Pure; any thread.
#pragma once

#include <array>
#include <cstddef>

#include "proxy/http/char_class.h"
#include "proxy/http/field_id.h"

namespace understudy::http::internal {

inline constexpr size_t kKnownNameBytesMax = 25;

struct KnownName {
  std::array<char, 32> folded{};  // zeros behind the name
  size_t size = 0;
};

using KnownNames = std::array<KnownName, kFieldIdCount>;
extern const KnownNames kKnownNames;
extern const std::array<FieldId, 256> kSlots;

constexpr unsigned slot_of(uint32_t size, uint32_t first, uint32_t last_two) {
  const uint32_t key = ((first | last_two << 8) | 0x202020) | size << 24;
  // The multiplier was found by trial; field_id.cc refuses to compile with a collision.
  return key * 0x3099fdf5U >> 24;
}

// Letters differ in case by bit 0x20; no other token byte becomes one of a known name's with it.
template <typename Word>
inline bool same_folded(const char* name, const char* folded) {
  constexpr Word kFold = static_cast<Word>(0x2020202020202020ULL);
  return (load<Word>(name) | kFold) == load<Word>(folded);
}

inline bool equals_known(std::string_view name, const KnownName& known) {
  const size_t size = name.size();
  if (size != known.size) return false;
  const char* a = name.data();
  const char* b = known.folded.data();
  if (size >= 8) {
    for (size_t i = 0; i + 8 < size; i += 8) {
      if (!same_folded<uint64_t>(a + i, b + i)) return false;
    }
    return same_folded<uint64_t>(a + size - 8, b + size - 8);
  }
  if (size >= 4) {
    return same_folded<uint32_t>(a, b) && same_folded<uint32_t>(a + size - 4, b + size - 4);
  }
  return same_folded<uint16_t>(a, b) && same_folded<uint8_t>(a + size - 1, b + size - 1);
}

// kOther unless the name has a number of its own. `name` is a token.
inline FieldId known_field(std::string_view name) {
  const size_t size = name.size();
  if (size < 2 || size > kKnownNameBytesMax) return FieldId::kOther;
  const auto first = static_cast<uint8_t>(name[0]);
  const uint32_t last_two = static_cast<uint8_t>(name[size - 2]) |
                            static_cast<uint32_t>(static_cast<uint8_t>(name[size - 1])) << 8;
  const FieldId id = kSlots[slot_of(static_cast<uint32_t>(size), first, last_two)];
  return equals_known(name, kKnownNames[static_cast<size_t>(id)]) ? id : FieldId::kOther;
}

}  // namespace understudy::http::internal
