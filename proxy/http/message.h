// SPDX-License-Identifier: Apache-2.0
// The head of a request and of a response as plain values. Every view points into the buffer of the
// connection that the head came from and dies when that buffer moves or is consumed past the head;
// `fields` points into the array that the caller gave to the parser. No behaviour beyond look-up,
// no allocation, no owner. Made by http1_parser and http2_server_codec, read by the rooms above.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/http/field_id.h"

namespace understudy::http {

enum class Version : uint8_t { kHttp10, kHttp11 };

// Case-sensitive on the wire (RFC 9110 9.1). kOther is any other token; see method_text.
enum class Method : uint8_t {
  kGet,
  kHead,
  kPost,
  kPut,
  kDelete,
  kPatch,
  kOptions,
  kTrace,
  kConnect,
  kOther,
};
std::string_view to_text(Method method);  // empty for kOther
// RFC 9110 9.2.1 and 9.2.2; kOther is neither.
bool is_safe(Method method);
bool is_idempotent(Method method);

struct Field {
  std::string_view name;   // as received; the line starts at name.data()
  std::string_view value;  // without surrounding blanks; may be empty
  FieldId id = FieldId::kOther;
};

// The fields of one head in the order received.
class FieldList final {
 public:
  FieldList() = default;
  FieldList(std::span<const Field> fields, FieldSet present) : fields_(fields), present_(present) {}

  size_t size() const { return fields_.size(); }
  const Field& operator[](size_t index) const { return fields_[index]; }
  const Field* begin() const { return fields_.data(); }
  const Field* end() const { return fields_.data() + fields_.size(); }

  FieldSet present() const { return present_; }
  bool has(FieldId id) const { return present_.has(id); }
  // The first one, or null. Costs nothing when there is none.
  const Field* find(FieldId id) const;
  // The first one's value, or empty: absent and empty are the same here.
  std::string_view value(FieldId id) const;
  // How many lines carry this id.
  size_t count(FieldId id) const;

 private:
  std::span<const Field> fields_;
  FieldSet present_;
};

// Where the body ends (RFC 9112 6.3).
enum class Framing : uint8_t {
  kNone,        // no body follows this head
  kLength,      // `length` bytes follow; may be 0
  kChunked,     // chunks follow, see chunked.h
  kUntilClose,  // responses only: the body ends with the connection
};

struct BodyFraming {
  Framing kind = Framing::kNone;
  uint64_t length = 0;  // kLength only
  // False when not a single byte of body follows.
  bool has_bytes() const {
    return kind == Framing::kChunked || kind == Framing::kUntilClose || length != 0;
  }
};

// What the Connection fields said, all of them taken together.
struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  uint8_t nominated = 0;  // options that name fields; at most kNominationsMax, see hop_by_hop.h
};

// RFC 9112 3.2.
enum class TargetForm : uint8_t { kOrigin, kAbsolute, kAuthority, kAsterisk };

struct RequestHead {
  // The head's bytes from the request line's first to the empty line's last. Over HTTP/2 they are
  // the text that http2_head writes, with the version "HTTP/2.0". Empty when the head was made from
  // no text: then the field lines do not lie in a row.
  std::string_view bytes;
  std::string_view method_text;
  std::string_view target;  // as received
  // Of the target, as received (no percent-decoding): path starts with '/', or is "*" in the
  // asterisk-form and empty in the authority-form. query starts with '?', or is empty.
  std::string_view path;
  std::string_view query;
  // host[:port]: the target's own in the absolute- and the authority-form, else the Host field's.
  // Syntax is checked. Empty only in HTTP/1.0 without Host.
  std::string_view authority;
  std::string_view host;  // authority without the port, IPv6 with its brackets
  FieldList fields;
  BodyFraming body;  // kNone or kLength or kChunked
  Method method = Method::kGet;
  Version version = Version::kHttp11;  // a higher 1.x counts as 1.1 (RFC 9110 2.5)
  TargetForm target_form = TargetForm::kOrigin;
  ConnectionOptions connection;
  uint16_t port = 0;              // of authority; 0 when none is named
  bool keep_alive = false;        // the client allows another request after this one
  bool expect_continue = false;   // it waits for 100 (Continue); never on HTTP/1.0
  bool wants_upgrade = false;     // Upgrade field and Connection: upgrade, on HTTP/1.1
  bool accepts_trailers = false;  // TE: trailers
};

struct ResponseHead {
  std::string_view bytes;   // as in RequestHead
  std::string_view reason;  // may be empty
  FieldList fields;
  BodyFraming body;     // kNone for 1xx, 204, 304 and the answer to HEAD, whatever the fields say
  uint16_t status = 0;  // 100 to 599
  Version version = Version::kHttp11;
  ConnectionOptions connection;
  bool keep_alive = false;  // the backend's connection may serve again after this body
  bool is_interim() const { return status < 200 && status != 101; }
};

}  // namespace understudy::http
