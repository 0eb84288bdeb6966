// SPDX-License-Identifier: Apache-2.0
// Every limit of proxy/http in one block. HeadLimits are an operator's choice with Apache's
// defaults; the constants are the program's own. Used by the parser and by who configures it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace understudy::http {

// No configuration may ask for more of them; the size of FieldMask and of HeadSpans follows.
inline constexpr size_t kFieldsMax = 512;
// Largest head_bytes_max: a head lies in one block of base/buffer.h.
inline constexpr size_t kHeadBytesMax = size_t{64} * 1024;

struct HeadLimits {
  uint32_t first_line_bytes_max = 8190;  // LimitRequestLine, also of a status line; no CRLF
  uint32_t field_bytes_max = 8190;       // LimitRequestFieldSize: name to end of value, no CRLF
  uint32_t fields_max = 100;             // LimitRequestFields; at most kFieldsMax
  uint32_t head_bytes_max = kHeadBytesMax;
};

// Names of fields in the Connection fields of one head, beyond close, keep-alive and upgrade.
inline constexpr unsigned kNominationsMax = 16;
// 1xx responses before the final one; counted by exchange/.
inline constexpr unsigned kInterimResponsesMax = 16;

// A chunk's size line without CRLF, its extensions included.
inline constexpr unsigned kChunkLineBytesMax = 256;
inline constexpr unsigned kChunkSizeDigitsMax = 16;
// Trailer section of a chunked body.
inline constexpr unsigned kTrailerBytesMax = 8190;
inline constexpr unsigned kTrailerFieldsMax = 32;

// Pieces that a composed head may consist of: at worst every other field is dropped.
inline constexpr size_t kHeadSpansMax = kFieldsMax / 2 + 8;

}  // namespace understudy::http
