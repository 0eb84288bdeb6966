// SPDX-License-Identifier: Apache-2.0
#include "base/tls_error.h"

#include <openssl/err.h>

namespace understudy {

std::string take_tls_error(std::string_view otherwise) {
  const unsigned long code = ERR_get_error();
  if (code == 0) return std::string(otherwise);
  const char* reason = ERR_reason_error_string(code);
  std::string text;
  if (reason != nullptr) {
    text = reason;
  } else {
    char number[256];
    ERR_error_string_n(code, number, sizeof number);
    text = number;
  }
  ERR_clear_error();
  return text;
}

Error tls_error(std::string_view what) {
  const std::string reason = take_tls_error("");
  return {.code = ErrorCode::kTls,
          .detail = std::string(what) + (reason.empty() ? "" : ": " + reason)};
}

}  // namespace understudy
