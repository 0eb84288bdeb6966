// SPDX-License-Identifier: Apache-2.0
// Http2Session: one HTTP/2 connection with nghttp2 (RFC 9113, RFC 7541), as far as it is the same
// whether the peer is a client or a member: the guard in front of it, its output, its end. The two
// codecs derive from it what their streams mean, and give nghttp2 their callbacks. Not for other
// rooms. Pure; one thread.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "proxy/http/field_id.h"
#include "proxy/http/http2/http2_body_source.h"
#include "proxy/http/http2/http2_guard.h"
#include "proxy/http/http2/http2_memory.h"

namespace understudy::http {

// What concerns one connection only may not stand in HTTP/2 (RFC 9113 8.2.2).
inline constexpr FieldSet kConnectionFields{FieldId::kConnection, FieldId::kKeepAlive,
                                            FieldId::kProxyConnection, FieldId::kTransferEncoding,
                                            FieldId::kUpgrade};

// The views must live until the field is packed; without flags nghttp2 copies both, and turns the
// name into lower case.
nghttp2_nv nv_of(std::string_view name, std::string_view value,
                 uint8_t flags = NGHTTP2_NV_FLAG_NONE);
// Of "name: value" CRLF.
void add_lines(std::string_view lines, std::vector<nghttp2_nv>& out);

class Http2Session {
 public:
  Http2Session(const Http2Session&) = delete;

  // Takes a frame, or a part of one; how many bytes that were. 0: take() first, or no more at all
  // (is_over). The callbacks are called from within.
  size_t feed(std::string_view bytes, TimePoint now);
  // Writes what there is to send, at most room.size() bytes; how many they were.
  size_t take(std::span<char> room);
  bool has_output() const;
  bool is_over() const;
  // Of is_over(): for what the peer sent, and not because it or we had done.
  bool has_failed() const { return has_failed_ || broken_; }
  bool is_ending() const { return terminated_ || broken_; }
  Http2Abuse abuse() const { return abuse_; }

  // GOAWAY, and the end of all streams.
  void terminate(uint32_t error);
  void reset(int32_t stream, Http2Error error);
  void resume(int32_t stream) { nghttp2_session_resume_data(get(), stream); }
  void open_window(int32_t stream, size_t bytes);
  // Nothing else is waiting: what is submitted now is packed by the next pull().
  bool can_pack_now() const;
  void pull();

  // No stream is open. Its memory is packed until it is used again; false when it is already, or
  // when something is to be sent.
  bool rest();

  Http2Guard& guard() { return guard_; }
  nghttp2_session* get() const {
    if (memory_.is_packed()) [[unlikely]]
      memory_.unpack();
    return nghttp2_.get();
  }

  // For the codecs' callbacks, whose `user` is an Http2Session*; those that both have are set.
  static nghttp2_session_callbacks* make_callbacks();
  static nghttp2_data_provider provider_of(Http2BodySource* source);
  void on_goaway_sent(uint32_t error);
  void blame(Http2Abuse abuse);
  TimePoint now() const { return now_; }
  // What pull() has brought, and what is sent in its place; the bytes must live until then.
  std::string_view pending() const { return pending_; }
  void replace_pending(std::string_view bytes) { pending_ = bytes; }

 protected:
  explicit Http2Session(Http2Guard::Sender peer) : guard_(peer) {}
  ~Http2Session();
  void begin(const nghttp2_session_callbacks* calls,
             std::initializer_list<nghttp2_settings_entry> settings);

 private:
  static ssize_t read_body(nghttp2_session* session, int32_t stream, uint8_t*, size_t bytes_max,
                           uint32_t* flags, nghttp2_data_source* from, void* user);
  static int write_body(nghttp2_session*, nghttp2_frame*, const uint8_t* frame_head, size_t bytes,
                        nghttp2_data_source* from, void* user);

  struct Deleter {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };
  mutable Http2Memory memory_;
  std::unique_ptr<nghttp2_session, Deleter> nghttp2_;
  Http2Guard guard_;
  std::string_view pending_;  // of nghttp2's, not taken yet
  std::span<char> room_;      // within take()
  TimePoint now_{};           // of the last feed()
  Http2Abuse abuse_ = Http2Abuse::kNone;
  bool must_take_ = false;   // there is output that may be the end
  bool terminated_ = false;  // a last GOAWAY is on its way
  bool has_failed_ = false;  // and it is the peer's fault
  bool broken_ = false;      // nghttp2 has given up without one
};

}  // namespace understudy::http
