// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/http2_client_codec.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "base/check.h"
#include "proxy/http/limits.h"

namespace understudy::http {
namespace {

// Second line of defence; Http2Guard is stricter.
constexpr size_t kUnsentAcksMax = 256;
constexpr size_t kSettingsEntriesMax = 32;

// What one connection only concerns may not stand in HTTP/2 (RFC 9113 8.2.2); Host has become
// :authority.
constexpr FieldSet kNotInHttp2Requests{FieldId::kConnection,
                                       FieldId::kKeepAlive,
                                       FieldId::kProxyConnection,
                                       FieldId::kTransferEncoding,
                                       FieldId::kUpgrade,
                                       FieldId::kHost,
                                       FieldId::kTe};

struct SessionDeleter {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};

// nghttp2 copies both, and turns the name into lower case.
nghttp2_nv nv_of(std::string_view name, std::string_view value) {
  const auto bytes_of = [](std::string_view text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes_of(name), bytes_of(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

void add_lines(std::string_view lines, std::vector<nghttp2_nv>& out) {
  while (!lines.empty()) {
    const size_t end = std::min(lines.find("\r\n"), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 2, lines.size()));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) continue;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
    while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
    out.push_back(nv_of(line.substr(0, colon), value));
  }
}

}  // namespace

struct Http2ClientCodec::Session {
  explicit Session(const HeadLimits& limits_given) : limits(limits_given) {}

  const HeadLimits limits;
  // Owned.
  std::unique_ptr<nghttp2_session, SessionDeleter> nghttp2;
  Http2Guard guard{Http2Guard::Sender::kServer};
  std::string text;      // of the header block that is being received
  std::string path;      // scratch
  std::string trailers;  // as received
  std::vector<Http2Ended> ended;
  std::vector<nghttp2_nv> fields;  // scratch
  std::string_view pending;        // of nghttp2's, not taken yet

  // Of the block that is being received.
  bool has_status = false;
  bool has_length = false;
  unsigned count = 0;

  // Within feed() and take().
  Http2Answer* answer = nullptr;
  std::span<char> room;

  Http2Abuse abuse = Http2Abuse::kNone;
  bool must_take = false;   // there is output that may be the end
  bool terminated = false;  // a last GOAWAY is on its way
  bool broken = false;      // nghttp2 has given up without one

  void terminate(uint32_t error) {
    if (terminated) return;
    terminated = true;
    nghttp2_session_terminate_session(nghttp2.get(), error);
  }
  void pull() {
    const uint8_t* data = nullptr;
    const ssize_t bytes = nghttp2_session_mem_send(nghttp2.get(), &data);
    if (bytes < 0) {
      broken = true;
      return;
    }
    pending = {reinterpret_cast<const char*>(data), static_cast<size_t>(bytes)};
  }
};

// What nghttp2 calls.
struct Http2ClientCallbacks {
  using Session = Http2ClientCodec::Session;

  static Session& session_of(void* user) { return *static_cast<Session*>(user); }
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
    const bool is_last =
        frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR;
    if (is_last) session_of(user).terminated = true;
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
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(calls, on_invalid_frame);
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

Http2ClientCodec::Http2ClientCodec(const HeadLimits& limits)
    : session_(std::make_unique<Session>(limits)) {
  // Immutable, and the same for all connections.
  static const nghttp2_session_callbacks* const calls = Http2ClientCallbacks::make();
  static const nghttp2_option* const option = Http2ClientCallbacks::make_option();
  nghttp2_session* session = nullptr;
  CHECK(nghttp2_session_client_new2(&session, calls, session_.get(), option) == 0);
  session_->nghttp2.reset(session);
  const std::array<nghttp2_settings_entry, 3> settings = {{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kHttp2MemberWindowBytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.head_bytes_max},
  }};
  CHECK(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  CHECK(nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                              kHttp2ConnectionWindowBytes) == 0);
}

Http2ClientCodec::~Http2ClientCodec() = default;

// ---- From the member.

// A frame that made nghttp2 queue something may have made it end the connection. It is given
// nothing more before it has said so: CVE-2026-27135 is what happens otherwise.
size_t Http2ClientCodec::feed(std::string_view bytes, TimePoint now, Http2Answer& answer) {
  DCHECK(!bytes.empty());
  Session& self = *session_;
  answer = {};
  if (is_over() || self.must_take || self.terminated) return 0;
  const Http2Guard::Step step = self.guard.next(bytes, now);
  if (step.abuse != Http2Abuse::kNone) {
    self.abuse = step.abuse;
    self.terminate(NGHTTP2_ENHANCE_YOUR_CALM);
    return 0;
  }
  self.answer = &answer;
  nghttp2_session* const session = self.nghttp2.get();
  const size_t queued = nghttp2_session_get_outbound_queue_size(session);
  const ssize_t read =
      nghttp2_session_mem_recv(session, reinterpret_cast<const uint8_t*>(bytes.data()), step.bytes);
  self.answer = nullptr;
  if (read < 0) {
    self.broken = true;
    answer = {};
    return 0;
  }
  self.must_take = nghttp2_session_get_outbound_queue_size(session) > queued;
  return step.bytes;
}

std::vector<Http2Ended>& Http2ClientCodec::ended() {
  return session_->ended;
}

// ---- To the member.

bool Http2ClientCodec::can_open(size_t open) const {
  const Session& self = *session_;
  if (self.terminated || self.broken) return false;
  nghttp2_session* const session = self.nghttp2.get();
  const uint32_t theirs =
      nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return open < std::min(theirs, kHttp2StreamsMax) &&
         nghttp2_session_check_request_allowed(session) == 1;
}

int32_t Http2ClientCodec::send_head(const Request& request) {
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
    if (!kNotInHttp2Requests.has(list[i].id)) {
      fields.push_back(nv_of(list[i].name, list[i].value));
    }
  }
  if (head.accepts_trailers) fields.push_back(nv_of("te", "trailers"));
  add_lines(rewrite.added, fields);
  const nghttp2_data_provider body{.source = {.ptr = request.source},
                                   .read_callback = Http2ClientCallbacks::read_body};
  const int32_t stream =
      nghttp2_submit_request(self.nghttp2.get(), nullptr, fields.data(), fields.size(),
                             request.source != nullptr ? &body : nullptr, request.user);
  return std::max(stream, 0);
}

void Http2ClientCodec::resume(int32_t stream) {
  nghttp2_session_resume_data(session_->nghttp2.get(), stream);
}

void Http2ClientCodec::reset(int32_t stream, Http2Error error) {
  nghttp2_submit_rst_stream(session_->nghttp2.get(), NGHTTP2_FLAG_NONE, stream,
                            static_cast<uint32_t>(error));
}

void Http2ClientCodec::forget_user(int32_t stream) {
  nghttp2_session_set_stream_user_data(session_->nghttp2.get(), stream, nullptr);
}

void Http2ClientCodec::open_window(int32_t stream, size_t bytes) {
  if (bytes != 0) nghttp2_session_consume_stream(session_->nghttp2.get(), stream, bytes);
}

void Http2ClientCodec::terminate(Http2Error error) {
  session_->terminate(static_cast<uint32_t>(error));
}

size_t Http2ClientCodec::take(std::span<char> room) {
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
  const size_t taken = room.size() - self.room.size();
  self.room = {};
  return taken;
}

bool Http2ClientCodec::has_output() const {
  return !session_->broken &&
         (!session_->pending.empty() || nghttp2_session_want_write(session_->nghttp2.get()) != 0);
}

bool Http2ClientCodec::is_over() const {
  const Session& self = *session_;
  return self.broken ||
         (self.pending.empty() && nghttp2_session_want_read(self.nghttp2.get()) == 0 &&
          nghttp2_session_want_write(self.nghttp2.get()) == 0);
}

Http2Abuse Http2ClientCodec::abuse() const {
  return session_->abuse;
}

}  // namespace understudy::http
