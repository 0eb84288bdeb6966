// SPDX-License-Identifier: Apache-2.0
// Parses HTTP/1 heads in place, strictly (RFC 9110, RFC 9112): what two parsers could read in two
// ways is refused. One pass, no allocation, no copy; bodies are chunked.h's or a mere count.
// Pure functions; any thread. Called by downstream/ (requests) and upstream/ (responses).
// In instructions, by callgrind over http_benchmark at -O2: a request of 2 fields 1,000, a
// browser's of 12 fields 2,700, a response of 6 fields 1,400.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/http/limits.h"
#include "proxy/http/message.h"

namespace understudy::http {

class LineMemo;

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
std::string_view to_string(Refusal refusal);
// A head that is larger than we allow, and may be right otherwise.
bool is_limit(Refusal refusal);

enum class Progress : uint8_t { kComplete, kIncomplete, kRefused };

struct HeadResult {
  Progress progress = Progress::kIncomplete;
  Refusal refusal = Refusal::kNone;  // kRefused only
  uint32_t head_bytes = 0;  // kComplete only: how many bytes to consume (a leading empty line too)
};

// What a connection remembers between two tries at the same head, so that a head which arrives
// byte by byte costs a bounded multiple of one pass. Reset to {} for the next head.
struct HeadProgress {
  uint32_t searched = 0;  // no empty line ends before here
  uint32_t retry_at = 0;  // parse again at this size even without an empty line, to refuse early
};

struct HeadOptions {
  const HeadLimits& limits;
  std::span<Field> fields;   // scratch; bounds the number of fields like limits.fields_max
  LineMemo* memo = nullptr;  // lines met before; null: every line is parsed
};

// `bytes`: everything received since the last message ended; may go on behind the head. `head` and
// the scratch are valid after kComplete only. Ask again with the same bytes and more after
// kIncomplete (the buffer may have moved meanwhile); the peer cannot be understood any longer after
// kRefused.
// `head.keep_alive` is the client's wish; CONNECT and TRACE are recognised, not refused.
HeadResult parse_request_head(std::string_view bytes, const HeadOptions& options,
                              HeadProgress& progress, RequestHead& head);

// `method`: of the request that is being answered, for it decides about the body.
HeadResult parse_response_head(std::string_view bytes, Method method, const HeadOptions& options,
                               HeadProgress& progress, ResponseHead& head);

}  // namespace understudy::http
