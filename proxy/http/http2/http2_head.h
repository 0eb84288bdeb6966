// SPDX-License-Identifier: Apache-2.0
// Http2Head: one request's head as it comes out of HPACK, written down as lines of text, so that
// all rooms above read, forward and log it like one of HTTP/1.1. What HTTP/2 allows and HTTP/1.1
// does not, and what two readers could read in two ways, is refused here (RFC 9113 8.1 to 8.3).
//
// text_: "GET /x HTTP/2.0" CRLF "host: a" CRLF, the fields in the order received, the cookie crumbs
// as one field, "transfer-encoding: chunked" where a body comes whose length is not known, CRLF.
// A WebSocket's extended CONNECT (RFC 8441) becomes the GET of RFC 6455 4.1 that means the same,
// with an Upgrade field and a key that is the proxy's own.
// Pure. Filled by the codec, then owned by the stream that answers the request; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/http2/http2_limits.h"
#include "proxy/http/limits.h"
#include "proxy/http/message.h"
#include "proxy/http/refusal.h"
#include "proxy/http/websocket.h"

namespace understudy::http {

class Http2Head final {
 public:
  // Begins anew; the room of before is used again, unless it was large.
  void clear();
  // A field as it was decoded, pseudo-header fields first. What exceeds the limits is not kept.
  void add(std::string_view name, std::string_view value, const HeadLimits& limits);
  // Behind the last field. `has_body`: the head does not end the stream.
  void finish(bool has_body, const HeadLimits& limits);
  // Why this head is refused; kNone: view() may be used.
  Refusal refusal() const { return refusal_; }
  // So much came behind what was refused that decoding the rest is not worth an answer.
  bool is_beyond_measure() const { return beyond_ > kHttp2FieldsBeyondMax; }

  // The views point into text() and into `fields`, which has room for kFieldsMax.
  RequestHead view(std::span<Field> fields) const;
  // As far as it could be written.
  std::string_view text() const { return text_; }
  Method method() const { return method_; }
  // Whether this asks for a WebSocket; then its key must be set before view() is used.
  bool is_websocket() const { return websocket_; }
  void set_websocket_key(const WebSocketKey& key);
  std::string_view websocket_key() const;

 private:
  struct Line {
    uint32_t at;  // in text_
    uint32_t name_bytes;
    uint32_t value_bytes;
    FieldId id;
  };
  void refuse(Refusal why);
  void add_pseudo(std::string_view name, std::string_view value);
  void check_protocol();
  void add_crumb(std::string_view value, const HeadLimits& limits);
  void add_line(std::string_view name, std::string_view value, FieldId id);
  void note(std::string_view value, FieldId id);
  void start(const HeadLimits& limits);
  void frame_body(bool has_body);
  Refusal check_target();
  std::string_view value_of(const Line& line) const;

  std::string text_;
  std::string method_text_;
  std::string path_;
  std::string authority_;
  std::string protocol_;
  std::string cookie_;
  std::vector<Line> lines_;
  FieldSet present_;
  BodyFraming body_;
  uint64_t content_length_ = 0;
  uint32_t list_bytes_ = 0;  // as RFC 9113 6.5.2 counts
  uint32_t count_ = 0;       // of fields received, each crumb counts
  uint32_t beyond_ = 0;      // fields behind the one that was refused
  uint32_t authority_line_ = 0;
  uint32_t host_bytes_ = 0;  // of the authority, which begins with it
  uint32_t key_at_ = 0;      // in text_, of a WebSocket
  uint16_t port_ = 0;
  Method method_ = Method::kOther;
  Refusal refusal_ = Refusal::kNone;
  bool started_ = false;
  bool scheme_is_known_ = false;
  bool websocket_ = false;
  bool expect_continue_ = false;
  bool accepts_trailers_ = false;
};

}  // namespace understudy::http
