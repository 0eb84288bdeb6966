// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/websocket.h"

#include <openssl/evp.h>

#include <algorithm>
#include <string>

#include "base/check.h"

namespace understudy::http {
namespace {

constexpr size_t kSha1Bytes = 20;
constexpr std::string_view kProtocolId = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 1.3

// Base64 ends in a NUL that is not part of the text.
template <size_t kSize>
std::array<char, kSize> base64(std::span<const uint8_t> bytes) {
  std::array<unsigned char, kSize + 1> text;
  const int size = EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(bytes.size()));
  CHECK(static_cast<size_t>(size) == kSize);
  std::array<char, kSize> out;
  std::copy_n(text.begin(), kSize, out.begin());
  return out;
}

}  // namespace

WebSocketKey websocket_key(std::span<const uint8_t, kWebSocketNonceBytes> nonce) {
  return base64<kWebSocketKeyBytes>(nonce);
}

WebSocketAccept websocket_accept(std::string_view key) {
  const std::string text = std::string(key).append(kProtocolId);
  std::array<uint8_t, kSha1Bytes> digest;
  unsigned size = 0;
  CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) == 1);
  CHECK(size == kSha1Bytes);
  return base64<kWebSocketAcceptBytes>(digest);
}

}  // namespace understudy::http
