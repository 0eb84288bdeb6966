// SPDX-License-Identifier: Apache-2.0
// The forms of a request's path. Rules are matched over the normal form, so that no spelling can
// pass a rule in one form and reach the application in another; what the member gets is the
// client's bytes, as far as they can mean nothing else to it. It knows neither queries nor rules
// (mapping.h does). Pure functions, any thread, no allocation. Called by proxy/exchange before
// anything is decided.
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
  kEncodedSlash,  // %2F: Apache's AllowEncodedSlashes Off, or of two meanings; answered 404
  kAboveRoot,     // more ".." than segments
  kDotParameter,  // "..;x": a dot segment for some servers and a name for others
  kTooLong,       // the scratch is too small
};
std::string_view to_text(PathRefusal refusal);
// 400, or 404 as Apache has it for an encoded slash; 414 when too long.
int status_of(PathRefusal refusal);

// How a path is read.
struct PathReading {
  // Whether an escaped slash divides segments; else it is a letter of a name, and stays escaped.
  bool slash_escapes_divide = false;
  bool merges_slashes = true;  // a run of '/' is one
};

struct [[nodiscard]] NormalisedPath {
  // Points into what was given if that was normal already, else into the scratch.
  std::string_view path = {};
  PathRefusal refusal = PathRefusal::kNone;
  bool has_slash_escape = false;
  bool has_dot_segments = false;
  // What was given can be sent as it is: no dot segment, no byte that a path may not hold.
  bool is_sound = true;

  explicit operator bool() const { return refusal == PathRefusal::kNone; }
};

// `path` is the target up to, without, '?'. Escapes of characters that a path may hold as they are
// become those characters, all others get upper-case digits, bytes that a path may not hold become
// escapes, and dot segments are resolved. The result has at most three times the bytes of `path`.
// Normalising twice changes nothing.
NormalisedPath normalise_path(std::string_view path, std::span<char> scratch,
                              PathReading reading = {});

// The path that is sent for one which normalise_path() took: escapes and runs of slashes as they
// came; but dot segments are resolved (and runs of slashes are one then), escaped slashes that
// divide become slashes, and bytes that a path may not hold become escapes. Points into what was
// given or into the scratch.
std::string_view sound_path(std::string_view path, std::span<char> scratch,
                            bool slash_escapes_divide);

}  // namespace understudy::routing
