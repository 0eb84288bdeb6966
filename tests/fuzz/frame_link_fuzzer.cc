// SPDX-License-Identifier: Apache-2.0
// Bytes as they come from a link, cut anywhere: frames come out within the limits, the same however
// the bytes were cut; HELLOs and answers decode or are refused.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "backend_sdk/transport/frame_reader.h"
#include "backend_sdk/transport/hello.h"

namespace {

using namespace understudy;

void require(bool holds) {
  if (!holds) std::abort();
}

// Types and payloads of what was read, and whether it ended in an error.
std::vector<std::string> read_in_steps(std::string_view bytes, size_t step) {
  FrameReader reader(kHelloBytesMax);
  std::vector<std::string> seen;
  for (size_t at = 0; at < bytes.size(); at += step) {
    reader.append(bytes.substr(at, step));
    for (;;) {
      auto frame = reader.next();
      if (!frame) {
        seen.push_back("error");
        return seen;
      }
      if (!*frame) break;
      require((*frame)->frame.payload.size() <= kHelloBytesMax);
      seen.push_back(static_cast<char>((*frame)->frame.type) + (*frame)->frame.payload);
    }
    require(reader.buffered() <= kFrameHeaderBytes + kHelloBytesMax);
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = read_in_steps(bytes, size + 1);
  require(whole == read_in_steps(bytes, 1));
  require(whole == read_in_steps(bytes, 7));
  if (const auto hello = decode_hello(bytes)) {
    require(decode_hello(encode_hello(*hello)).has_value());
  }
  if (const auto no = decode_hello_no(bytes))
    require(decode_hello_no(encode_hello_no(*no)).has_value());
  if (const auto unknown = decode_unknown(bytes)) {
    require(decode_unknown(encode_unknown(*unknown)).has_value());
  }
  return 0;
}
