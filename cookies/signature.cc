// SPDX-License-Identifier: Apache-2.0
#include "cookies/signature.h"

#include <algorithm>
#include <cassert>
#include <span>
#include <string>

#include "cookies/base64url.h"

namespace understudy {
namespace {

constexpr std::size_t kBlockBytes = 64;

// The cluster's name as whole blocks of the hash: length (4 bytes, most significant first), name,
// zeros. Before the text instead of behind it, so that its work is done once for each key.
std::string name_blocks(std::string_view cluster) {
  const auto size = static_cast<std::uint32_t>(cluster.size());
  std::string blocks;
  for (int shift = 24; shift >= 0; shift -= 8) blocks.push_back(static_cast<char>(size >> shift));
  blocks.append(cluster);
  blocks.resize((blocks.size() + kBlockBytes - 1) / kBlockBytes * kBlockBytes, '\0');
  return blocks;
}

std::span<const std::uint8_t> cut(const Digest& digest) {
  return std::span(digest).first(kMacBytes);
}

}  // namespace

TextSigner::TextSigner(const Keyring& keyring, KeyPurpose purpose, std::string_view cluster) {
  const std::string prefix = name_blocks(cluster);
  for (std::size_t slot = 0; slot < keyring.size(); ++slot) {
    const MacKey key(keyring.sub_key(slot, purpose));
    keys_.push_back(Key{.id = keyring.id(slot), .mac = key.after_prefix(prefix)});
  }
  assert(!keys_.empty());
}

char* TextSigner::sign(const char* text, char* end) const {
  const Key& key = keys_.front();
  *end++ = key.id;
  const Digest digest = key.mac.sign({text, static_cast<std::size_t>(end - text)});
  return encode_base64url(cut(digest), end);
}

Signature TextSigner::check(std::string_view text) const {
  if (text.size() < kSignatureChars) return Signature::kBad;
  const std::size_t signed_size = text.size() - kMacChars;
  const char id = text[signed_size - 1];
  const auto key =
      std::find_if(keys_.begin(), keys_.end(), [id](const Key& k) { return k.id == id; });
  if (key == keys_.end()) return Signature::kUnknownKey;
  std::array<std::uint8_t, kMacBytes> mac;
  if (!decode_base64url(text.substr(signed_size), mac)) return Signature::kBad;
  const Digest digest = key->mac.sign(text.substr(0, signed_size));
  return equal_in_constant_time(cut(digest), mac) ? Signature::kGood : Signature::kBad;
}

std::uint64_t TextSigner::number_for(std::string_view text, std::size_t slot) const {
  const Digest digest = keys_[slot].mac.sign(text);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number = number << 8 | digest[i];
  return number;
}

}  // namespace understudy
