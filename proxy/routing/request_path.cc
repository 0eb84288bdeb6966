// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/request_path.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace understudy::routing {
namespace {

enum class Kind : std::uint8_t {
  kPlain,  // stands as it is (RFC 3986 3.3, pchar)
  kSlash,
  kParameter,  // ';': stands as it is, but an escaped one stays escaped: it divides nothing
  kEscape,     // '%'
  kBackslash,
  kForbidden,  // NUL, CR, LF
  kOther,      // must be escaped
};

constexpr std::array<Kind, 256> make_kinds() {
  std::array<Kind, 256> kinds{};
  kinds.fill(Kind::kOther);
  for (unsigned char c = 'a'; c <= 'z'; ++c) kinds[c] = Kind::kPlain;
  for (unsigned char c = 'A'; c <= 'Z'; ++c) kinds[c] = Kind::kPlain;
  for (unsigned char c = '0'; c <= '9'; ++c) kinds[c] = Kind::kPlain;
  for (const char c : std::string_view("-._~!$&'()*+,=:@")) {
    kinds[static_cast<unsigned char>(c)] = Kind::kPlain;
  }
  kinds['/'] = Kind::kSlash;
  kinds[';'] = Kind::kParameter;
  kinds['%'] = Kind::kEscape;
  kinds['\\'] = Kind::kBackslash;
  kinds['\0'] = kinds['\r'] = kinds['\n'] = Kind::kForbidden;
  return kinds;
}
constexpr std::array<Kind, 256> kKinds = make_kinds();

Kind kind_of(char c) {
  return kKinds[static_cast<unsigned char>(c)];
}

// Only what needs no second look: no escape, no run of slashes, no segment that begins with a dot.
bool is_plainly_normal(std::string_view path, Kind before) {
  for (const char c : path) {
    const Kind kind = kind_of(c);
    if (kind > Kind::kParameter) return false;
    if (before == Kind::kSlash && (kind == Kind::kSlash || c == '.')) return false;
    before = kind;
  }
  return true;
}

#ifdef __SSE2__
// The first `size` of 16 bytes; false also for some that need no second look, but are rare.
bool is_plainly_normal(__m128i bytes, unsigned size, bool behind_slash) {
  const auto is_in = [bytes](char first, char last) {  // both ASCII; 0x80 and more are below them
    return _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(static_cast<char>(first - 1))),
                         _mm_cmplt_epi8(bytes, _mm_set1_epi8(static_cast<char>(last + 1))));
  };
  const auto ones = [](__m128i mask) { return static_cast<unsigned>(_mm_movemask_epi8(mask)); };
  const unsigned all = (1U << size) - 1;
  const __m128i plain = _mm_or_si128(_mm_or_si128(is_in('-', '9'), is_in('a', 'z')),
                                     _mm_or_si128(is_in('A', 'Z'), is_in('_', '_')));
  const unsigned slashes = ones(is_in('/', '/'));
  const unsigned behind_slashes = slashes << 1 | (behind_slash ? 1 : 0);
  return (~ones(plain) & all) == 0 && (behind_slashes & ones(is_in('.', '/')) & all) == 0;
}

bool is_plainly_normal(std::string_view path) {
  constexpr std::size_t kBlock = 16;
  bool behind_slash = false;
  while (!path.empty()) {
    const std::size_t size = std::min(path.size(), kBlock);
    std::array<char, kBlock> block{};
    std::memcpy(block.data(), path.data(), size);
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block.data()));
    if (!is_plainly_normal(bytes, static_cast<unsigned>(size), behind_slash)) {
      return is_plainly_normal(path, behind_slash ? Kind::kSlash : Kind::kPlain);
    }
    behind_slash = path[size - 1] == '/';
    path.remove_prefix(size);
  }
  return true;
}
#else
bool is_plainly_normal(std::string_view path) {
  return is_plainly_normal(path, Kind::kPlain);
}
#endif

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  const char lower = static_cast<char>(c | 0x20);
  if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a') + 10;
  return {};
}

// Writes the normal form into the scratch, one segment after the other.
class Normaliser final {
 public:
  Normaliser(std::span<char> scratch, EncodedSlash slash) : out_(scratch), slash_(slash) {}

  NormalisedPath run(std::string_view path) {
    put('/');
    begin_ = size_;
    std::string_view rest = path.substr(1);
    while (!rest.empty() && refusal_ == PathRefusal::kNone) {
      if (rest.front() == '/') {
        end_segment(/*is_last=*/false);
        rest.remove_prefix(1);
      } else {
        rest.remove_prefix(take(rest));
      }
    }
    if (refusal_ == PathRefusal::kNone) end_segment(/*is_last=*/true);
    if (refusal_ != PathRefusal::kNone) return {.refusal = refusal_};
    return {.path = {out_.data(), size_}};
  }

 private:
  void refuse(PathRefusal refusal) {
    if (refusal_ == PathRefusal::kNone) refusal_ = refusal;
  }

  void put(char c) {
    if (size_ == out_.size()) return refuse(PathRefusal::kTooLong);
    out_[size_++] = c;
  }

  void put_escaped(unsigned char c) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    put('%');
    put(kDigits[c >> 4]);
    put(kDigits[c & 15]);
  }

  // One character or one escape; returns how many bytes that was.
  std::size_t take(std::string_view rest) {
    const char c = rest.front();
    switch (kind_of(c)) {
      case Kind::kPlain:
      case Kind::kParameter:
        put(c);
        return 1;
      case Kind::kEscape:
        return take_escape(rest);
      case Kind::kBackslash:
        refuse(PathRefusal::kBackslash);
        return 1;
      case Kind::kForbidden:
        refuse(PathRefusal::kControl);
        return 1;
      case Kind::kSlash:
      case Kind::kOther:
        break;
    }
    put_escaped(static_cast<unsigned char>(c));
    return 1;
  }

  std::size_t take_escape(std::string_view rest) {
    const auto high = rest.size() < 3 ? std::nullopt : hex_digit(rest[1]);
    const auto low = rest.size() < 3 ? std::nullopt : hex_digit(rest[2]);
    if (!high || !low) {
      refuse(PathRefusal::kBadEscape);
      return 1;
    }
    const char c = static_cast<char>(*high << 4 | *low);
    switch (kind_of(c)) {
      case Kind::kPlain:
        put(c);
        break;
      case Kind::kSlash:
        if (slash_ == EncodedSlash::kRefuse) {
          refuse(PathRefusal::kEncodedSlash);
        } else {
          put_escaped(static_cast<unsigned char>(c));
        }
        break;
      case Kind::kBackslash:
        refuse(PathRefusal::kBackslash);
        break;
      case Kind::kForbidden:
        refuse(PathRefusal::kControl);
        break;
      case Kind::kParameter:
      case Kind::kEscape:
      case Kind::kOther:
        put_escaped(static_cast<unsigned char>(c));
        break;
    }
    return 3;
  }

  // RFC 3986 5.2.4, with the escapes already gone.
  void end_segment(bool is_last) {
    const std::string_view segment(out_.data() + begin_, size_ - begin_);
    const std::string_view name = segment.substr(0, segment.find(';'));
    const bool has_parameter = name.size() != segment.size();
    if ((name == "." || name == "..") && has_parameter) return refuse(PathRefusal::kDotParameter);
    if (segment == ".") {
      size_ = begin_;
    } else if (segment == "..") {
      drop_parent();
    } else if (!segment.empty() && !is_last) {
      put('/');
    }
    begin_ = size_;
  }

  void drop_parent() {
    if (begin_ == 1) return refuse(PathRefusal::kAboveRoot);
    size_ = begin_ - 1;
    while (out_[size_ - 1] != '/') --size_;
  }

  std::span<char> out_;
  const EncodedSlash slash_;
  std::size_t size_ = 0;
  std::size_t begin_ = 0;  // of the segment being written
  PathRefusal refusal_ = PathRefusal::kNone;
};

}  // namespace

std::string_view to_text(PathRefusal refusal) {
  switch (refusal) {
    case PathRefusal::kNone:
      return "none";
    case PathRefusal::kNotAbsolute:
      return "the path does not begin with '/'";
    case PathRefusal::kBadEscape:
      return "a '%' is not followed by two hex digits";
    case PathRefusal::kControl:
      return "the path holds NUL, CR or LF";
    case PathRefusal::kBackslash:
      return "the path holds a backslash";
    case PathRefusal::kEncodedSlash:
      return "the path holds an encoded slash";
    case PathRefusal::kAboveRoot:
      return "the path leads above the root";
    case PathRefusal::kDotParameter:
      return "a dot segment of the path has a parameter";
    case PathRefusal::kTooLong:
      return "the path is too long";
  }
  return "";
}

int status_of(PathRefusal refusal) {
  if (refusal == PathRefusal::kEncodedSlash) return 404;
  return refusal == PathRefusal::kTooLong ? 414 : 400;
}

NormalisedPath normalise_path(std::string_view path, std::span<char> scratch, EncodedSlash slash) {
  if (!path.starts_with('/')) return {.refusal = PathRefusal::kNotAbsolute};
  if (is_plainly_normal(path)) return {.path = path};
  return Normaliser(scratch, slash).run(path);
}

}  // namespace understudy::routing
