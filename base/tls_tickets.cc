// SPDX-License-Identifier: Apache-2.0
#include "base/tls_tickets.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace understudy {
namespace {

// HMAC-SHA256 as a key derivation: a label and the host, under the secret.
std::array<uint8_t, 32> derive(std::span<const uint8_t, 32> secret, uint8_t label,
                               const TlsTickets::Host& host) {
  std::array<uint8_t, 33> text;
  text[0] = label;
  std::copy(host.begin(), host.end(), text.begin() + 1);
  std::array<uint8_t, 32> out;
  unsigned size = 0;
  CHECK(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), text.data(), text.size(),
             out.data(), &size) != nullptr);
  CHECK(size == out.size());
  return out;
}

}  // namespace

TlsTickets::Secret::~Secret() {
  OPENSSL_cleanse(bytes.data(), bytes.size());
  forget_keys();
}

void TlsTickets::Secret::forget_keys() {
  for (auto& [host, derived] : keys) OPENSSL_cleanse(&derived, sizeof derived);
  keys.clear();
}

const TlsTickets::Keys& TlsTickets::keys_of(Secret& secret, const Host& host) {
  const auto known = secret.keys.find(host);
  if (known != secret.keys.end()) return known->second;
  if (secret.keys.size() >= Secret::kHostsMax) secret.forget_keys();
  Keys& keys = secret.keys[host];
  keys.cipher = derive(secret.bytes, 'c', host);
  keys.mac = derive(secret.bytes, 'm', host);
  const std::array<uint8_t, 32> name = derive(secret.bytes, 'n', host);
  std::copy_n(name.begin(), keys.name.size(), keys.name.begin());
  return keys;
}

void TlsTickets::rotate() {
  const TimePoint now = clock_.now();
  const auto age = [now](const Secret& secret) { return now - secret.since; };
  if (previous_ && age(*previous_) >= 2 * kLife) previous_.reset();
  if (newest_ && age(*newest_) < kLife) return;
  previous_ = newest_ && age(*newest_) < 2 * kLife ? std::move(newest_) : nullptr;
  newest_ = std::make_unique<Secret>();
  newest_->since = now;
  CHECK(RAND_priv_bytes(newest_->bytes.data(), static_cast<int>(newest_->bytes.size())) == 1);
}

TlsTickets::Keys TlsTickets::newest(const Host& host) {
  const std::lock_guard lock(mutex_);
  rotate();
  return keys_of(*newest_, host);
}

std::optional<TlsTickets::Keys> TlsTickets::find(const Host& host,
                                                 std::span<const uint8_t, kNameBytes> name) {
  const std::lock_guard lock(mutex_);
  rotate();
  for (Secret* const secret : {newest_.get(), previous_.get()}) {
    if (secret == nullptr) continue;
    Keys keys = keys_of(*secret, host);
    if (!std::equal(name.begin(), name.end(), keys.name.begin())) continue;
    keys.is_newest = secret == newest_.get();
    return keys;
  }
  return std::nullopt;
}

}  // namespace understudy
