// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/http2/http2_server_codec.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "base/check.h"
#include "proxy/http/field_table.h"
#include "proxy/http/hop_by_hop.h"
#include "proxy/http/http2/http2_session.h"

namespace understudy::http {
namespace {

// Streams that we have reset and remember: frames may still come for them (RFC 9113 5.1).
constexpr size_t kResetStreamsMax = 2 * kHttp2StreamsMax;
// nghttp2 answers a stream beyond its limit with the connection's end. It is told this one, so that
// ours is met first, and by RST_STREAM (RFC 9113 5.1.2).
constexpr uint32_t kStreamsMaxOfNghttp2 = 2 * kHttp2StreamsMax;

nghttp2_nv nv_of_field(const Field& field, bool copies) {
  if (copies) return nv_of(field.name, field.value);
  const internal::KnownName& known = internal::kKnownNames[static_cast<size_t>(field.id)];
  if (known.size == field.name.size()) {
    return nv_of({known.folded.data(), known.size}, field.value,
                 NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE);
  }
  return nv_of(field.name, field.value, NGHTTP2_NV_FLAG_NO_COPY_VALUE);
}

// SETTINGS as nghttp2 writes them, with our limit of streams.
std::string with_streams_max(std::string_view settings) {
  std::string frame(settings);
  constexpr size_t kEntryBytes = 6;  // RFC 9113 6.5.1
  for (size_t at = kHttp2FrameHeadBytes; at + kEntryBytes <= frame.size(); at += kEntryBytes) {
    if (frame[at] != 0 || frame[at + 1] != NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) continue;
    static_assert(kHttp2StreamsMax < 0x100);
    frame.replace(at + 2, 4, {0, 0, 0, static_cast<char>(kHttp2StreamsMax)});
  }
  return frame;
}

}  // namespace

struct Http2ServerCodec::Session final : Http2Session {
  explicit Session(const HeadLimits& limits_given);

  // Of the header block that is being received.
  std::unique_ptr<Http2Head> head;
  std::string trailers;
  std::vector<void*> closed;
  std::vector<int32_t> tunnels;    // no more than there may be streams
  std::vector<nghttp2_nv> fields;  // scratch
  std::string greeting;            // what is sent first

  // Constant after construction.
  const HeadLimits limits;

  Http2Event* event = nullptr;  // within feed()

  std::vector<int32_t> was_reset;  // by us; a ring
  size_t next_reset = 0;
  int32_t last_stream = 0;     // that the client has begun
  int32_t refused_stream = 0;  // whose head is being received, and is of no use
  uint32_t open = 0;           // streams
  bool is_leaving = false;     // a GOAWAY is out: what a stream is can no longer be told

  void on_reset_seen() { blame(guard().on_reset(now())); }
  void on_reset_sent(int32_t stream) {
    if (was_reset.size() < kResetStreamsMax) {
      was_reset.push_back(stream);
    } else {
      was_reset[next_reset++ % kResetStreamsMax] = stream;
    }
  }
  // RFC 9113 5.1.1 and 5.1: whether HEADERS may come on it.
  Http2Error judge_headers(int32_t stream);
};

// What nghttp2 calls.
struct Http2ServerCallbacks {
  using Session = Http2ServerCodec::Session;

  static Session& session_of(void* user) {
    return static_cast<Session&>(*static_cast<Http2Session*>(user));
  }

  // nghttp2 leaves frames alone whose stream cannot be theirs.
  static int on_begin_frame(nghttp2_session* session, const nghttp2_frame_hd* head, void* user) {
    Session& self = session_of(user);
    Http2Error error = Http2Error::kNone;
    if (head->type == NGHTTP2_HEADERS) {
      error = self.judge_headers(head->stream_id);
    } else if (head->type == NGHTTP2_PRIORITY && head->stream_id == 0) {
      error = Http2Error::kProtocol;  // RFC 9113 6.3
    }
    if (error != Http2Error::kNone) {
      nghttp2_session_terminate_session(session, static_cast<uint32_t>(error));
    }
    return 0;
  }

  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Session& self = session_of(user);
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      if (self.head == nullptr) self.head = std::make_unique<Http2Head>();
      self.head->clear();
      if (++self.open > kHttp2StreamsMax) {
        self.refused_stream = frame->hd.stream_id;
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                  NGHTTP2_REFUSED_STREAM);
      }
    } else {
      self.trailers.clear();
    }
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                       size_t name_bytes, const uint8_t* value, size_t value_bytes, uint8_t,
                       void* user) {
    Session& self = session_of(user);
    if (frame->hd.stream_id == self.refused_stream) return 0;
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
    if (frame->hd.stream_id != 0 && frame->hd.stream_id == self.refused_stream) return 0;
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
    Session& self = session_of(user);
    if (stream == self.refused_stream) {
      nghttp2_session_consume_connection(session, bytes);
      return 0;
    }
    Http2Event& event = *self.event;
    event.stream = stream;
    event.user = nghttp2_session_get_stream_user_data(session, stream);
    event.data = {reinterpret_cast<const char*>(data), bytes};
    return 0;
  }

  static int on_closed(nghttp2_session* session, int32_t stream, uint32_t, void* user) {
    Session& self = session_of(user);
    --self.open;
    if (auto& tunnels = self.tunnels; !tunnels.empty()) std::erase(tunnels, stream);
    if (void* of_stream = nghttp2_session_get_stream_user_data(session, stream)) {
      self.closed.push_back(of_stream);
    }
    return 0;
  }

  static int on_frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Session& self = session_of(user);
    const int32_t stream = frame->hd.stream_id;
    if (frame->hd.type == NGHTTP2_DATA) self.guard().on_data_sent();
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
      self.on_reset_sent(stream);
      // CVE-2025-8671: a stream that the client makes us reset counts like one that it resets.
      const uint32_t error = frame->rst_stream.error_code;
      if (error != NGHTTP2_NO_ERROR && error != NGHTTP2_INTERNAL_ERROR) self.on_reset_seen();
    } else if (frame->hd.type == NGHTTP2_GOAWAY) {
      self.on_goaway_sent(frame->goaway.error_code);
      self.is_leaving = true;
    } else if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
               (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
               nghttp2_session_get_stream_remote_close(session, stream) == 0 &&
               std::find(self.tunnels.begin(), self.tunnels.end(), stream) == self.tunnels.end()) {
      // RFC 9113 8.1: answered before the request was complete; its rest is of no use.
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_NO_ERROR);
    }
    return 0;
  }

  static nghttp2_session_callbacks* make() {
    nghttp2_session_callbacks* calls = Http2Session::make_callbacks();
    nghttp2_session_callbacks_set_on_begin_frame_callback(calls, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(calls, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(calls, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame_received);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_closed);
    nghttp2_session_callbacks_set_on_frame_send_callback(calls, on_frame_sent);
    return calls;
  }
};

Http2ServerCodec::Session::Session(const HeadLimits& limits_given)
    : Http2Session(Http2Guard::Sender::kClient), limits(limits_given) {
  // Immutable, and the same for all connections.
  static const nghttp2_session_callbacks* const calls = Http2ServerCallbacks::make();
  constexpr uint16_t kNoRfc7540Priorities = 0x9;  // RFC 9218 2.1
  begin(calls, {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kStreamsMaxOfNghttp2},
                {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.head_bytes_max},
                {kNoRfc7540Priorities, 1},
                {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1}});  // RFC 8441 3
  pull();
  greeting = with_streams_max(pending());
  replace_pending(greeting);
}

Http2Error Http2ServerCodec::Session::judge_headers(int32_t stream) {
  if (stream > last_stream) {
    last_stream = stream;
    return Http2Error::kNone;
  }
  if (is_leaving || nghttp2_session_find_stream(get(), stream) != nullptr) return Http2Error::kNone;
  const bool was_reset_here =
      std::find(was_reset.begin(), was_reset.end(), stream) != was_reset.end();
  return was_reset_here ? Http2Error::kNone : Http2Error::kProtocol;
}

Http2ServerCodec::Http2ServerCodec(const HeadLimits& limits)
    : session_(std::make_unique<Session>(limits)) {}

Http2ServerCodec::~Http2ServerCodec() = default;

// ---- From the client.

size_t Http2ServerCodec::feed(std::string_view bytes, TimePoint now, Http2Event& event) {
  event = {};
  session_->event = &event;
  const size_t fed = session_->feed(bytes, now);
  session_->event = nullptr;
  if (fed == 0) event = {};
  return fed;
}

std::unique_ptr<Http2Head>& Http2ServerCodec::head() {
  return session_->head;
}

bool Http2ServerCodec::is_in_header_block() const {
  return session_->guard().is_in_header_block();
}

std::vector<void*>& Http2ServerCodec::closed() {
  return session_->closed;
}

// ---- To the client.

void Http2ServerCodec::set_user(int32_t stream, void* user) {
  nghttp2_session_set_stream_user_data(session_->get(), stream, user);
}

namespace {

void add_response_fields(const ResponseHead& head, const FieldMask& dropped, bool copies,
                         std::vector<nghttp2_nv>& out) {
  const FieldList& list = head.fields;
  for (size_t i = dropped.next_clear(0, list.size()); i < list.size();
       i = dropped.next_clear(i + 1, list.size())) {
    if (!kConnectionFields.has(list[i].id)) out.push_back(nv_of_field(list[i], copies));
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

void Http2ServerCodec::send_interim(int32_t stream, const ResponseHead& head,
                                    const FieldMask& dropped) {
  const StatusText status(head.status);
  auto& fields = session_->fields;
  fields.clear();
  fields.push_back(status.field());
  add_response_fields(head, dropped, true, fields);
  nghttp2_submit_headers(session_->get(), NGHTTP2_FLAG_NONE, stream, nullptr, fields.data(),
                         fields.size(), nullptr);
}

void Http2ServerCodec::send_head(int32_t stream, const ResponseHead& head,
                                 const ResponseRewrite& rewrite, Http2BodySource* source) {
  Session& self = *session_;
  const bool now = self.can_pack_now();
  const StatusText status(head.status);
  auto& fields = self.fields;
  fields.clear();
  fields.push_back(status.field());
  add_response_fields(head, rewrite.dropped, !now, fields);
  add_lines(rewrite.added, fields);
  const nghttp2_data_provider body = Http2Session::provider_of(source);
  nghttp2_submit_response(self.get(), stream, fields.data(), fields.size(),
                          source ? &body : nullptr);
  // Nothing else is waiting: this packs the head, before the views into it die.
  if (now) self.pull();
}

void Http2ServerCodec::resume(int32_t stream) {
  session_->resume(stream);
}

void Http2ServerCodec::set_tunnel(int32_t stream) {
  session_->tunnels.push_back(stream);
}

void Http2ServerCodec::reset(int32_t stream, Http2Error error) {
  session_->reset(stream, error);
}

void Http2ServerCodec::open_connection_window(size_t bytes) {
  if (bytes != 0) nghttp2_session_consume_connection(session_->get(), bytes);
}

void Http2ServerCodec::open_stream_window(int32_t stream, size_t bytes) {
  session_->open_window(stream, bytes);
}

void Http2ServerCodec::announce_end() {
  nghttp2_submit_shutdown_notice(session_->get());
}

void Http2ServerCodec::refuse_new_streams() {
  nghttp2_session* const session = session_->get();
  nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session), NGHTTP2_NO_ERROR, nullptr,
                        0);
}

void Http2ServerCodec::terminate(Http2Error error) {
  session_->terminate(static_cast<uint32_t>(error));
}

size_t Http2ServerCodec::take(std::span<char> room) {
  return session_->take(room);
}

bool Http2ServerCodec::has_output() const {
  return session_->has_output();
}

void Http2ServerCodec::rest() {
  Session& self = *session_;
  if (self.open != 0 || !self.rest()) return;
  self.head.reset();
  self.fields = {};
  self.closed = {};
  self.trailers = {};
  self.greeting = {};
}

bool Http2ServerCodec::is_over() const {
  return session_->is_over();
}

Http2Abuse Http2ServerCodec::abuse() const {
  return session_->abuse();
}

}  // namespace understudy::http
