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

inline size_t first_of(unsigned ones) {
  return static_cast<unsigned>(__builtin_ctz(ones));
}

// Which of 16 bytes skip_plain_name passes.
inline __m128i plain_bytes(__m128i bytes) {
  // (byte | 0x20) - 'a', moved down by 128 because SSE2 compares signed bytes only.
  const __m128i letter =
      _mm_add_epi8(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), _mm_set1_epi8(-128 - 'a' + 256));
  return _mm_or_si128(_mm_cmplt_epi8(letter, _mm_set1_epi8(-128 + 26)),
                      _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')));
}

inline const char* skip_plain_name(const char* at, const char* end) {
  if (end - at >= 16) {
    const char* const last = end - 16;
    do {
      const unsigned others = ones(plain_bytes(load16(at))) ^ 0xffff;
      if (others != 0) return at + first_of(others);
      at += 16;
    } while (at <= last);
  }
  return scalar::skip_plain_name(at, end);
}

inline const char* skip_value(const char* at, const char* end) {
  if (end - at >= 16) {
    const char* const last = end - 16;
    do {
      // One more than the byte: then controls, DEL and everything from 0x80 on are below '!'.
      const __m128i next = _mm_add_epi8(load16(at), _mm_set1_epi8(1));
      const unsigned stops = ones(_mm_cmplt_epi8(next, _mm_set1_epi8('!')));
      if (stops == 0) {
        at += 16;
        continue;
      }
      at += first_of(stops);
      if (!is(kFieldByte, *at)) return at;
      ++at;  // a tab, or not ASCII
    } while (at <= last);
  }
  return scalar::skip_value(at, end);
}

inline const char* skip_target(const char* at, const char* end) {
  if (end - at >= 16) {
    const char* const last = end - 16;
    do {
      const __m128i bytes = load16(at);
      // As above, up to '#'; '!' is among them. '<' and '>' differ in bit 2 only.
      const __m128i next = _mm_add_epi8(bytes, _mm_set1_epi8(1));
      const __m128i low = _mm_cmpgt_epi8(_mm_set1_epi8('#' + 2), next);
      const __m128i angle =
          _mm_cmpeq_epi8(_mm_or_si128(bytes, _mm_set1_epi8(2)), _mm_set1_epi8('>'));
      const __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
      const unsigned stops = ones(_mm_or_si128(low, _mm_or_si128(angle, slash)));
      if (stops == 0) {
        at += 16;
        continue;
      }
      at += first_of(stops);
      if (!is(kTargetByte, *at)) return at;
      ++at;
    } while (at <= last);
  }
  return scalar::skip_target(at, end);
}

}  // namespace sse2
namespace scan = sse2;
#else
namespace scan = scalar;
#endif

}  // namespace understudy::http
