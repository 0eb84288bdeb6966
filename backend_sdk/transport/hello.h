// SPDX-License-Identifier: Apache-2.0
// Hello: the first frame on every link, by the side that connected: who I am, whom I expect to
// meet, what the link is for; and the two answers. wire/README.md has the bytes. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "backend_sdk/wire/ids.h"
#include "base/address.h"

namespace understudy {

struct Hello {
  enum class Purpose : uint8_t { kLink = 1, kProbe = 2 };
  MemberId mid = kNobody;
  MemberId expected = kNobody;  // kNobody: any member
  Purpose purpose = Purpose::kLink;
  std::string cluster;
  std::string name;
  Address address;  // where the sender listens
};
std::string encode_hello(const Hello& hello);
std::optional<Hello> decode_hello(std::string_view payload);

// kHelloOk carries nothing. kHelloNo:
struct HelloNo {
  enum class Why : uint8_t { kOtherLife = 1, kOtherCluster = 2, kYourself = 3 };
  Why why = Why::kOtherLife;
  MemberId mid = kNobody;  // who lives here
  std::string text;        // for the log of the side that connected
};
std::string encode_hello_no(const HelloNo& refusal);
std::optional<HelloNo> decode_hello_no(std::string_view payload);

// kUnknown: the answer to a frame that was not understood.
struct UnknownFrame {
  uint8_t type = 0;
  uint16_t their_version = 0;
  uint16_t our_version = 0;
};
std::string encode_unknown(const UnknownFrame& unknown);
std::optional<UnknownFrame> decode_unknown(std::string_view payload);

// Everything above fits; a member that has not been greeted may not send more.
inline constexpr size_t kHelloBytesMax = 1024;

}  // namespace understudy
