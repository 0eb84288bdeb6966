// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/wire/bytes.h"

#include "base/check.h"

namespace understudy {

void ByteWriter::append(uint64_t value, int width) {
  char bytes[8];
  for (int i = 0; i < width; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  out_.append(bytes, static_cast<size_t>(width));
}

void ByteWriter::session_id(const SessionId& id) {
  out_.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
}

void ByteWriter::text8(std::string_view value) {
  CHECK(value.size() <= 0xff);
  u8(static_cast<uint8_t>(value.size()));
  out_.append(value);
}

void ByteWriter::text16(std::string_view value) {
  CHECK(value.size() <= 0xffff);
  u16(static_cast<uint16_t>(value.size()));
  out_.append(value);
}

void ByteWriter::text32(std::string_view value) {
  CHECK(value.size() <= 0xffffffff);
  u32(static_cast<uint32_t>(value.size()));
  out_.append(value);
}

void ByteReader::fail() {
  ok_ = false;
  rest_ = {};
}

std::string_view ByteReader::bytes(size_t count) {
  if (count > rest_.size()) fail();
  if (!ok_) return {};
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

uint64_t ByteReader::take_number(size_t width) {
  const std::string_view taken = bytes(width);
  uint64_t value = 0;
  for (size_t i = 0; i < taken.size(); ++i) {
    value |= uint64_t{static_cast<uint8_t>(taken[i])} << (8 * i);
  }
  return value;
}

bool ByteReader::boolean() {
  const uint8_t value = u8();
  if (value > 1) fail();
  return value == 1;
}

SessionId ByteReader::session_id() {
  SessionId id;
  const std::string_view taken = bytes(id.bytes.size());
  if (ok_) std::memcpy(id.bytes.data(), taken.data(), taken.size());
  return id;
}

std::string_view ByteReader::text(size_t width, size_t bytes_max) {
  const uint64_t size = take_number(width);
  if (size > bytes_max) fail();
  return bytes(static_cast<size_t>(size));
}

void ByteReader::zeros(size_t count) {
  for (const char byte : bytes(count)) {
    if (byte != 0) return fail();
  }
}

}  // namespace understudy
