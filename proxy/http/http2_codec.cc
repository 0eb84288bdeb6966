// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/http2_codec.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string>

#include "base/check.h"
#include "proxy/http/field_table.h"

namespace understudy::http {
namespace {

// Second line of defence; Http2Guard is stricter.
constexpr size_t kUnsentAcksMax = 256;
constexpr size_t kSettingsEntriesMax = 32;

// What one connection only concerns may not stand in HTTP/2 (RFC 9113 8.2.2).
constexpr FieldSet kNotInHttp2{FieldId::kConnection, FieldId::kKeepAlive, FieldId::kProxyConnection,
                               FieldId::kTransferEncoding, FieldId::kUpgrade};

struct SessionDeleter {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};

uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
}

// The view must live until the field is packed.
nghttp2_nv nv_of(std::string_view name, std::string_view value, uint8_t flags) {
  return {bytes_of(name), bytes_of(value), name.size(), value.size(), flags};
}

// nghttp2 turns names that it copies into lower case by itself.
nghttp2_nv nv_of(const Field& field, bool copies) {
  if (copies) return nv_of(field.name, field.value, NGHTTP2_NV_FLAG_NONE);
  const internal::KnownName& known = internal::kKnownNames[static_cast<size_t>(field.id)];
  if (known.size == field.name.size()) {
    return nv_of({known.folded.data(), known.size}, field.value,
                 NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE);
  }
  return nv_of(field.name, field.value, NGHTTP2_NV_FLAG_NO_COPY_VALUE);
}

void add_lines(std::string_view lines, std::vector<nghttp2_nv>& out) {
  while (!lines.empty()) {
    const size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 2);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) continue;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
    while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
    out.push_back(nv_of(line.substr(0, colon), value, NGHTTP2_NV_FLAG_NONE));
  }
}

}  // namespace

struct Http2Codec::Session {
  explicit Session(const HeadLimits& limits_given) : limits(limits_given) {}

  // Owned.
  std::unique_ptr<nghttp2_session, SessionDeleter> nghttp2;
  Http2Guard guard;
  // Of the header block that is being received.
  std::unique_ptr<Http2Head> head = std::make_unique<Http2Head>();
  std::string trailers;
  std::vector<void*> closed;
  std::vector<int32_t> tunnels;    // no more than there may be streams
  std::vector<nghttp2_nv> fields;  // scratch
  std::string_view pending;        // of nghttp2's, not taken yet

  // Constant after construction.
  const HeadLimits limits;

  // Within feed() and take().
  Http2Event* event = nullptr;
  std::span<char> room;
  TimePoint now{};

  Http2Abuse abuse = Http2Abuse::kNone;
  bool must_take = false;   // there is output that may be the end
  bool terminated = false;  // a last GOAWAY is on its way
  bool broken = false;      // nghttp2 has given up without one

  void on_reset_seen() {
    const Http2Abuse seen = guard.on_reset(now);
    if (seen != Http2Abuse::kNone && abuse == Http2Abuse::kNone) abuse = seen;
  }
  void terminate(uint32_t error) {
    if (terminated) return;
    terminated = true;
    nghttp2_session_terminate_session(nghttp2.get(), error);
  }
  bool can_pack_now() const {
    return pending.empty() && nghttp2_session_want_write(nghttp2.get()) == 0;
  }
  void pull();
};

// What nghttp2 calls.
struct Http2Callbacks {
  using Session = Http2Codec::Session;

  static Session& session_of(void* user) { return *static_cast<Session*>(user); }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Session& self = session_of(user);
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      self.head->clear();
    } else {
      self.trailers.clear();
    }
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                       size_t name_bytes, const uint8_t* value, size_t value_bytes, uint8_t,
                       void* user) {
    Session& self = session_of(user);
    const std::string_view name_text(reinterpret_cast<const char*>(name), name_bytes);
    const std::string_view value_text(reinterpret_cast<const char*>(value), value_bytes);
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      self.head->add(name_text, value_text, self.limits);
      if (!self.head->is_beyond_measure()) return 0;
      self.on_reset_seen();
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    if (self.trailers.size() + name_bytes + value_bytes + 4 > kTrailerBytesMax) {
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    self.trailers.append(name_text).append(": ").append(value_text).append("\r\n");
    return 0;
  }

  // RFC 9113 8.1.1: a malformed request is a stream error; nghttp2 would only leave the field out.
  static int on_invalid_header(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t,
                               const uint8_t*, size_t, uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_frame_received(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Session& self = session_of(user);
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    Http2Event& event = *self.event;
    if (frame->hd.type == NGHTTP2_HEADERS) {
      event.stream = frame->hd.stream_id;
      event.user = nghttp2_session_get_stream_user_data(session, event.stream);
      event.end = ends;
      if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        self.head->finish(!ends, self.limits);
        if (self.head->refusal() != Refusal::kNone) self.on_reset_seen();
        event.head = true;
      } else {
        event.trailers = self.trailers;
      }
    } else if (frame->hd.type == NGHTTP2_DATA && ends) {
      event.stream = frame->hd.stream_id;
      event.user = nghttp2_session_get_stream_user_data(session, event.stream);
      event.end = true;
    }
    return 0;
  }

  static int on_data(nghttp2_session* session, uint8_t, int32_t stream, const uint8_t* data,
                     size_t bytes, void* user) {
    Http2Event& event = *session_of(user).event;
    event.stream = stream;
    event.user = nghttp2_session_get_stream_user_data(session, stream);
    event.data = {reinterpret_cast<const char*>(data), bytes};
    return 0;
  }

  static int on_closed(nghttp2_session* session, int32_t stream, uint32_t, void* user) {
    if (auto& tunnels = session_of(user).tunnels; !tunnels.empty()) std::erase(tunnels, stream);
    if (void* of_stream = nghttp2_session_get_stream_user_data(session, stream)) {
      session_of(user).closed.push_back(of_stream);
    }
    return 0;
  }

  static int on_frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Session& self = session_of(user);
    const int32_t stream = frame->hd.stream_id;
    if (frame->hd.type == NGHTTP2_DATA) self.guard.on_data_sent();
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
      // CVE-2025-8671: a stream that the client makes us reset counts like one that it resets.
      const uint32_t error = frame->rst_stream.error_code;
      if (error != NGHTTP2_NO_ERROR && error != NGHTTP2_INTERNAL_ERROR) self.on_reset_seen();
    } else if (frame->hd.type == NGHTTP2_GOAWAY) {
      if (frame->goaway.error_code != NGHTTP2_NO_ERROR) self.terminated = true;
    } else if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
               (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
               nghttp2_session_get_stream_remote_close(session, stream) == 0 &&
               std::find(self.tunnels.begin(), self.tunnels.end(), stream) == self.tunnels.end()) {
      // RFC 9113 8.1: answered before the request was complete; its rest is of no use.
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_NO_ERROR);
    }
    return 0;
  }

  static ssize_t read_body(nghttp2_session* session, int32_t stream, uint8_t*, size_t bytes_max,
                           uint32_t* flags, nghttp2_data_source* from, void* user) {
    Session& self = session_of(user);
    auto& source = *static_cast<Http2BodySource*>(from->ptr);
    if (self.room.size() <= kHttp2FrameHeadBytes) {
      source.on_body_wanted();
      return NGHTTP2_ERR_DEFERRED;
    }
    const auto offer =
        source.offer_body(std::min(bytes_max, self.room.size() - kHttp2FrameHeadBytes));
    if (offer.bytes == 0 && !offer.last) {
      source.on_body_wanted();
      return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (offer.last) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (const std::string_view lines = source.trailers(); !lines.empty()) {
        std::vector<nghttp2_nv> fields;
        add_lines(lines, fields);
        if (nghttp2_submit_trailer(session, stream, fields.data(), fields.size()) == 0) {
          *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        }
      }
    }
    return static_cast<ssize_t>(offer.bytes);
  }

  static int write_body(nghttp2_session*, nghttp2_frame*, const uint8_t* frame_head, size_t bytes,
                        nghttp2_data_source* from, void* user) {
    Session& self = session_of(user);
    CHECK(self.room.size() >= kHttp2FrameHeadBytes + bytes, "more data than there is room for");
    std::memcpy(self.room.data(), frame_head, kHttp2FrameHeadBytes);
    self.room = self.room.subspan(kHttp2FrameHeadBytes);
    static_cast<Http2BodySource*>(from->ptr)->take_body(self.room.data(), bytes);
    self.room = self.room.subspan(bytes);
    return 0;
  }

  static nghttp2_session_callbacks* make() {
    nghttp2_session_callbacks* calls = nullptr;
    CHECK(nghttp2_session_callbacks_new(&calls) == 0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(calls, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(calls, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame_received);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_closed);
    nghttp2_session_callbacks_set_on_frame_send_callback(calls, on_frame_sent);
    nghttp2_session_callbacks_set_send_data_callback(calls, write_body);
    return calls;
  }

  static nghttp2_option* make_option() {
    nghttp2_option* option = nullptr;
    CHECK(nghttp2_option_new(&option) == 0);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_max_outbound_ack(option, kUnsentAcksMax);
    nghttp2_option_set_max_settings(option, kSettingsEntriesMax);
    return option;
  }
};

Http2Codec::Http2Codec(const HeadLimits& limits) : session_(std::make_unique<Session>(limits)) {
  // Immutable, and the same for all connections.
  static const nghttp2_session_callbacks* const calls = Http2Callbacks::make();
  static const nghttp2_option* const option = Http2Callbacks::make_option();
  nghttp2_session* session = nullptr;
  CHECK(nghttp2_session_server_new2(&session, calls, session_.get(), option) == 0);
  session_->nghttp2.reset(session);
  constexpr uint16_t kNoRfc7540Priorities = 0x9;  // RFC 9218 2.1
  const std::array<nghttp2_settings_entry, 4> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kHttp2StreamsMax},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.head_bytes_max},
      {kNoRfc7540Priorities, 1},
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},  // RFC 8441 3
  }};
  CHECK(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  CHECK(nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                              kHttp2ConnectionWindowBytes) == 0);
}

Http2Codec::~Http2Codec() = default;

// ---- From the client.

// A frame that made nghttp2 queue something may have made it end the connection. It is given
// nothing more before it has said so: CVE-2026-27135 is what happens otherwise.
size_t Http2Codec::feed(std::string_view bytes, TimePoint now, Http2Event& event) {
  DCHECK(!bytes.empty());
  Session& self = *session_;
  event = {};
  if (is_over() || self.must_take || self.terminated) return 0;
  self.now = now;
  const Http2Guard::Step step = self.guard.next(bytes, now);
  if (step.abuse != Http2Abuse::kNone) {
    self.abuse = step.abuse;
    self.terminate(NGHTTP2_ENHANCE_YOUR_CALM);
    return 0;
  }
  self.event = &event;
  nghttp2_session* const session = self.nghttp2.get();
  const size_t queued = nghttp2_session_get_outbound_queue_size(session);
  const ssize_t read =
      nghttp2_session_mem_recv(session, reinterpret_cast<const uint8_t*>(bytes.data()), step.bytes);
  self.event = nullptr;
  if (read < 0) {
    self.broken = true;
    event = {};
    return 0;
  }
  self.must_take = nghttp2_session_get_outbound_queue_size(session) > queued;
  if (self.abuse != Http2Abuse::kNone) self.terminate(NGHTTP2_ENHANCE_YOUR_CALM);
  return step.bytes;
}

std::unique_ptr<Http2Head>& Http2Codec::head() {
  return session_->head;
}

bool Http2Codec::is_in_header_block() const {
  return session_->guard.is_in_header_block();
}

std::vector<void*>& Http2Codec::closed() {
  return session_->closed;
}

// ---- To the client.

void Http2Codec::set_user(int32_t stream, void* user) {
  nghttp2_session_set_stream_user_data(session_->nghttp2.get(), stream, user);
}

namespace {

void add_response_fields(const ResponseHead& head, const FieldMask& dropped, bool copies,
                         std::vector<nghttp2_nv>& out) {
  const FieldList& list = head.fields;
  for (size_t i = dropped.next_clear(0, list.size()); i < list.size();
       i = dropped.next_clear(i + 1, list.size())) {
    if (!kNotInHttp2.has(list[i].id)) out.push_back(nv_of(list[i], copies));
  }
}

struct StatusText {
  explicit StatusText(unsigned status) { std::to_chars(text, text + sizeof text, status); }
  char text[3];
  nghttp2_nv field() const {
    return nv_of(":status", {text, sizeof text}, NGHTTP2_NV_FLAG_NO_COPY_NAME);
  }
};

}  // namespace

void Http2Codec::send_interim(int32_t stream, const ResponseHead& head, const FieldMask& dropped) {
  const StatusText status(head.status);
  auto& fields = session_->fields;
  fields.clear();
  fields.push_back(status.field());
  add_response_fields(head, dropped, true, fields);
  nghttp2_submit_headers(session_->nghttp2.get(), NGHTTP2_FLAG_NONE, stream, nullptr, fields.data(),
                         fields.size(), nullptr);
}

void Http2Codec::send_head(int32_t stream, const ResponseHead& head, const ResponseRewrite& rewrite,
                           Http2BodySource* source) {
  Session& self = *session_;
  const bool now = self.can_pack_now();
  const StatusText status(head.status);
  auto& fields = self.fields;
  fields.clear();
  fields.push_back(status.field());
  add_response_fields(head, rewrite.dropped, !now, fields);
  add_lines(rewrite.added, fields);
  const nghttp2_data_provider body{.source = {.ptr = source},
                                   .read_callback = Http2Callbacks::read_body};
  nghttp2_submit_response(self.nghttp2.get(), stream, fields.data(), fields.size(),
                          source ? &body : nullptr);
  // Nothing else is waiting: this packs the head, before the views into it die.
  if (now) self.pull();
}

void Http2Codec::resume(int32_t stream) {
  nghttp2_session_resume_data(session_->nghttp2.get(), stream);
}

void Http2Codec::set_tunnel(int32_t stream) {
  session_->tunnels.push_back(stream);
}

void Http2Codec::reset(int32_t stream, Http2Error error) {
  nghttp2_submit_rst_stream(session_->nghttp2.get(), NGHTTP2_FLAG_NONE, stream,
                            static_cast<uint32_t>(error));
}

void Http2Codec::open_connection_window(size_t bytes) {
  if (bytes != 0) nghttp2_session_consume_connection(session_->nghttp2.get(), bytes);
}

void Http2Codec::open_stream_window(int32_t stream, size_t bytes) {
  if (bytes != 0) nghttp2_session_consume_stream(session_->nghttp2.get(), stream, bytes);
}

void Http2Codec::announce_end() {
  nghttp2_submit_shutdown_notice(session_->nghttp2.get());
}

void Http2Codec::refuse_new_streams() {
  nghttp2_session* const session = session_->nghttp2.get();
  nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session), NGHTTP2_NO_ERROR, nullptr,
                        0);
}

void Http2Codec::terminate(Http2Error error) {
  session_->terminate(static_cast<uint32_t>(error));
}

void Http2Codec::Session::pull() {
  const uint8_t* data = nullptr;
  const ssize_t bytes = nghttp2_session_mem_send(nghttp2.get(), &data);
  if (bytes < 0) {
    broken = true;
    return;
  }
  pending = {reinterpret_cast<const char*>(data), static_cast<size_t>(bytes)};
}

size_t Http2Codec::take(std::span<char> room) {
  Session& self = *session_;
  self.room = room;
  for (;;) {
    if (!self.pending.empty()) {
      const size_t bytes = std::min(self.pending.size(), self.room.size());
      std::memcpy(self.room.data(), self.pending.data(), bytes);
      self.pending.remove_prefix(bytes);
      self.room = self.room.subspan(bytes);
    }
    if (!self.pending.empty() || self.room.empty() || self.broken) break;
    self.pull();
    if (self.pending.empty()) {
      self.must_take = false;
      break;
    }
  }
  if (self.abuse != Http2Abuse::kNone) self.terminate(NGHTTP2_ENHANCE_YOUR_CALM);
  const size_t taken = room.size() - self.room.size();
  self.room = {};
  return taken;
}

bool Http2Codec::has_output() const {
  return !session_->broken &&
         (!session_->pending.empty() || nghttp2_session_want_write(session_->nghttp2.get()) != 0);
}

bool Http2Codec::is_over() const {
  const Session& self = *session_;
  return self.broken ||
         (self.pending.empty() && nghttp2_session_want_read(self.nghttp2.get()) == 0 &&
          nghttp2_session_want_write(self.nghttp2.get()) == 0);
}

Http2Abuse Http2Codec::abuse() const {
  return session_->abuse;
}

}  // namespace understudy::http
