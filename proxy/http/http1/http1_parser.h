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
#include "proxy/http/refusal.h"

namespace understudy::http {

class LineMemo;

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
