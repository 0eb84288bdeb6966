// SPDX-License-Identifier: Apache-2.0
// Datagrams from anybody: under a key nothing opens that was not sealed; in the clear whatever
// opens has the bytes of the datagram, is bounded, and a beat that decodes encodes to itself.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "backend_sdk/transport/datagram_seal.h"
#include "backend_sdk/wire/beat.h"

namespace {

using namespace understudy;

void require(bool holds) {
  if (!holds) std::abort();
}

const Keyring& some_keys() {
  static const uint8_t bytes[32] = {1, 2, 3};
  static const Keyring::NamedKey key{'A', bytes};
  static const KeyringResult result = Keyring::from_keys({&key, 1});
  require(result.keyring != nullptr);
  return *result.keyring;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  DatagramOpener sealed("shop", 1);
  sealed.use_keys(&some_keys());
  require(!sealed.open(bytes));
  // The receiver that the bytes name, so that the fuzzer need not guess one.
  const auto header = decode_datagram_header(bytes);
  DatagramOpener clear("shop", header && header->to != kNobody ? header->to : 1);
  if (const auto opened = clear.open(bytes)) {
    require(opened->payload.size() + kDatagramHeaderBytes + kDatagramTagBytes == size);
    require(size <= kDatagramBytesMax);
    require(!clear.open(bytes));
  }
  if (const auto beat = decode_beat(bytes)) require(encode_beat(*beat) == bytes);
  return 0;
}
