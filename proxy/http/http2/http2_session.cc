// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/http2/http2_session.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace understudy::http {
namespace {

// Second line of defence; Http2Guard is stricter.
constexpr size_t kUnsentAcksMax = 256;
constexpr size_t kSettingsEntriesMax = 32;

nghttp2_option* make_option() {
  nghttp2_option* option = nullptr;
  CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_outbound_ack(option, kUnsentAcksMax);
  nghttp2_option_set_max_settings(option, kSettingsEntriesMax);
  return option;
}

Http2Memory& of(void* user) {
  return *static_cast<Http2Memory*>(user);
}

nghttp2_mem hooks_of(Http2Memory& memory) {
  return {
      .mem_user_data = &memory,
      .malloc = [](size_t bytes, void* user) { return of(user).allocate(bytes); },
      .free = [](void* block, void* user) { of(user).free(block); },
      .calloc = [](size_t count, size_t bytes,
                   void* user) { return of(user).allocate_zeroed(count, bytes); },
      .realloc = [](void* block, size_t bytes,
                    void* user) { return of(user).reallocate(block, bytes); },
  };
}

}  // namespace

nghttp2_nv nv_of(std::string_view name, std::string_view value, uint8_t flags) {
  const auto bytes_of = [](std::string_view text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes_of(name), bytes_of(value), name.size(), value.size(), flags};
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
    out.push_back(nv_of(line.substr(0, colon), value));
  }
}

void Http2Session::begin(const nghttp2_session_callbacks* calls,
                         std::initializer_list<nghttp2_settings_entry> settings) {
  // Immutable, and the same for all connections.
  static const nghttp2_option* const option = make_option();
  const bool is_server = guard_.sender() == Http2Guard::Sender::kClient;
  nghttp2_session* session = nullptr;
  nghttp2_mem memory = hooks_of(memory_);
  CHECK((is_server ? nghttp2_session_server_new3 : nghttp2_session_client_new3)(
            &session, calls, this, option, &memory) == 0);
  nghttp2_.reset(session);
  CHECK(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.begin(), settings.size()) ==
        0);
  CHECK(nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                              kHttp2ConnectionWindowBytes) == 0);
}

Http2Session::~Http2Session() {
  if (memory_.is_packed()) memory_.unpack();
}

bool Http2Session::rest() {
  if (memory_.is_packed() || !can_pack_now()) return false;
  memory_.pack();
  return true;
}

// ---- In.

// A frame that made nghttp2 queue something may have made it end the connection. It is given
// nothing more before it has said so: CVE-2026-27135 is what happens otherwise.
size_t Http2Session::feed(std::string_view bytes, TimePoint now) {
  DCHECK(!bytes.empty());
  if (is_over() || must_take_ || terminated_) return 0;
  now_ = now;
  const Http2Guard::Step step = guard_.next(bytes, now);
  if (step.abuse != Http2Abuse::kNone) {
    abuse_ = step.abuse;
    terminate(NGHTTP2_ENHANCE_YOUR_CALM);
    return 0;
  }
  const size_t queued = nghttp2_session_get_outbound_queue_size(get());
  const ssize_t read =
      nghttp2_session_mem_recv(get(), reinterpret_cast<const uint8_t*>(bytes.data()), step.bytes);
  if (read < 0) {
    broken_ = true;
    return 0;
  }
  const size_t queued_now = nghttp2_session_get_outbound_queue_size(get());
  must_take_ = queued_now > queued;
  // RFC 9113 6.9.2. SETTINGS are answered by one frame, unless a window that they lift overflows:
  // nghttp2 then resets that stream too, and leaves the connection alone.
  if (queued_now > queued + 1 && guard_.was_settings()) terminate(NGHTTP2_FLOW_CONTROL_ERROR);
  if (abuse_ != Http2Abuse::kNone) terminate(NGHTTP2_ENHANCE_YOUR_CALM);
  return step.bytes;
}

void Http2Session::blame(Http2Abuse abuse) {
  if (abuse_ == Http2Abuse::kNone) abuse_ = abuse;
}

// ---- Out.

void Http2Session::pull() {
  const uint8_t* data = nullptr;
  const ssize_t bytes = nghttp2_session_mem_send(get(), &data);
  if (bytes < 0) {
    broken_ = true;
    return;
  }
  pending_ = {reinterpret_cast<const char*>(data), static_cast<size_t>(bytes)};
}

size_t Http2Session::take(std::span<char> room) {
  room_ = room;
  for (;;) {
    if (!pending_.empty()) {
      const size_t bytes = std::min(pending_.size(), room_.size());
      std::memcpy(room_.data(), pending_.data(), bytes);
      pending_.remove_prefix(bytes);
      room_ = room_.subspan(bytes);
    }
    if (!pending_.empty() || room_.empty() || broken_) break;
    pull();
    if (pending_.empty()) {
      must_take_ = false;
      break;
    }
  }
  if (abuse_ != Http2Abuse::kNone) terminate(NGHTTP2_ENHANCE_YOUR_CALM);
  const size_t taken = room.size() - room_.size();
  room_ = {};
  return taken;
}

bool Http2Session::has_output() const {
  return !broken_ && (!pending_.empty() || nghttp2_session_want_write(get()) != 0);
}

bool Http2Session::can_pack_now() const {
  return pending_.empty() && nghttp2_session_want_write(get()) == 0;
}

void Http2Session::reset(int32_t stream, Http2Error error) {
  nghttp2_submit_rst_stream(get(), NGHTTP2_FLAG_NONE, stream, static_cast<uint32_t>(error));
}

void Http2Session::open_window(int32_t stream, size_t bytes) {
  if (bytes != 0) nghttp2_session_consume_stream(get(), stream, bytes);
}

nghttp2_data_provider Http2Session::provider_of(Http2BodySource* source) {
  return {.source = {.ptr = source}, .read_callback = read_body};
}

ssize_t Http2Session::read_body(nghttp2_session* session, int32_t stream, uint8_t*,
                                size_t bytes_max, uint32_t* flags, nghttp2_data_source* from,
                                void* user) {
  const std::span<char> room = static_cast<Http2Session*>(user)->room_;
  auto& source = *static_cast<Http2BodySource*>(from->ptr);
  if (room.size() <= kHttp2FrameHeadBytes) {
    source.on_body_wanted();
    return NGHTTP2_ERR_DEFERRED;
  }
  const auto offer = source.offer_body(std::min(bytes_max, room.size() - kHttp2FrameHeadBytes));
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

int Http2Session::write_body(nghttp2_session*, nghttp2_frame*, const uint8_t* frame_head,
                             size_t bytes, nghttp2_data_source* from, void* user) {
  std::span<char>& room = static_cast<Http2Session*>(user)->room_;
  CHECK(room.size() >= kHttp2FrameHeadBytes + bytes, "more data than there is room for");
  std::memcpy(room.data(), frame_head, kHttp2FrameHeadBytes);
  room = room.subspan(kHttp2FrameHeadBytes);
  static_cast<Http2BodySource*>(from->ptr)->take_body(room.data(), bytes);
  room = room.subspan(bytes);
  return 0;
}

nghttp2_session_callbacks* Http2Session::make_callbacks() {
  nghttp2_session_callbacks* calls = nullptr;
  CHECK(nghttp2_session_callbacks_new(&calls) == 0);
  nghttp2_session_callbacks_set_send_data_callback(calls, write_body);
  return calls;
}

// ---- The end.

void Http2Session::terminate(uint32_t error) {
  if (terminated_) return;
  terminated_ = true;
  nghttp2_session_terminate_session(get(), error);
}

void Http2Session::on_goaway_sent(uint32_t error) {
  if (error == NGHTTP2_NO_ERROR) return;
  terminated_ = true;
  has_failed_ = true;
}

bool Http2Session::is_over() const {
  return broken_ || (pending_.empty() && nghttp2_session_want_read(get()) == 0 &&
                     nghttp2_session_want_write(get()) == 0);
}

}  // namespace understudy::http
