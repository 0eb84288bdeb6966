// SPDX-License-Identifier: Apache-2.0
// Http2ServerCodec: the bytes of one client's HTTP/2 connection <-> what they mean (RFC 9113, RFC
// 7541), with nghttp2. It owns no socket, no timer and no stream's state beyond the protocol's:
// bytes go in by feed(), frame by frame, and come out by take(). Nothing is called back from within
// feed(), and from within take() only Http2BodySource. Pure; one thread. Owned by downstream/'s
// connection.
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
#include "proxy/http/http2/http2_head.h"
#include "proxy/http/message.h"

namespace understudy::http {

// What one feed() has brought.
struct Http2Event {
  int32_t stream = 0;
  void* user = nullptr;            // as set_user() said
  bool head = false;               // of a request: head() is complete, or refused
  bool end = false;                // the client will send no more on this stream
  std::string_view data = {};      // of the request's body; into the bytes that were fed
  std::string_view trailers = {};  // "name: value" CRLF; until the next feed()
};

class Http2ServerCodec final {
 public:
  explicit Http2ServerCodec(const HeadLimits& limits);
  ~Http2ServerCodec();
  Http2ServerCodec(const Http2ServerCodec&) = delete;

  // ---- From the client.
  // Takes a frame, or a part of one; how many bytes that were. 0 means: take() first, or no more at
  // all (is_over). `bytes` must not be empty.
  size_t feed(std::string_view bytes, TimePoint now, Http2Event& event);
  // Of the event that feed() has just given; may be swapped with another one, which is used next.
  std::unique_ptr<Http2Head>& head();
  bool is_in_header_block() const;
  // Streams with a user that have ended, since the last call; their users are forgotten.
  std::vector<void*>& closed();

  // ---- To the client. Everything goes out by take() only.
  void set_user(int32_t stream, void* user);
  void send_interim(int32_t stream, const ResponseHead& head, const FieldMask& dropped);
  // `added`: lines with their CRLF. Without a source the stream ends with the head.
  void send_head(int32_t stream, const ResponseHead& head, const ResponseRewrite& rewrite,
                 Http2BodySource* source);
  void resume(int32_t stream);
  // The stream is a tunnel: each side ends by itself, and our end does not cut off the client's.
  void set_tunnel(int32_t stream);
  void reset(int32_t stream, Http2Error error);
  // So much of bodies has been consumed and may be sent anew: over all streams, and on one.
  void open_connection_window(size_t bytes);
  void open_stream_window(int32_t stream, size_t bytes);
  // GOAWAY: no further requests; those under way go on. May come before the last word.
  void announce_end();
  void refuse_new_streams();
  // GOAWAY, and the end of all streams.
  void terminate(Http2Error error);

  // Writes what there is to send, at most room.size() bytes; how many they were.
  size_t take(std::span<char> room);
  bool has_output() const;
  // The client has been silent for a while: gives back what an idle connection need not keep. The
  // next call brings it back. Nothing happens while a stream is open or something is to be sent.
  void rest();
  // The last GOAWAY has been taken, or the client cannot be understood: nothing is fed any more.
  bool is_over() const;
  // What the client did, when it was sent away for that.
  Http2Abuse abuse() const;

 private:
  friend struct Http2ServerCallbacks;
  struct Session;
  std::unique_ptr<Session> session_;
};

}  // namespace understudy::http
