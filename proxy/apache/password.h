// SPDX-License-Identifier: Apache-2.0
// Passwords as htpasswd stores them: bcrypt and the other forms of crypt(3), {SHA}, and Apache's
// own variant of MD5, $apr1$. Pure but for the memo; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace understudy::apache {

// Whether a line of AuthUserFile holds a hash that passwords can be checked against here.
bool is_password_hash(std::string_view hash);

// Takes as long for a wrong password as for the right one: milliseconds with bcrypt.
bool is_password_of(std::string_view password, std::string_view hash);

// The bytes of standard base64; empty after anything else.
std::string from_base64(std::string_view text);

// Pairs of a password and a hash that were found to belong together, so that a client that sends
// its password with each request costs one bcrypt. It keeps digests, no passwords. One for each
// worker, on its thread.
class LoginMemo final {
 public:
  bool knows(std::string_view password, std::string_view hash) const;
  void add(std::string_view password, std::string_view hash);

 private:
  static constexpr std::size_t kSize = 64;
  using Digest = std::array<std::uint8_t, 32>;
  static Digest digest_of(std::string_view password, std::string_view hash);

  std::array<Digest, kSize> digests_{};
  std::size_t next_ = 0;
  std::size_t size_ = 0;
};

}  // namespace understudy::apache
