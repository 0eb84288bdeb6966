// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/c_abi.h"

#include <algorithm>
#include <cstring>

namespace understudy {
namespace {

constexpr std::size_t kHeadersMax = 1000;

}  // namespace

bool is_text(understudy_text text) {
  return text.data != nullptr || text.size == 0;
}

std::string_view view(understudy_text text) {
  return text.size == 0 ? std::string_view() : std::string_view(text.data, text.size);
}

understudy_text text_of(std::string_view text) {
  return {text.data(), text.size()};
}

bool are_headers(const understudy_header* headers, std::size_t count) {
  if (count > kHeadersMax || (headers == nullptr && count != 0)) return false;
  return std::all_of(headers, headers + count, [](const understudy_header& header) {
    return is_text(header.name) && is_text(header.value);
  });
}

void copy_text(const std::string& text, char* message, std::size_t size) {
  if (message == nullptr || size == 0) return;
  const std::size_t count = std::min(text.size(), size - 1);
  std::memcpy(message, text.data(), count);
  message[count] = '\0';
}

understudy_code code_of(FailureCode code) {
  switch (code) {
    case FailureCode::kConfiguration:
      return UNDERSTUDY_CONFIGURATION;
    case FailureCode::kKeyFile:
      return UNDERSTUDY_KEY_FILE;
    case FailureCode::kAddress:
      return UNDERSTUDY_ADDRESS;
    case FailureCode::kSystem:
      break;
  }
  return UNDERSTUDY_SYSTEM;
}

understudy_note note_of(SessionNote note) {
  switch (note) {
    case SessionNote::kNone:
      return UNDERSTUDY_NOTE_NONE;
    case SessionNote::kSolo:
      return UNDERSTUDY_NOTE_SOLO;
    case SessionNote::kLost:
      return UNDERSTUDY_NOTE_LOST;
    case SessionNote::kRecovered:
      return UNDERSTUDY_NOTE_RECOVERED;
  }
  return UNDERSTUDY_NOTE_NONE;
}

}  // namespace understudy

uint32_t understudy_abi_version(void) {
  return UNDERSTUDY_ABI_VERSION;
}
