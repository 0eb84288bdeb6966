// SPDX-License-Identifier: Apache-2.0
// ByteWriter and ByteReader: little-endian fields in a run of bytes, the alphabet of every payload
// on the wire. The reader never reads past the end: a field that is not there reads as zero or
// empty and makes the reader fail for good, so that a decoder reads all fields and asks once, at
// the end, is_complete(). Pure values; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "backend_sdk/wire/ids.h"

namespace understudy {

class ByteWriter final {
 public:
  // Appends to `out`, which outlives the writer.
  explicit ByteWriter(std::string& out) : out_(out) {}

  void u8(uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void u16(uint16_t value) { append(value, 2); }
  void u32(uint32_t value) { append(value, 4); }
  void u64(uint64_t value) { append(value, 8); }
  void boolean(bool value) { u8(value ? 1 : 0); }
  void session_id(const SessionId& id);
  // As they are, without a length.
  void bytes(std::string_view value) { out_.append(value); }
  // With their length before them; a longer value is a bug (CHECK).
  void text8(std::string_view value);
  void text16(std::string_view value);
  void text32(std::string_view value);
  void zeros(size_t count) { out_.append(count, '\0'); }

 private:
  void append(uint64_t value, int width);
  std::string& out_;
};

class ByteReader final {
 public:
  // `bytes` outlives the reader and every view taken from it.
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  uint8_t u8() { return static_cast<uint8_t>(take_number(1)); }
  uint16_t u16() { return static_cast<uint16_t>(take_number(2)); }
  uint32_t u32() { return static_cast<uint32_t>(take_number(4)); }
  uint64_t u64() { return take_number(8); }
  bool boolean();  // 0 or 1; anything else fails
  SessionId session_id();
  std::string_view bytes(size_t count);
  // A length above `bytes_max` fails.
  std::string_view text8(size_t bytes_max = 0xff) { return text(1, bytes_max); }
  std::string_view text16(size_t bytes_max = 0xffff) { return text(2, bytes_max); }
  std::string_view text32(size_t bytes_max) { return text(4, bytes_max); }
  void zeros(size_t count);  // anything but zeros fails

  // For a decoder that finds a value out of range.
  void fail();
  bool ok() const { return ok_; }
  size_t remaining() const { return rest_.size(); }
  // Every field was there, and nothing is left.
  bool is_complete() const { return ok_ && rest_.empty(); }

 private:
  uint64_t take_number(size_t width);
  std::string_view text(size_t width, size_t bytes_max);
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace understudy
