// SPDX-License-Identifier: Apache-2.0
// Http2MemberCodec: the bytes of one HTTP/2 connection to a member <-> what they mean (RFC 9113,
// RFC 7541), with nghttp2. It owns no socket, no timer and no stream's state beyond the protocol's:
// bytes go in by feed(), frame by frame, and come out by take(). Nothing is called back from within
// feed(), and from within take() only Http2BodySource. A member is believed no more than a client:
// the same limits hold. Pure; one thread. Owned by upstream/'s connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "proxy/http/head_rewrite.h"
#include "proxy/http/http2/http2_body_source.h"
#include "proxy/http/http2/http2_guard.h"
#include "proxy/http/limits.h"
#include "proxy/http/message.h"

namespace understudy::http {

// A member may send so much of a body before the client's side has consumed it.
inline constexpr uint32_t kHttp2MemberWindowBytes = 128 * 1024;

// What one feed() has brought.
struct Http2Answer {
  void* user = nullptr;  // of the stream; null: nothing has happened, or the stream has no user
  // A response's head as HTTP/1.1 writes it, without the empty line; until the next feed(). The user
  // that frames the body adds how, and lets parse_response_head refuse what it refuses anywhere.
  std::string_view head = {};
  std::string_view data = {};      // of its body; into the bytes that were fed
  std::string_view trailers = {};  // "name: value" CRLF; until the next feed()
  std::string_view refused = {};   // why the stream is of no use any more; a constant
  bool too_large = false;          // with refused: a limit was exceeded
  bool has_length = false;         // with head: Content-Length is in it
  bool end = false;                // the member will send no more on this stream
};

// A stream that has ended, from either side.
struct Http2Ended {
  void* user = nullptr;
  uint32_t error = 0;  // RFC 9113 7; 0: in order
};

class Http2MemberCodec final {
 public:
  // `limits`: of an answer's head.
  explicit Http2MemberCodec(const HeadLimits& limits);
  ~Http2MemberCodec();
  Http2MemberCodec(const Http2MemberCodec&) = delete;

  // ---- From the member.
  // Takes a frame, or a part of one; how many bytes that were. 0 means: take() first, or no more at
  // all (is_over). `bytes` must not be empty.
  size_t feed(std::string_view bytes, TimePoint now, Http2Answer& answer);
  // Streams with a user that have ended, since the last call; their users are forgotten. Those
  // that a GOAWAY says were never looked at end with kRefusedStream.
  std::vector<Http2Ended>& ended();

  // ---- To the member. Everything goes out by take() only.
  // Whether the member takes another stream while `open` are there.
  bool can_open(size_t open) const;
  struct Request {
    const RequestHead& head;
    const RequestRewrite& rewrite;
    std::string_view scheme;
    Http2BodySource* source = nullptr;  // null: the stream ends with the head
    void* user = nullptr;
  };
  // The stream's number; 0: it could not begin.
  int32_t send_head(const Request& request);
  void resume(int32_t stream);
  void reset(int32_t stream, Http2Error error);
  void forget_user(int32_t stream);
  // So much of a body has been consumed and may be sent anew.
  void open_window(int32_t stream, size_t bytes);
  void terminate(Http2Error error);

  // Writes what there is to send, at most room.size() bytes; how many they were.
  size_t take(std::span<char> room);
  bool has_output() const;
  // The last GOAWAY has been taken, or the member cannot be understood: nothing is fed any more.
  bool is_over() const;
  // Of is_over(): for what the member sent, and not because it has closed the connection in order.
  bool has_failed() const;
  // What the member did, when we parted from it for that.
  Http2Abuse abuse() const;

 private:
  friend struct Http2MemberCallbacks;
  struct Session;
  std::unique_ptr<Session> session_;
};

}  // namespace understudy::http
