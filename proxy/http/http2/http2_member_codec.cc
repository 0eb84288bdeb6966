// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/http2/http2_member_codec.h"

#include <algorithm>
#include <string>

#include "base/check.h"
#include "proxy/http/hop_by_hop.h"
#include "proxy/http/http2/http2_session.h"
#include "proxy/http/limits.h"

namespace understudy::http {
namespace {

// Host has become :authority.
constexpr FieldSet kNotInRequests = kConnectionFields | FieldSet{FieldId::kHost, FieldId::kTe};

}  // namespace

struct Http2MemberCodec::Session final : Http2Session {
  explicit Session(const HeadLimits& limits_given);

  const HeadLimits limits;
  std::string text;      // of the header block that is being received
  std::string path;      // scratch
  std::string trailers;  // as received
  std::vector<Http2Ended> ended;
  std::vector<nghttp2_nv> fields;  // scratch

  // Of the block that is being received.
  bool has_status = false;
  bool has_length = false;
  unsigned count = 0;

  Http2Answer* answer = nullptr;  // within feed()
};

// What nghttp2 calls.
struct Http2MemberCallbacks {
  using Session = Http2MemberCodec::Session;

  static Session& session_of(void* user) {
    return static_cast<Session&>(*static_cast<Http2Session*>(user));
  }
  static void* user_of(nghttp2_session* session, int32_t stream) {
    return nghttp2_session_get_stream_user_data(session, stream);
  }

  static int refuse(nghttp2_session* session, int32_t stream, Session& self, std::string_view why,
                    bool too_large = false) {
    if (self.answer != nullptr) {
      self.answer->user = user_of(session, stream);
      self.answer->refused = why;
      self.answer->too_large = too_large;
    }
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame*, void* user) {
    Session& self = session_of(user);
    self.text.clear();
    self.trailers.clear();
    self.has_status = self.has_length = false;
    self.count = 0;
    return 0;
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name,
                       size_t name_bytes, const uint8_t* value, size_t value_bytes, uint8_t,
                       void* user) {
    Session& self = session_of(user);
    const int32_t stream = frame->hd.stream_id;
    const std::string_view name_text(reinterpret_cast<const char*>(name), name_bytes);
    const std::string_view value_text(reinterpret_cast<const char*>(value), value_bytes);
    if (name_text == ":status") {
      self.has_status = true;
      self.text.append("HTTP/1.1 ").append(value_text).append(" \r\n");
      return 0;
    }
    const bool is_trailer = !self.has_status;
    std::string& lines = is_trailer ? self.trailers : self.text;
    const size_t bytes_max = is_trailer ? kTrailerBytesMax : self.limits.head_bytes_max;
    const unsigned count_max = is_trailer ? kTrailerFieldsMax : self.limits.fields_max;
    if (++self.count > count_max || lines.size() + name_bytes + value_bytes + 8 > bytes_max) {
      return refuse(session, stream, self, "header fields above the limits", true);
    }
    if (name_text == "transfer-encoding") {
      return refuse(session, stream, self, "a field that HTTP/2 does not allow");
    }
    self.has_length = self.has_length || name_text == "content-length";
    lines.append(name_text).append(": ").append(value_text).append("\r\n");
    return 0;
  }

  // RFC 9113 8.1.1: a malformed response is a stream error; nghttp2 would only leave the field out.
  static int on_invalid_header(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t*,
                               size_t, const uint8_t*, size_t, uint8_t, void* user) {
    return refuse(session, frame->hd.stream_id, session_of(user), "an invalid header field");
  }

  static int on_invalid_frame(nghttp2_session* session, const nghttp2_frame* frame, int,
                              void* user) {
    if (frame->hd.type == NGHTTP2_HEADERS) {
      refuse(session, frame->hd.stream_id, session_of(user), "an invalid header block");
    }
    return 0;
  }

  static int on_frame_received(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Session& self = session_of(user);
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    Http2Answer& answer = *self.answer;
    if (frame->hd.type == NGHTTP2_HEADERS) {
      answer.user = user_of(session, frame->hd.stream_id);
      answer.end = ends;
      if (!self.has_status) {
        answer.trailers = self.trailers;
      } else {
        answer.head = self.text;
        answer.has_length = self.has_length;
      }
    } else if (frame->hd.type == NGHTTP2_DATA && ends) {
      answer.user = user_of(session, frame->hd.stream_id);
      answer.end = true;
    }
    return 0;
  }

  // Who takes no more of one stream must not hold up the others: the connection's window is opened
  // at once, and each stream's bounds what is kept.
  static int on_data(nghttp2_session* session, uint8_t, int32_t stream, const uint8_t* data,
                     size_t bytes, void* user) {
    Http2Answer& answer = *session_of(user).answer;
    nghttp2_session_consume_connection(session, bytes);
    answer.user = user_of(session, stream);
    answer.data = {reinterpret_cast<const char*>(data), bytes};
    return 0;
  }

  static int on_closed(nghttp2_session* session, int32_t stream, uint32_t error, void* user) {
    if (void* const of_stream = user_of(session, stream)) {
      session_of(user).ended.push_back({of_stream, error});
    }
    return 0;
  }

  static int on_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) session_of(user).on_goaway_sent(frame->goaway.error_code);
    return 0;
  }

  static nghttp2_session_callbacks* make() {
    nghttp2_session_callbacks* calls = Http2Session::make_callbacks();
    nghttp2_session_callbacks_set_on_begin_headers_callback(calls, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(calls, on_invalid_header);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(calls, on_invalid_frame);
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame_received);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_closed);
    nghttp2_session_callbacks_set_on_frame_send_callback(calls, on_frame_sent);
    return calls;
  }
};

Http2MemberCodec::Session::Session(const HeadLimits& limits_given)
    : Http2Session(Http2Guard::Sender::kServer), limits(limits_given) {
  // Immutable, and the same for all connections.
  static const nghttp2_session_callbacks* const calls = Http2MemberCallbacks::make();
  begin(calls, {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kHttp2MemberWindowBytes},
                {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.head_bytes_max}});
}

Http2MemberCodec::Http2MemberCodec(const HeadLimits& limits)
    : session_(std::make_unique<Session>(limits)) {}

Http2MemberCodec::~Http2MemberCodec() = default;

// ---- From the member.

size_t Http2MemberCodec::feed(std::string_view bytes, TimePoint now, Http2Answer& answer) {
  answer = {};
  session_->answer = &answer;
  const size_t fed = session_->feed(bytes, now);
  session_->answer = nullptr;
  if (fed == 0) answer = {};
  return fed;
}

std::vector<Http2Ended>& Http2MemberCodec::ended() {
  return session_->ended;
}

// ---- To the member.

bool Http2MemberCodec::can_open(size_t open) const {
  const Session& self = *session_;
  if (self.is_ending()) return false;
  nghttp2_session* const session = self.get();
  const uint32_t theirs =
      nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return open < std::min(theirs, kHttp2StreamsMax) &&
         nghttp2_session_check_request_allowed(session) == 1;
}

int32_t Http2MemberCodec::send_head(const Request& request) {
  Session& self = *session_;
  const RequestHead& head = request.head;
  const RequestRewrite& rewrite = request.rewrite;
  self.path = rewrite.target;
  if (self.path.empty()) self.path.append(head.path).append(head.query);
  auto& fields = self.fields;
  fields.clear();
  fields.push_back(nv_of(":method", head.method_text));
  fields.push_back(nv_of(":scheme", request.scheme));
  fields.push_back(nv_of(":authority", rewrite.host.empty() ? head.authority : rewrite.host));
  fields.push_back(nv_of(":path", self.path));
  const FieldList& list = head.fields;
  for (size_t i = rewrite.dropped.next_clear(0, list.size()); i < list.size();
       i = rewrite.dropped.next_clear(i + 1, list.size())) {
    if (!kNotInRequests.has(list[i].id)) {
      fields.push_back(nv_of(list[i].name, list[i].value));
    }
  }
  if (head.accepts_trailers) fields.push_back(nv_of("te", "trailers"));
  add_lines(rewrite.added, fields);
  const nghttp2_data_provider body = Http2Session::provider_of(request.source);
  const int32_t stream =
      nghttp2_submit_request(self.get(), nullptr, fields.data(), fields.size(),
                             request.source != nullptr ? &body : nullptr, request.user);
  return std::max(stream, 0);
}

void Http2MemberCodec::resume(int32_t stream) {
  session_->resume(stream);
}

void Http2MemberCodec::reset(int32_t stream, Http2Error error) {
  session_->reset(stream, error);
}

void Http2MemberCodec::forget_user(int32_t stream) {
  nghttp2_session_set_stream_user_data(session_->get(), stream, nullptr);
}

void Http2MemberCodec::open_window(int32_t stream, size_t bytes) {
  session_->open_window(stream, bytes);
}

void Http2MemberCodec::terminate(Http2Error error) {
  session_->terminate(static_cast<uint32_t>(error));
}

size_t Http2MemberCodec::take(std::span<char> room) {
  return session_->take(room);
}

bool Http2MemberCodec::has_output() const {
  return session_->has_output();
}

bool Http2MemberCodec::is_over() const {
  return session_->is_over();
}

bool Http2MemberCodec::has_failed() const {
  return session_->has_failed();
}

Http2Abuse Http2MemberCodec::abuse() const {
  return session_->abuse();
}

}  // namespace understudy::http
