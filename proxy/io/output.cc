// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/output.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace understudy {

size_t total_bytes(std::span<const iovec> pieces) {
  size_t bytes = 0;
  for (const iovec& piece : pieces) bytes += piece.iov_len;
  return bytes;
}

bool keep(Buffer& out, std::string_view text) {
  while (!text.empty()) {
    const std::span<char> room = out.writable();
    if (room.empty()) {
      if (!out.grow()) return false;
      continue;
    }
    const size_t bytes = std::min(room.size(), text.size());
    std::memcpy(room.data(), text.data(), bytes);
    out.commit(bytes);
    text.remove_prefix(bytes);
  }
  return true;
}

bool keep_rest(Buffer& out, std::span<const iovec> pieces, size_t from, size_t to) {
  size_t begin = 0;
  for (const iovec& piece : pieces) {
    const size_t end = begin + piece.iov_len;
    const size_t first = std::max(from, begin);
    const size_t last = std::min(to, end);
    if (first < last) {
      const char* bytes = static_cast<const char*>(piece.iov_base);
      if (!keep(out, {bytes + (first - begin), last - first})) return false;
    }
    begin = end;
  }
  return true;
}

}  // namespace understudy
