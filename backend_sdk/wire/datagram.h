// SPDX-License-Identifier: Apache-2.0
// The header of a sealed datagram (PROTOCOL section 3): 32 bytes in the clear, authenticated with
// the body. Sealing is the transport's business (transport/datagram_seal.h), the body is beat.h's.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "backend_sdk/wire/ids.h"

namespace understudy {

enum class DatagramType : uint8_t {  // the numbers are the protocol: only append
  kBeat = 1,
  kPing = 2,     // are you there?
  kPong = 3,     // I am
  kPingFor = 4,  // ask a third one for me
  kPongFor = 5,  // it is there
  kNack = 6,     // asked, no answer yet; but I am here and so are you
};

inline constexpr uint8_t kDatagramVersion = 2;
inline constexpr size_t kDatagramHeaderBytes = 32;
inline constexpr size_t kDatagramTagBytes = 16;
inline constexpr size_t kDatagramBytesMax = 500;

struct DatagramHeader {
  uint8_t version = kDatagramVersion;
  DatagramType type{};
  uint8_t key = 0;  // the key's id in the key file
  uint8_t flags = 0;
  uint32_t cluster_tag = 0;  // of the cluster's name: tells strangers apart before any cipher runs
  MemberId mid = kNobody;    // the sender
  uint32_t salt = 0;         // random for each life; with the counter it is the nonce
  uint64_t counter = 0;      // from 1, never repeated within a life
  uint32_t group = 0;
  // The receiver's life. A process that starts again has another mid, so what was recorded for an
  // earlier life, for another member or on the way back is refused without any memory of it.
  MemberId to = kNobody;
};

void encode_datagram_header(const DatagramHeader& header, std::string& out);
// nullopt: shorter than a header, or another version. Type, flags and mids are not judged.
std::optional<DatagramHeader> decode_datagram_header(std::string_view bytes);

}  // namespace understudy
