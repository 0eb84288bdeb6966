// SPDX-License-Identifier: Apache-2.0
// The one form of a request's path: rules are matched over it and it is what the member gets, so
// no spelling can pass a rule in one form and reach the application in another. It knows neither
// queries nor rules (mapping.h does). Pure functions, any thread, no allocation. Called by
// proxy/exchange before anything is decided.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace understudy::routing {

enum class PathRefusal : std::uint8_t {
  kNone,
  kNotAbsolute,   // does not begin with '/'
  kBadEscape,     // '%' without two hex digits
  kControl,       // NUL, CR or LF, as they are or escaped
  kBackslash,     // '\' or %5C, which some servers take for '/'
  kEncodedSlash,  // %2F: Apache's AllowEncodedSlashes Off; answered 404
  kAboveRoot,     // more ".." than segments
  kDotParameter,  // "..;x": a dot segment for some servers and a name for others
  kTooLong,       // the scratch is too small
};
std::string_view to_text(PathRefusal refusal);
// 400, or 404 as Apache has it for an encoded slash; 414 when too long.
int status_of(PathRefusal refusal);

struct [[nodiscard]] NormalisedPath {
  // Points into what was given if that was normal already, else into the scratch.
  std::string_view path = {};
  PathRefusal refusal = PathRefusal::kNone;

  explicit operator bool() const { return refusal == PathRefusal::kNone; }
};

// `path` is the target up to, without, '?'. Escapes of characters that a path may hold as they are
// become those characters, all others get upper-case digits, bytes that a path may not hold become
// escapes, runs of '/' one, and dot segments are resolved. The result has at most three times the
// bytes of `path`. Normalising twice changes nothing. With kKeep an encoded slash stays what it is,
// so that rules see one segment.
enum class EncodedSlash : std::uint8_t { kRefuse, kKeep };
NormalisedPath normalise_path(std::string_view path, std::span<char> scratch,
                              EncodedSlash slash = EncodedSlash::kRefuse);

}  // namespace understudy::routing
