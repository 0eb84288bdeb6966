// SPDX-License-Identifier: Apache-2.0
// What reading a head, a body's framing or a trailer comes to, in each protocol. Values; any
// thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace understudy::http {

// Why a head, a chunk or a trailer is refused. status_of() turns it into what a client is told; a
// backend that earns one is answered for with 502 by exchange/error_response.
enum class Refusal : uint8_t {
  kNone,
  // The first line.
  kFirstLineTooLong,
  kLeadingEmptyLines,  // more than the one of RFC 9112 2.2
  kInvalidMethod,
  kInvalidTarget,   // a byte that no target may hold, or a form that is none
  kTargetFragment,  // '#'
  kTargetForm,      // a form that this method may not use, such as "*" with GET
  kInvalidVersion,  // also HTTP/0.9, which names none
  kUnsupportedVersion,
  kInvalidStatusLine,
  // Lines.
  kBareCr,
  kBareLf,
  kControlByte,  // NUL included
  kEmptyFieldName,
  kInvalidFieldName,
  kBlankBeforeColon,
  kFoldedLine,
  kMissingColon,
  kFieldTooLarge,
  kTooManyFields,
  kHeadTooLarge,
  // Meaning.
  kInvalidContentLength,
  kDuplicateContentLength,
  kContentLengthTooLarge,
  kLengthAndCoding,  // Content-Length and Transfer-Encoding
  kInvalidTransferEncoding,
  kUnsupportedTransferEncoding,
  kTransferEncodingOnHttp10,
  kUnknownProtocol,  // :protocol of an extended CONNECT
  kBodyNotAllowed,   // 101 with framing fields that announce a body
  kMissingHost,
  kDuplicateHost,
  kInvalidHost,
  kUserinfo,
  kHostMismatch,  // HTTP/2: Host names another authority than :authority
  kInvalidConnection,
  kTooManyNominations,
  kUnknownExpectation,
  // Chunked bodies.
  kInvalidChunkSize,
  kInvalidChunkExtension,
  kChunkLineTooLong,
  kMissingChunkEnd,
  kTrailerTooLarge,
};
// 400, 413, 414, 417, 431, 501 or 505; 500 for kNone.
unsigned status_of(Refusal refusal);
// Half a sentence for the log and the error page: "a bare CR in the head".
std::string_view to_text(Refusal refusal);
// A head that is larger than we allow, and may be right otherwise.
bool is_limit(Refusal refusal);

enum class Progress : uint8_t { kComplete, kIncomplete, kRefused };

}  // namespace understudy::http
