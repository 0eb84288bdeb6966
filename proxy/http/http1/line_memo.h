// SPDX-License-Identifier: Apache-2.0
// LineMemo: field lines that a worker has parsed and is likely to meet again, byte for byte: hosts,
// what browsers accept, the server's name, the date of this second. Equal bytes parse equally, so a
// line found here needs no second parse; one that is not found costs a few instructions more.
// It holds no secrets: only names that a FieldSet allows, so that no client can learn by timing
// what another one sent in Cookie, Authorization or a field of its own.
// One thread. Owned by the owner of a parser's scratch.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "proxy/http/field_id.h"
#include "proxy/http/message.h"
#include "proxy/http/scan.h"

namespace understudy::http {

class LineMemo final {
 public:
  // With its CRLF. Longer ones would need more room than they save.
  static constexpr size_t kLineBytesMax = 120;

  // Of requests and of responses, what is worth remembering.
  static constexpr FieldSet kOfRequests{FieldId::kHost,           FieldId::kConnection,
                                        FieldId::kAccept,         FieldId::kAcceptEncoding,
                                        FieldId::kAcceptLanguage, FieldId::kCacheControl,
                                        FieldId::kContentType,    FieldId::kUserAgent};
  static constexpr FieldSet kOfResponses{
      FieldId::kConnection,  FieldId::kKeepAlive, FieldId::kContentLength,
      FieldId::kServer,      FieldId::kDate,      FieldId::kCacheControl,
      FieldId::kContentType, FieldId::kVary,      FieldId::kTransferEncoding,
      FieldId::kOther};

  explicit LineMemo(FieldSet kept) : kept_(kept) {}

  // The line that begins at `at`, in bytes that end at `end`: fills in `field` and returns where
  // the next line begins. Null when it is not known.
  const char* find(const char* at, const char* end, Field& field) const {
    if (end - at < kBlockBytes) return nullptr;
    const Line& line = lines_[slot_of(at)];
    if (end - at < line.bytes || !is_equal(at, line)) return nullptr;
    field.name = {at, line.name_bytes};
    field.value = {at + line.value_at, line.value_bytes};
    field.id = line.id;
    return at + line.bytes;
  }

  // A line that find() did not know, as it was parsed; `next` is where the next one begins.
  void offer(const char* at, const char* end, const char* next, const Field& field) {
    if (!kept_.has(field.id) || field.value.empty() || end - at < kBlockBytes) return;
    if (static_cast<size_t>(next - at) > kLineBytesMax) return;
    Line& line = lines_[slot_of(at)];
    // The line that has the place keeps it until others have been met several times.
    const bool is_free = line.bytes == kNone;
    if (!is_free && ++line.misses < kMissesMax) return;
    std::memcpy(line.text.data(), at, static_cast<size_t>(next - at));
    line.bytes = static_cast<uint8_t>(next - at);
    line.name_bytes = static_cast<uint8_t>(field.name.size());
    line.value_at = static_cast<uint8_t>(field.value.data() - at);
    line.value_bytes = static_cast<uint8_t>(field.value.size());
    line.id = field.id;
    line.misses = 0;
  }

 private:
  static constexpr ptrdiff_t kBlockBytes = 16;  // are read at once
  static constexpr uint8_t kNone = UINT8_MAX;
  static constexpr size_t kSlotBits = 6;
  static constexpr uint8_t kMissesMax = 4;

  struct alignas(16) Line {
    std::array<char, kLineBytesMax> text{};
    uint8_t bytes = kNone;
    uint8_t name_bytes = 0;
    uint8_t value_at = 0;
    uint8_t value_bytes = 0;
    uint8_t misses = 0;
    FieldId id = FieldId::kOther;
  };

  // Lines are told apart by the end of a long name, or the beginning of the value behind a short
  // one: many names begin with the same eight bytes ("Content-Length", "Content-Type").
  static size_t slot_of(const char* at) {
    return load<uint64_t>(at + 6) * 0xd6e8feb86659fd93ULL >> (64 - kSlotBits);
  }

#ifdef UNDERSTUDY_HTTP_SSE2
  static unsigned equal_bytes(const char* at, const char* text) {
    return sse2::ones(_mm_cmpeq_epi8(sse2::load16(at), sse2::load16(text)));
  }
  static bool is_equal(const char* at, const Line& line) {
    const char* const text = line.text.data();
    const unsigned first = equal_bytes(at, text);
    if (line.bytes < kBlockBytes) return (~first << (32 - line.bytes)) == 0;
    if (first != 0xffff) return false;
    const ptrdiff_t last = line.bytes - kBlockBytes;
    for (ptrdiff_t i = kBlockBytes; i < last; i += kBlockBytes) {
      if (equal_bytes(at + i, text + i) != 0xffff) return false;
    }
    return equal_bytes(at + last, text + last) == 0xffff;
  }
#else
  static bool is_equal(const char* at, const Line& line) {
    return std::memcmp(at, line.text.data(), line.bytes) == 0;
  }
#endif

  const FieldSet kept_;
  std::array<Line, size_t{1} << kSlotBits> lines_;
};

}  // namespace understudy::http
