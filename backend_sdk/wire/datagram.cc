// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/wire/datagram.h"

#include "backend_sdk/wire/bytes.h"

namespace understudy {

void encode_datagram_header(const DatagramHeader& header, std::string& out) {
  ByteWriter writer(out);
  writer.u8(header.version);
  writer.u8(static_cast<uint8_t>(header.type));
  writer.u8(header.key);
  writer.u8(header.flags);
  writer.u32(header.cluster_tag);
  writer.u32(header.mid);
  writer.u32(header.salt);
  writer.u64(header.counter);
  writer.u32(header.group);
  writer.u32(header.to);
}

std::optional<DatagramHeader> decode_datagram_header(std::string_view bytes) {
  ByteReader reader(bytes.substr(0, kDatagramHeaderBytes));
  DatagramHeader header;
  header.version = reader.u8();
  header.type = static_cast<DatagramType>(reader.u8());
  header.key = reader.u8();
  header.flags = reader.u8();
  header.cluster_tag = reader.u32();
  header.mid = reader.u32();
  header.salt = reader.u32();
  header.counter = reader.u64();
  header.group = reader.u32();
  header.to = reader.u32();
  if (!reader.is_complete() || header.version != kDatagramVersion) return std::nullopt;
  return header;
}

}  // namespace understudy
