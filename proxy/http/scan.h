// SPDX-License-Identifier: Apache-2.0
// The three searches that a head's parser spends its time in, each over [at, end) and never past
// it. Every one exists for plain C++ and for SSE2, which each x86-64 has; a test holds them equal.
// Internal to proxy/http. Pure; any thread.
#pragma once

#include "proxy/http/char_class.h"

#if defined(__SSE2__) && !defined(UNDERSTUDY_HTTP_SCALAR)
#define UNDERSTUDY_HTTP_SSE2 1
#include <emmintrin.h>
#endif

namespace understudy::http {
namespace scalar {

template <uint8_t kClass>
inline const char* skip(const char* at, const char* end) {
  while (at != end && is(kClass, *at)) ++at;
  return at;
}

// First byte that is neither a letter nor '-'. Most names end there; the others go on with
// skip<kToken>.
inline const char* skip_plain_name(const char* at, const char* end) {
  while (at != end && (static_cast<uint8_t>((*at | 0x20) - 'a') < 26 || *at == '-')) ++at;
  return at;
}

// First byte that no field value may hold.
inline const char* skip_value(const char* at, const char* end) {
  return skip<kFieldByte>(at, end);
}

// First byte that no target may hold, or a backslash.
inline const char* skip_target(const char* at, const char* end) {
  return skip<kTargetByte>(at, end);
}

}  // namespace scalar

#ifdef UNDERSTUDY_HTTP_SSE2
namespace sse2 {

inline __m128i load16(const char* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

inline unsigned ones(__m128i bytes) {
  return static_cast<unsigned>(_mm_movemask_epi8(bytes));
}

inline const char* skip_plain_name(const char* at, const char* end) {
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = load16(at);
    // (byte | 0x20) - 'a', moved down by 128 because SSE2 compares signed bytes only.
    const __m128i letter =
        _mm_add_epi8(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), _mm_set1_epi8(-128 - 'a' + 256));
    const __m128i plain = _mm_or_si128(_mm_cmplt_epi8(letter, _mm_set1_epi8(-128 + 26)),
                                       _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')));
    const unsigned others = ones(plain) ^ 0xffff;
    if (others != 0) return at + __builtin_ctz(others);
  }
  return scalar::skip_plain_name(at, end);
}

inline const char* skip_value(const char* at, const char* end) {
  while (end - at >= 16) {
    const __m128i bytes = load16(at);
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
    const unsigned stops = ones(_mm_or_si128(low, del));
    if (stops == 0) {
      at += 16;
      continue;
    }
    at += __builtin_ctz(stops);
    if (*at != '\t') return at;
    ++at;
  }
  return scalar::skip_value(at, end);
}

inline const char* skip_target(const char* at, const char* end) {
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = load16(at);
    // Signed: 0x80 and above are below '!', too.
    __m128i stop = _mm_cmplt_epi8(bytes, _mm_set1_epi8('!'));
    stop = _mm_or_si128(stop, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));
    stop = _mm_or_si128(stop, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    // '"' and '#' differ in the lowest bit only, '<' and '>' in the one above.
    stop = _mm_or_si128(stop,
                        _mm_cmpeq_epi8(_mm_or_si128(bytes, _mm_set1_epi8(1)), _mm_set1_epi8('#')));
    stop = _mm_or_si128(stop,
                        _mm_cmpeq_epi8(_mm_or_si128(bytes, _mm_set1_epi8(2)), _mm_set1_epi8('>')));
    const unsigned stops = ones(stop);
    if (stops != 0) return at + __builtin_ctz(stops);
  }
  return scalar::skip_target(at, end);
}

}  // namespace sse2
namespace scan = sse2;
#else
namespace scan = scalar;
#endif

}  // namespace understudy::http
