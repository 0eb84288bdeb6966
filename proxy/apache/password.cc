// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/password.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <initializer_list>
#include <memory>

namespace understudy::apache {
namespace {

constexpr std::string_view kSha = "{SHA}";
constexpr std::string_view kApr1 = "$apr1$";
constexpr std::size_t kPasswordBytesMax = 512;
constexpr std::size_t kMd5Bytes = 16;
using Md5 = std::array<unsigned char, kMd5Bytes>;

bool is_same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

template <std::size_t kBytes>
std::array<unsigned char, kBytes> digest(const EVP_MD* kind, std::string_view text) {
  std::array<unsigned char, kBytes> out{};
  EVP_Digest(text.data(), text.size(), out.data(), nullptr, kind, nullptr);
  return out;
}

std::string_view text_of(const Md5& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The sixteen bytes in the order and with the letters of crypt's MD5.
std::string letters_of(const Md5& bytes) {
  static constexpr std::string_view kLetters =
      "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string out;
  const auto add = [&out](unsigned value, int count) {
    for (; count > 0; --count, value >>= 6) out += kLetters[value & 0x3f];
  };
  constexpr std::size_t kOrder[5][3] = {{0, 6, 12}, {1, 7, 13}, {2, 8, 14}, {3, 9, 15}, {4, 10, 5}};
  for (const auto& [high, middle, low] : kOrder) {
    add(static_cast<unsigned>(bytes[high]) << 16 | static_cast<unsigned>(bytes[middle]) << 8 |
            bytes[low],
        4);
  }
  add(bytes[11], 2);
  return out;
}

// Poul-Henning Kamp's MD5 crypt with Apache's mark in place of $1$.
std::string apr1(std::string_view password, std::string_view salt) {
  const auto md5 = [](const std::string& text) { return digest<kMd5Bytes>(EVP_md5(), text); };
  const std::string pass(password);
  const std::string grain(salt);
  const Md5 inner = md5(pass + grain + pass);
  std::string text = pass + std::string(kApr1) + grain;
  for (std::size_t left = pass.size(); left > 0; left -= std::min(left, kMd5Bytes)) {
    text += text_of(inner).substr(0, std::min(left, kMd5Bytes));
  }
  for (std::size_t bits = pass.size(); bits != 0; bits >>= 1) {
    text += (bits & 1) != 0 ? '\0' : pass.front();
  }
  Md5 round = md5(text);
  constexpr unsigned kRounds = 1000;
  for (unsigned i = 0; i < kRounds; ++i) {
    const std::string last(text_of(round));
    std::string next = i % 2 != 0 ? pass : last;
    if (i % 3 != 0) next += grain;
    if (i % 7 != 0) next += pass;
    next += i % 2 != 0 ? last : pass;
    round = md5(next);
  }
  return std::string(kApr1) + grain + "$" + letters_of(round);
}

bool matches_apr1(std::string_view password, std::string_view hash) {
  constexpr std::size_t kSaltBytesMax = 8;
  const std::string_view rest = hash.substr(kApr1.size());
  const std::string_view salt = rest.substr(0, std::min(rest.find('$'), kSaltBytesMax));
  return is_same(apr1(password, salt), hash);
}

bool matches_sha(std::string_view password, std::string_view hash) {
  constexpr std::size_t kSha1Bytes = 20;
  const auto bytes = digest<kSha1Bytes>(EVP_sha1(), password);
  const std::string wanted = from_base64(hash.substr(kSha.size()));
  return is_same(wanted, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

bool matches_crypt(std::string_view password, std::string_view hash) {
  const auto room = std::make_unique<crypt_data>();
  const std::string pass(password);
  const std::string setting(hash);
  const char* made = crypt_r(pass.c_str(), setting.c_str(), room.get());
  return made != nullptr && made[0] != '*' && is_same(made, hash);
}

}  // namespace

std::string from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return {};
  std::string out(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return {};
  out.resize(static_cast<std::size_t>(size) - (text.ends_with("==")  ? 2
                                               : text.ends_with("=") ? 1
                                                                     : 0));
  return out;
}

bool is_password_hash(std::string_view hash) {
  if (hash.starts_with(kApr1)) return hash.find('$', kApr1.size()) != std::string_view::npos;
  if (hash.starts_with(kSha)) return !from_base64(hash.substr(kSha.size())).empty();
  // Without a mark it is DES's, or a password that was never hashed.
  constexpr std::size_t kDesBytes = 13;
  const std::string setting(hash);
  if (!hash.starts_with('$') && hash.size() != kDesBytes) return false;
  return crypt_checksalt(setting.c_str()) != CRYPT_SALT_INVALID;
}

bool is_password_of(std::string_view password, std::string_view hash) {
  if (password.size() > kPasswordBytesMax) return false;
  if (password.find('\0') != std::string_view::npos) return false;
  if (hash.starts_with(kApr1)) return matches_apr1(password, hash);
  if (hash.starts_with(kSha)) return matches_sha(password, hash);
  return matches_crypt(password, hash);
}

LoginMemo::Digest LoginMemo::digest_of(std::string_view password, std::string_view hash) {
  const std::string both = std::string(hash) + '\n' + std::string(password);
  return digest<std::tuple_size_v<Digest>>(EVP_sha256(), both);
}

bool LoginMemo::knows(std::string_view password, std::string_view hash) const {
  const Digest wanted = digest_of(password, hash);
  const auto end = digests_.begin() + static_cast<std::ptrdiff_t>(size_);
  return std::find(digests_.begin(), end, wanted) != end;
}

void LoginMemo::add(std::string_view password, std::string_view hash) {
  digests_[next_] = digest_of(password, hash);
  next_ = (next_ + 1) % kSize;
  size_ = std::max(size_, next_ == 0 ? kSize : next_);
}

}  // namespace understudy::apache
