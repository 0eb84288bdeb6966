// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/stored_reply.h"

#include <cstdint>
#include <limits>

namespace understudy {
namespace {

constexpr int kStatusMin = 100;
constexpr int kStatusMax = 999;

template <typename Integer>
void put(Integer value, std::string& out) {
  for (std::size_t i = 0; i < sizeof value; ++i) {
    out += static_cast<char>(value >> (8 * i) & 0xff);
  }
}

void put_text(std::string_view text, std::string& out) {
  put(static_cast<std::uint32_t>(text.size()), out);
  out += text;
}

template <typename Integer>
bool take(std::string_view& bytes, Integer& value) {
  if (bytes.size() < sizeof value) return false;
  value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) {
    value = static_cast<Integer>(value | static_cast<Integer>(static_cast<std::uint8_t>(bytes[i]))
                                             << (8 * i));
  }
  bytes.remove_prefix(sizeof value);
  return true;
}

bool take_text(std::string_view& bytes, std::string& text) {
  std::uint32_t size = 0;
  if (!take(bytes, size) || bytes.size() < size) return false;
  text = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return true;
}

}  // namespace

std::optional<std::string> encode_reply(const Reply& reply) {
  if (reply.headers.size() > kStoredHeadersMax || reply.status < kStatusMin ||
      reply.status > kStatusMax) {
    return std::nullopt;
  }
  std::string out;
  put(static_cast<std::uint16_t>(reply.status), out);
  put(static_cast<std::uint16_t>(reply.headers.size()), out);
  for (const Header& header : reply.headers) {
    put_text(header.name, out);
    put_text(header.value, out);
  }
  return out + reply.body;
}

std::optional<Reply> decode_reply(std::string_view bytes) {
  std::uint16_t status = 0;
  std::uint16_t count = 0;
  if (!take(bytes, status) || !take(bytes, count)) return std::nullopt;
  if (status < kStatusMin || status > kStatusMax || count > kStoredHeadersMax) return std::nullopt;
  Reply reply{.status = status, .headers = {}, .body = {}};
  for (std::uint16_t i = 0; i < count; ++i) {
    Header header;
    if (!take_text(bytes, header.name) || !take_text(bytes, header.value)) return std::nullopt;
    reply.headers.push_back(std::move(header));
  }
  reply.body = bytes;
  return reply;
}

}  // namespace understudy
