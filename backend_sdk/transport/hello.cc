// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/transport/hello.h"

#include "backend_sdk/wire/bytes.h"

namespace understudy {
namespace {

constexpr size_t kNameBytesMax = 64;
constexpr size_t kAddressBytesMax = 261;
constexpr size_t kTextBytesMax = 255;

}  // namespace

std::string encode_hello(const Hello& hello) {
  std::string out;
  ByteWriter writer(out);
  writer.u32(hello.mid);
  writer.u32(hello.expected);
  writer.u8(static_cast<uint8_t>(hello.purpose));
  writer.zeros(3);
  writer.text8(hello.cluster);
  writer.text8(hello.name);
  writer.text16(hello.address.to_string());
  return out;
}

std::optional<Hello> decode_hello(std::string_view payload) {
  ByteReader reader(payload);
  Hello hello;
  hello.mid = reader.u32();
  hello.expected = reader.u32();
  const uint8_t purpose = reader.u8();
  reader.zeros(3);
  hello.cluster = reader.text8(kNameBytesMax);
  hello.name = reader.text8(kNameBytesMax);
  const std::string_view address = reader.text16(kAddressBytesMax);
  if (!reader.is_complete() || hello.mid == kNobody || purpose < 1 || purpose > 2) {
    return std::nullopt;
  }
  hello.purpose = static_cast<Hello::Purpose>(purpose);
  auto parsed = Address::parse(address);
  if (!parsed) return std::nullopt;
  hello.address = *std::move(parsed);
  return hello;
}

std::string encode_hello_no(const HelloNo& refusal) {
  std::string out;
  ByteWriter writer(out);
  writer.u8(static_cast<uint8_t>(refusal.why));
  writer.zeros(3);
  writer.u32(refusal.mid);
  writer.text8(std::string_view(refusal.text).substr(0, kTextBytesMax));
  return out;
}

std::optional<HelloNo> decode_hello_no(std::string_view payload) {
  ByteReader reader(payload);
  const uint8_t why = reader.u8();
  reader.zeros(3);
  HelloNo refusal{.why = static_cast<HelloNo::Why>(why), .mid = reader.u32(), .text = {}};
  refusal.text = reader.text8(kTextBytesMax);
  if (!reader.is_complete() || why < 1 || why > 3) return std::nullopt;
  return refusal;
}

std::string encode_unknown(const UnknownFrame& unknown) {
  std::string out;
  ByteWriter writer(out);
  writer.u8(unknown.type);
  writer.zeros(1);
  writer.u16(unknown.their_version);
  writer.u16(unknown.our_version);
  return out;
}

std::optional<UnknownFrame> decode_unknown(std::string_view payload) {
  ByteReader reader(payload);
  UnknownFrame unknown;
  unknown.type = reader.u8();
  reader.zeros(1);
  unknown.their_version = reader.u16();
  unknown.our_version = reader.u16();
  if (!reader.is_complete()) return std::nullopt;
  return unknown;
}

}  // namespace understudy
