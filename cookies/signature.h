// SPDX-License-Identifier: Apache-2.0
#pragma once

// Signs short texts for one purpose and one cluster: a text ends with `<key id><mac>`, the mac is
// HMAC-SHA256 over the cluster's name and all that precedes the mac, cut to 96 bits. Used by
// affinity and view_header. Immutable, holds prepared keys of its own (the keyring may go), any
// thread, no allocation.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "cookies/keyring.h"
#include "cookies/mac.h"

namespace understudy {

inline constexpr std::size_t kMacBytes = 12;
inline constexpr std::size_t kMacChars = 16;
inline constexpr std::size_t kSignatureChars = 1 + kMacChars;

enum class Signature : std::uint8_t { kGood, kUnknownKey, kBad };

class TextSigner final {
 public:
  TextSigner(const Keyring& keyring, KeyPurpose purpose, std::string_view cluster);

  // `text` up to, without, the key id; there must be room for kSignatureChars behind it.
  // Returns the end of the signed text.
  char* sign(const char* text, char* end) const;

  // `text` ends with key id and mac. Compares in constant time.
  Signature check(std::string_view text) const;

  // The id of the key that sign() uses.
  char signing_id() const { return keys_.front().id; }

  std::size_t keys() const { return keys_.size(); }
  // A keyed number for `text`, by the key in `slot`. The caller sees to it that no text that is
  // signed begins as this one does.
  std::uint64_t number_for(std::string_view text, std::size_t slot) const;

 private:
  struct Key {
    char id;
    MacKey mac;
  };

  // Constant after construction, as many as the keyring has; the first signs.
  std::vector<Key> keys_;
};

}  // namespace understudy
