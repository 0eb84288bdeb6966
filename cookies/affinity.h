// SPDX-License-Identifier: Apache-2.0
#pragma once

// The affinity cookie: which session, and which members hold it. Text to token and back, one codec
// per dialect. It decides nothing about routing (proxy/routing does) and finds no cookies
// (cookie_header.h does). Values and pure functions; a codec is immutable and usable from any
// thread, an AffinityMemo belongs to one connection. Decoding allocates nothing.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cookies/member_tag.h"
#include "cookies/signature.h"

namespace understudy {

// Longer values are refused unread. A native value is at most 75 bytes; the protocol promises 90.
inline constexpr std::size_t kAffinityValueBytesMax = 512;
inline constexpr std::size_t kNativeValueBytesMax = 75;
inline constexpr std::size_t kRouteBytesMax = 96;
inline constexpr std::size_t kWeblogicFieldsMax = 6;

enum class Dialect : std::uint8_t { kAuto, kNative, kWeblogic, kRoute, kInsert };

inline constexpr std::size_t kInsertValueBytesMax = 45;

enum class AffinityRefusal : std::uint8_t {
  kNone,          // accepted
  kAbsent,        // no value at all
  kOverlong,      // above the limit
  kMalformed,     // not of this dialect
  kNotCanonical,  // of this dialect, but not the one text its fields have
  kUnknownKey,    // signed with a key that is not in the ring
  kBadMac,        // altered, forged, or of another cluster
  kExpired,       // beyond SessionCookieMaxIdle or SessionCookieMaxLife; by who knows the time
};

// One word for logs and `why`: "none", "absent", "overlong", ...
std::string_view to_text(AffinityRefusal refusal);
std::string_view to_text(Dialect dialect);

using Sid = std::array<std::uint8_t, 16>;

struct AffinityToken {
  Dialect dialect = Dialect::kNative;  // never kAuto
  // True only for native and insert with a good signature. A sid of an unverified token is never
  // adopted by a backend; a proxy may still route by it (that is all foreign dialects can offer).
  bool verified = false;

  std::string_view id = {};  // the session's part of the text; a view into the decoded value
  Sid sid = {};              // native only

  // Members: mids; in dialect weblogic JVMIDs with the same 32 bits (contract.h, jvmid()).
  std::optional<std::uint32_t> primary = {};
  std::optional<std::uint32_t> secondary = {};
  std::string_view route = {};  // dialect route only; a view into the decoded value, may be empty

  // The floor: what this client has been shown. Native only.
  std::uint32_t epoch = 0;
  std::uint64_t version = 0;

  // Dialect insert only: whom the client is bound to, since when, and when it was last seen; both
  // in seconds since 1970.
  MemberTag member_tag = 0;
  std::uint32_t issued_s = 0;
  std::uint32_t seen_s = 0;
};

// `token` is meaningful only when refusal is kNone.
struct [[nodiscard]] DecodedAffinity {
  AffinityToken token = {};
  AffinityRefusal refusal = AffinityRefusal::kAbsent;

  explicit operator bool() const { return refusal == AffinityRefusal::kNone; }
};

// Text of fixed room, so that encoding allocates nothing either.
class AffinityText final {
 public:
  std::string_view view() const { return {bytes_.data(), size_}; }
  operator std::string_view() const { return view(); }  // NOLINT: it is a text

 private:
  friend class AffinityCodec;
  std::array<char, kAffinityValueBytesMax> bytes_;
  std::size_t size_ = 0;
};

// A foreign value taken apart, without any key.
DecodedAffinity decode_weblogic(std::string_view value);
DecodedAffinity decode_route(std::string_view value);

class AffinityCodec final {
 public:
  struct Options {
    Dialect dialect = Dialect::kAuto;
    // Without a ring native values are decoded but stay unverified, and cannot be encoded; insert
    // values are refused.
    std::shared_ptr<const Keyring> keyring = {};
    std::string cluster = {};  // see kDefaultClusterName
  };
  explicit AffinityCodec(const Options& options);

  // kAuto takes, in this order: native if it begins with "1." and has the length and the dots of
  // one (its verdict then stands: a broken native value is refused, not read as something else);
  // weblogic if there is a '!'; route otherwise. It never takes insert.
  DecodedAffinity decode(std::string_view value) const;

  // In the token's own dialect. Nothing when the token cannot be written: native without a primary,
  // insert without a member, both without keys, an id or route with bytes its dialect has no room
  // for.
  std::optional<AffinityText> encode(const AffinityToken& token) const;

  // Was this native value signed with the key that signs now? Ask only about verified ones. If not,
  // its key is on the way out, and the client needs a new value before that is removed.
  bool is_signed_with_first_key(std::string_view value) const;

  Dialect dialect() const { return dialect_; }

  // Of a member of this name.
  MemberTags member_tags(std::string_view name) const;

 private:
  DecodedAffinity decode_native(std::string_view value) const;
  DecodedAffinity decode_insert(std::string_view value) const;
  bool encode_native(const AffinityToken& token, AffinityText& text) const;
  bool encode_weblogic(const AffinityToken& token, AffinityText& text) const;
  bool encode_route(const AffinityToken& token, AffinityText& text) const;
  bool encode_insert(const AffinityToken& token, AffinityText& text) const;

  // Constant after construction.
  Dialect dialect_;
  std::optional<TextSigner> signer_;
};

// Remembers a connection's last value: the same bytes again are not parsed and hashed again. Native
// values only when verified. Owned by a downstream connection, loop thread only; used with one
// codec, forget() when that is replaced (other keys, another cluster).
class AffinityMemo final {
 public:
  // The token's views point into `value`, as with codec.decode(value).
  DecodedAffinity decode(const AffinityCodec& codec, std::string_view value);
  void forget() { size_ = 0; }

 private:
  static constexpr std::size_t kValueBytesMax = 128;  // longer ones are decoded every time

  void remember(std::string_view value, const AffinityToken& token);

  std::array<char, kValueBytesMax> bytes_;
  std::size_t size_ = 0;
  std::size_t id_at_ = 0;
  std::size_t route_at_ = 0;
  AffinityToken token_;  // only the sizes of its views count; where they begin is above
};

}  // namespace understudy
