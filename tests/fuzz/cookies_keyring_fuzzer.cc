// SPDX-License-Identifier: Apache-2.0

// Any bytes as the text of a key file: a ring within its limits, or a sentence.

#include <cstdlib>
#include <string_view>

#include "cookies/keyring.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const understudy::KeyringResult result = understudy::Keyring::parse(text, "k");
  if (static_cast<bool>(result) != result.error.empty()) std::abort();
  if (result &&
      (result.keyring->size() == 0 || result.keyring->size() > understudy::kKeySlotsMax)) {
    std::abort();
  }
  return 0;
}
