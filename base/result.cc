// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

namespace understudy {

const char* to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kConnectRefused:
      return "connection refused";
    case ErrorCode::kConnectTimeout:
      return "connect timed out";
    case ErrorCode::kConnectFailed:
      return "connect failed";
    case ErrorCode::kNoMember:
      return "no member reachable";
    case ErrorCode::kReset:
      return "connection reset";
    case ErrorCode::kClosed:
      return "closed early";
    case ErrorCode::kReadTimeout:
      return "read timed out";
    case ErrorCode::kWriteTimeout:
      return "write timed out";
    case ErrorCode::kProtocol:
      return "protocol error";
    case ErrorCode::kTooLarge:
      return "too large";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kDenied:
      return "denied";
    case ErrorCode::kTls:
      return "TLS error";
    case ErrorCode::kSystem:
      return "system error";
    case ErrorCode::kInvalid:
      return "invalid";
  }
  return "unknown";
}

}  // namespace understudy
