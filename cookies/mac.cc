// SPDX-License-Identifier: Apache-2.0
#include "cookies/mac.h"

// EVP allocates and looks up for every copy of a hash state; the plain functions do neither, and
// their state may be taken and put back between blocks. They are deprecated, not going away in
// OpenSSL 3, and this is the only file that calls them.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstring>

namespace understudy {
namespace {

constexpr std::size_t kBlockBytes = SHA256_CBLOCK;

// A hash that has already taken `bytes` bytes, a multiple of the block, and stands at `state`.
SHA256_CTX resume(const std::array<std::uint32_t, 8>& state, std::uint32_t bytes) {
  SHA256_CTX hash;
  SHA256_Init(&hash);
  std::copy(state.begin(), state.end(), hash.h);
  hash.Nl = bytes * 8;
  return hash;
}

std::array<std::uint32_t, 8> state_of(const SHA256_CTX& hash) {
  std::array<std::uint32_t, 8> state;
  std::copy(hash.h, hash.h + state.size(), state.begin());
  return state;
}

// The state after one block of the key, each byte xor'ed with `pad` (RFC 2104).
std::array<std::uint32_t, 8> key_state(std::array<std::uint8_t, kBlockBytes> block,
                                       std::uint8_t pad) {
  for (std::uint8_t& byte : block) byte ^= pad;
  SHA256_CTX hash;
  SHA256_Init(&hash);
  SHA256_Update(&hash, block.data(), block.size());
  const auto state = state_of(hash);
  OPENSSL_cleanse(block.data(), block.size());
  OPENSSL_cleanse(&hash, sizeof hash);
  return state;
}

}  // namespace

Digest sha256(std::string_view text) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

MacKey::MacKey(std::span<const std::uint8_t> key) : inner_bytes_(kBlockBytes) {
  std::array<std::uint8_t, kBlockBytes> block{};
  if (key.size() <= kBlockBytes) {
    std::copy(key.begin(), key.end(), block.begin());
  } else {
    SHA256(key.data(), key.size(), block.data());
  }
  inner_ = key_state(block, 0x36);
  outer_ = key_state(block, 0x5c);
  OPENSSL_cleanse(block.data(), block.size());
}

MacKey::~MacKey() {
  OPENSSL_cleanse(inner_.data(), sizeof inner_);
  OPENSSL_cleanse(outer_.data(), sizeof outer_);
}

MacKey MacKey::after_prefix(std::string_view prefix) const {
  assert(prefix.size() % kBlockBytes == 0);
  MacKey key = *this;
  SHA256_CTX hash = resume(inner_, inner_bytes_);
  SHA256_Update(&hash, prefix.data(), prefix.size());
  key.inner_ = state_of(hash);
  key.inner_bytes_ += static_cast<std::uint32_t>(prefix.size());
  return key;
}

Digest MacKey::sign(std::string_view text) const {
  Digest digest;
  SHA256_CTX hash = resume(inner_, inner_bytes_);
  SHA256_Update(&hash, text.data(), text.size());
  SHA256_Final(digest.data(), &hash);
  hash = resume(outer_, kBlockBytes);
  SHA256_Update(&hash, digest.data(), digest.size());
  SHA256_Final(digest.data(), &hash);
  return digest;
}

}  // namespace understudy
