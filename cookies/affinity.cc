// SPDX-License-Identifier: Apache-2.0
#include "cookies/affinity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "cookies/base64url.h"
#include "cookies/contract.h"

namespace understudy {
namespace {

// 1.<sid 22>.<primary 6>.<secondary 6 or ->.<epoch>.<version>.<key id><mac 16>
constexpr std::string_view kNativeMark = "1.";
constexpr std::size_t kSidBytes = base64url_size(std::tuple_size_v<Sid>);
constexpr std::size_t kPrimaryAt = kNativeMark.size() + kSidBytes + 1;
constexpr std::size_t kSecondaryAt = kPrimaryAt + kMidBytes + 1;
constexpr std::size_t kNativeValueBytesMin = kSecondaryAt + 1 + 1 + 1 + 1 + 1 + 1 + kSignatureChars;
static_assert(kSecondaryAt + kMidBytes + 1 + kNumber32BytesMax + 1 + kNumber64BytesMax + 1 +
                  kSignatureChars ==
              kNativeValueBytesMax);

constexpr std::string_view kNoMember = "NONE";
constexpr std::size_t kTimeDigits = 13;  // milliseconds since 1970, from 2001 to 2286

DecodedAffinity refused(AffinityRefusal refusal) {
  return {.token = {}, .refusal = refusal};
}

AffinityRefusal bounds(std::string_view value) {
  if (value.empty()) return AffinityRefusal::kAbsent;
  return value.size() > kAffinityValueBytesMax ? AffinityRefusal::kOverlong
                                               : AffinityRefusal::kNone;
}

// What the value of a cookie may hold (RFC 6265 4.1.1 cookie-octet).
constexpr std::array<bool, 256> make_cookie_octets() {
  std::array<bool, 256> octets{};
  for (int c = '!'; c < 0x7f; ++c) {
    octets[static_cast<std::size_t>(c)] = c != '"' && c != ',' && c != ';' && c != '\\';
  }
  return octets;
}
constexpr std::array<bool, 256> kCookieOctets = make_cookie_octets();

// With the foreign dialects every byte of every request's cookie passes here, 16 at once: not zero
// where a byte is none of kCookieOctets.
using CookieBlock = unsigned char __attribute__((vector_size(16)));
CookieBlock bad_octets(const char* text) {
  CookieBlock c;
  std::memcpy(&c, text, sizeof c);
  return static_cast<CookieBlock>((c < '!') | (c > '~') | (c == '"') | (c == ',') | (c == ';') |
                                  (c == '\\'));
}

// A session's part, a route, or both, of a foreign dialect.
bool is_foreign_text(std::string_view text) {
  constexpr std::size_t kBlock = sizeof(CookieBlock);
  if (text.size() >= kBlock) {
    const char* const last = text.data() + text.size() - kBlock;  // begins in the block before it
    CookieBlock bad = bad_octets(last);
    for (const char* at = text.data(); at < last; at += kBlock) bad |= bad_octets(at);
    std::array<std::uint64_t, 2> halves;
    std::memcpy(halves.data(), &bad, sizeof bad);
    return (halves[0] | halves[1]) == 0;
  }
  bool is_good = !text.empty();
  for (char c : text) is_good &= kCookieOctets[static_cast<unsigned char>(c)];
  return is_good;
}

bool has(std::string_view text, char c) {
  return text.find(c) != std::string_view::npos;
}

bool looks_native(std::string_view value) {
  return value.size() >= kNativeValueBytesMin && value.starts_with(kNativeMark) &&
         value[kPrimaryAt - 1] == '.' && value[kSecondaryAt - 1] == '.';
}

bool is_time(std::string_view field) {
  return field.size() == kTimeDigits &&
         std::all_of(field.begin(), field.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A member's field of the weblogic dialect; false if it is neither an id nor NONE.
bool parse_weblogic_member(std::string_view field, std::optional<std::uint32_t>& member) {
  if (field == kNoMember) return true;
  member = parse_jvmid(field);
  return member.has_value();
}

// Reads `<text>.` from the front of `rest`; at most `bytes_max` characters before the dot.
std::optional<std::string_view> take_field(std::string_view& rest, std::size_t bytes_max) {
  const std::size_t dot = rest.substr(0, bytes_max + 1).find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view field = rest.substr(0, dot);
  rest.remove_prefix(dot + 1);
  return field;
}

// Appends to fixed room and remembers whether all of it fitted.
class Writer final {
 public:
  Writer(char* begin, std::size_t room) : begin_(begin), at_(begin), end_(begin + room) {}

  void add(std::string_view text) {
    fits_ = fits_ && text.size() <= static_cast<std::size_t>(end_ - at_);
    if (fits_) at_ = std::copy(text.begin(), text.end(), at_);
  }
  void add_jvmid(const std::optional<std::uint32_t>& member) {
    if (!member) return add(kNoMember);
    char digits[11];
    const auto result = std::to_chars(std::begin(digits), std::end(digits), jvmid(*member));
    add({digits, static_cast<std::size_t>(result.ptr - digits)});
  }
  bool fits() const { return fits_; }
  std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }

 private:
  char* begin_;
  char* at_;
  char* end_;
  bool fits_ = true;
};

}  // namespace

std::string_view to_text(AffinityRefusal refusal) {
  switch (refusal) {
    case AffinityRefusal::kNone:
      return "none";
    case AffinityRefusal::kAbsent:
      return "absent";
    case AffinityRefusal::kOverlong:
      return "overlong";
    case AffinityRefusal::kMalformed:
      return "malformed";
    case AffinityRefusal::kNotCanonical:
      return "not-canonical";
    case AffinityRefusal::kUnknownKey:
      return "unknown-key";
    case AffinityRefusal::kBadMac:
      return "bad-mac";
    case AffinityRefusal::kExpired:
      return "expired";
  }
  return "";
}

std::string_view to_text(Dialect dialect) {
  switch (dialect) {
    case Dialect::kAuto:
      return "auto";
    case Dialect::kNative:
      return "native";
    case Dialect::kWeblogic:
      return "weblogic";
    case Dialect::kRoute:
      return "route";
    case Dialect::kInsert:
      return "insert";
  }
  return "";
}

DecodedAffinity decode_weblogic(std::string_view value) {
  if (const AffinityRefusal refusal = bounds(value); refusal != AffinityRefusal::kNone)
    return refused(refusal);
  DecodedAffinity decoded{.token = {.dialect = Dialect::kWeblogic},
                          .refusal = AffinityRefusal::kNone};
  AffinityToken& token = decoded.token;
  for (std::size_t field = 0;; ++field) {
    if (field == kWeblogicFieldsMax) return refused(AffinityRefusal::kMalformed);
    const std::size_t end = value.find('!');
    const std::string_view text = value.substr(0, end);
    bool is_good = is_foreign_text(text);
    if (field == 0) {
      token.id = text;
    } else if (field == 1) {
      is_good = parse_weblogic_member(text, token.primary);
    } else if (field == 2 && !is_time(text)) {
      is_good = parse_weblogic_member(text, token.secondary);
    }
    if (!is_good) return refused(AffinityRefusal::kMalformed);
    if (end == std::string_view::npos) return decoded;
    value.remove_prefix(end + 1);
  }
}

DecodedAffinity decode_route(std::string_view value) {
  DecodedAffinity decoded{.token = {.dialect = Dialect::kRoute}, .refusal = bounds(value)};
  if (!decoded) return decoded;
  // Apache's rule: all behind the first dot. A cookie of its balancer has nothing before it.
  const std::size_t dot = value.find('.');
  decoded.token.id = value.substr(0, dot);
  if (dot != std::string_view::npos) decoded.token.route = value.substr(dot + 1);
  const bool ends_in_dot = dot + 1 == value.size();
  if (ends_in_dot || !is_foreign_text(value)) {
    decoded.refusal = AffinityRefusal::kMalformed;
  } else if (decoded.token.route.size() > kRouteBytesMax) {
    decoded.refusal = AffinityRefusal::kOverlong;
  }
  return decoded;
}

AffinityCodec::AffinityCodec(const Options& options) : dialect_(options.dialect) {
  if (options.keyring != nullptr) {
    signer_.emplace(*options.keyring, KeyPurpose::kCookie, options.cluster);
  }
}

DecodedAffinity AffinityCodec::decode(std::string_view value) const {
  switch (dialect_) {
    case Dialect::kNative:
      return decode_native(value);
    case Dialect::kWeblogic:
      return decode_weblogic(value);
    case Dialect::kRoute:
      return decode_route(value);
    case Dialect::kInsert:
      return decode_insert(value);
    case Dialect::kAuto:
      break;
  }
  if (looks_native(value)) return decode_native(value);
  return has(value, '!') ? decode_weblogic(value) : decode_route(value);
}

DecodedAffinity AffinityCodec::decode_native(std::string_view value) const {
  if (value.empty()) return refused(AffinityRefusal::kAbsent);
  if (value.size() > kNativeValueBytesMax) return refused(AffinityRefusal::kOverlong);
  if (!looks_native(value)) return refused(AffinityRefusal::kMalformed);

  std::string_view rest = value.substr(kSecondaryAt);
  const auto secondary = take_field(rest, kMidBytes);
  const auto epoch = take_field(rest, kNumber32BytesMax);
  const auto version = take_field(rest, kNumber64BytesMax);
  if (!secondary || !epoch || !version || rest.size() != kSignatureChars) {
    return refused(AffinityRefusal::kMalformed);
  }

  DecodedAffinity decoded{.token = {}, .refusal = AffinityRefusal::kNone};
  AffinityToken& token = decoded.token;
  token.id = value.substr(kNativeMark.size(), kSidBytes);
  token.primary = parse_mid(value.substr(kPrimaryAt, kMidBytes));
  if (*secondary != "-") token.secondary = parse_mid(*secondary);
  const auto epoch_number = decode_number(*epoch, UINT32_MAX);
  const auto version_number = decode_number(*version, UINT64_MAX);
  if (!decode_base64url(token.id, token.sid) || !token.primary ||
      (*secondary != "-" && !token.secondary) || !epoch_number || !version_number ||
      !std::all_of(rest.begin(), rest.end(), is_base64url)) {
    return refused(AffinityRefusal::kNotCanonical);
  }
  token.epoch = static_cast<std::uint32_t>(*epoch_number);
  token.version = *version_number;
  if (!signer_) return decoded;

  const Signature signature = signer_->check(value);
  if (signature == Signature::kUnknownKey) return refused(AffinityRefusal::kUnknownKey);
  if (signature == Signature::kBad) return refused(AffinityRefusal::kBadMac);
  token.verified = true;
  return decoded;
}

bool AffinityCodec::is_signed_with_first_key(std::string_view value) const {
  if (!signer_ || value.size() < kSignatureChars) return false;
  return value[value.size() - kSignatureChars] == signer_->signing_id();
}

std::optional<AffinityText> AffinityCodec::encode(const AffinityToken& token) const {
  std::optional<AffinityText> text(std::in_place);
  bool is_written = false;
  switch (token.dialect) {
    case Dialect::kNative:
      is_written = encode_native(token, *text);
      break;
    case Dialect::kWeblogic:
      is_written = encode_weblogic(token, *text);
      break;
    case Dialect::kRoute:
      is_written = encode_route(token, *text);
      break;
    case Dialect::kInsert:
      is_written = encode_insert(token, *text);
      break;
    case Dialect::kAuto:
      break;
  }
  if (!is_written) text.reset();
  return text;
}

bool AffinityCodec::encode_native(const AffinityToken& token, AffinityText& text) const {
  if (!signer_ || !token.primary) return false;
  char* const begin = text.bytes_.data();
  char* at = std::copy(kNativeMark.begin(), kNativeMark.end(), begin);
  at = encode_base64url(token.sid, at);
  *at++ = '.';
  const MidText primary = format_mid(*token.primary);
  at = std::copy(primary.begin(), primary.end(), at);
  *at++ = '.';
  if (token.secondary) {
    const MidText secondary = format_mid(*token.secondary);
    at = std::copy(secondary.begin(), secondary.end(), at);
  } else {
    *at++ = '-';
  }
  *at++ = '.';
  at = encode_number(token.epoch, at);
  *at++ = '.';
  at = encode_number(token.version, at);
  *at++ = '.';
  at = signer_->sign(begin, at);
  text.size_ = static_cast<std::size_t>(at - begin);
  return true;
}

bool AffinityCodec::encode_weblogic(const AffinityToken& token, AffinityText& text) const {
  if (!is_foreign_text(token.id) || has(token.id, '!')) return false;
  Writer writer(text.bytes_.data(), text.bytes_.size());
  writer.add(token.id);
  writer.add("!");
  writer.add_jvmid(token.primary);
  writer.add("!");
  writer.add_jvmid(token.secondary);
  text.size_ = writer.size();
  return writer.fits();
}

bool AffinityCodec::encode_route(const AffinityToken& token, AffinityText& text) const {
  const bool has_id = !token.id.empty();
  if (has_id && !is_foreign_text(token.id)) return false;
  if (has(token.id, '.')) return false;  // it would be read back as a route
  Writer writer(text.bytes_.data(), text.bytes_.size());
  writer.add(token.id);
  if (!token.route.empty()) {
    if (!is_foreign_text(token.route) || token.route.size() > kRouteBytesMax) return false;
    writer.add(".");
    writer.add(token.route);
  } else if (!has_id) {
    return false;
  }
  text.size_ = writer.size();
  return writer.fits();
}

DecodedAffinity AffinityMemo::decode(const AffinityCodec& codec, std::string_view value) {
  if (size_ != 0 && value.size() == size_ && std::memcmp(value.data(), bytes_.data(), size_) == 0) {
    DecodedAffinity decoded{.token = token_, .refusal = AffinityRefusal::kNone};
    decoded.token.id = value.substr(id_at_, token_.id.size());
    decoded.token.route = value.substr(route_at_, token_.route.size());
    return decoded;
  }
  const DecodedAffinity decoded = codec.decode(value);
  if (decoded && (decoded.token.verified || decoded.token.dialect != Dialect::kNative)) {
    remember(value, decoded.token);
  }
  return decoded;
}

void AffinityMemo::remember(std::string_view value, const AffinityToken& token) {
  size_ = 0;
  if (value.size() > bytes_.size()) return;
  std::copy(value.begin(), value.end(), bytes_.begin());
  size_ = value.size();
  id_at_ = static_cast<std::size_t>(token.id.data() - value.data());
  route_at_ = token.route.empty() ? 0 : static_cast<std::size_t>(token.route.data() - value.data());
  token_ = token;
  token_.id = {bytes_.data(), token.id.size()};
  token_.route = {bytes_.data(), token.route.size()};
}

}  // namespace understudy
