// SPDX-License-Identifier: Apache-2.0
#include "loadtest/http2_client.h"

#include <fmt/core.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/check.h"
#include "base/fd_watcher.h"

namespace understudy::loadtest {
namespace {

constexpr int32_t kWindowBytes = 16 << 20;  // of a stream and of a connection
constexpr size_t kWriteBytes = 64 << 10;    // put together before a write
constexpr std::string_view kProtocol = "h2";

nghttp2_nv field(std::string_view name, std::string_view value) {
  // Not written to: nghttp2 copies both.
  return {.name = reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          .value = reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())),
          .namelen = name.size(),
          .valuelen = value.size(),
          .flags = NGHTTP2_NV_FLAG_NONE};
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view text_of(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

class Http2Client::Connection final : public FdWatcher::Handler {
 public:
  explicit Connection(Http2Client& client) : client_(client) {}
  ~Connection() override { nghttp2_session_del(session_); }

  Result<void> open() {
    auto stream = client_.dialer_.open();
    if (!stream) return std::move(stream).error();
    stream_ = std::move(*stream);
    start_session();
    watcher_.start(client_.loop_, stream_->fd(), *this);
    return {};
  }

  bool has_place() const {
    return !is_ending_ &&
           streams_.size() <
               std::min<size_t>(client_.options_.streams_max,
                                nghttp2_session_get_remote_settings(
                                    session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
  }

  void send(const ClientRequest& request, Callback callback) {
    auto stream = std::make_unique<Http2Stream>(*this, std::move(callback));
    stream->body = request.body;
    const std::string authority = client_.dialer_.server().to_string();
    std::vector<nghttp2_nv> fields = {field(":method", request.method),
                                      field(":scheme", client_.dialer_.is_tls() ? "https" : "http"),
                                      field(":authority", authority),
                                      field(":path", request.target)};
    std::vector<std::string> names;
    names.reserve(request.headers.size() + 1);
    for (const auto& [name, value] : request.headers) {
      fields.push_back(field(names.emplace_back(lower(name)), value));
    }
    const std::string length = std::to_string(request.body.size());
    const bool has_body = !request.body.empty() || request.method == "POST";
    if (has_body) fields.push_back(field("content-length", length));
    nghttp2_data_provider provider{.source = {.ptr = nullptr}, .read_callback = &give_body};
    const int32_t id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                              has_body ? &provider : nullptr, nullptr);
    if (id < 0) {
      stream->response.error = nghttp2_strerror(id);
      tell_later(std::move(stream));
      return;
    }
    if (!client_.options_.keep_alive) is_ending_ = true;
    stream->id = id;
    stream->timeout.start_at(client_.loop_.now() + client_.options_.timeout);
    streams_.emplace(id, std::move(stream));
    is_sending_ = true;
    write();
    is_sending_ = false;
  }

  void on_ready(bool readable, bool writable) override {
    if (writable || stream_->wants_writable()) {
      if (!connected_) connected_ = true;
      if (!write()) return;
    }
    if (readable || stream_->has_buffered() || client_.dialer_.is_tls()) read();
  }

 private:
  struct Http2Stream {
    Http2Stream(Connection& its, Callback its_callback)
        : connection(its),
          callback(std::move(its_callback)),
          timeout(Timer::of<&Http2Stream::on_timeout>(its.client_.loop_.timers(), *this)) {}
    void on_timeout() { connection.give_up(id); }

    Connection& connection;
    int32_t id = 0;
    Callback callback;
    Timer timeout;
    ClientResponse response;
    std::string body;  // of the request
    size_t body_sent = 0;
    bool is_whole = false;  // the answer has ended
  };

  void start_session() {
    nghttp2_session_callbacks* callbacks = nullptr;
    CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &on_stream_close);
    CHECK(nghttp2_session_client_new(&session_, callbacks, this) == 0);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<uint32_t>(kWindowBytes)}};
    CHECK(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings)) == 0);
    CHECK(nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindowBytes) == 0);
  }

  // False when the connection is gone.
  bool write() {
    if (!connected_ || is_closed_) return !is_closed_;
    if (!check_protocol()) return false;
    for (;;) {
      while (out_.size() < kWriteBytes) {
        const uint8_t* bytes = nullptr;
        const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
        if (size < 0) return close(nghttp2_strerror(static_cast<int>(size)));
        if (size == 0) break;
        out_.append(text_of(bytes, static_cast<size_t>(size)));
      }
      if (out_.empty()) break;
      const iovec piece{out_.data(), out_.size()};
      const IoResult result = stream_->write({&piece, 1});
      if (result.state == IoResult::State::kWouldBlock) break;
      if (!result.ok()) return close(failure_of(*stream_, result));
      out_.erase(0, result.bytes);
    }
    tell_finished();
    return end_if_done();
  }

  void read() {
    char bytes[65536];
    if (!check_protocol()) return;
    while (!is_closed_) {
      const IoResult result = stream_->read(bytes);
      if (result.state == IoResult::State::kWouldBlock) break;
      if (!result.ok()) {
        close(failure_of(*stream_, result));
        return;
      }
      const ssize_t taken =
          nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes), result.bytes);
      if (taken < 0) {
        close(nghttp2_strerror(static_cast<int>(taken)));
        return;
      }
      tell_finished();
    }
    write();
  }

  // TLS: the other side must have agreed to HTTP/2 once the handshake is over.
  bool check_protocol() {
    if (is_agreed_) return true;
    if (client_.dialer_.is_tls()) {
      const IoResult result = stream_->shake_hands();
      if (result.state == IoResult::State::kWouldBlock) return true;
      if (!result.ok()) return close(failure_of(*stream_, result));
      if (stream_->protocol() != kProtocol) {
        return close(fmt::format("the server does not speak {} (ALPN): '{}'", kProtocol,
                                 stream_->protocol()));
      }
    }
    return is_agreed_ = true;
  }

  bool end_if_done() {
    if (is_ending_ && streams_.empty()) return close("ended");
    if (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0) {
      return close("ended by the server");
    }
    return true;
  }

  // Always false. Whatever is under way has failed.
  bool close(std::string why) {
    if (is_closed_) return false;
    is_closed_ = true;
    is_ending_ = true;
    watcher_.stop();
    for (auto& [id, stream] : streams_) {
      stream->timeout.stop();
      stream->response.status = 0;
      if (stream->response.error.empty()) stream->response.error = why;
      finished_.push_back(std::move(stream));
    }
    streams_.clear();
    client_.on_closed(*this);  // `this` lives until the end of the turn
    tell_finished();
    return false;
  }

  // The server has let the request wait for too long.
  void give_up(int32_t id) {
    const auto it = streams_.find(id);
    CHECK(it != streams_.end());
    it->second->response.status = 0;
    it->second->response.error = "no answer in time";
    finished_.push_back(std::move(it->second));
    streams_.erase(it);
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    write();
    tell_finished();
  }

  // Never from inside nghttp2, which may not be entered from its own callbacks, nor from inside
  // request().
  void tell_finished() {
    if (finished_.empty()) return;
    while (!finished_.empty()) {
      std::unique_ptr<Http2Stream> stream = std::move(finished_.front());
      finished_.pop_front();
      if (is_sending_) {
        tell_later(std::move(stream));
      } else {
        stream->callback(std::move(stream->response));
      }
    }
    client_.send_waiting();
  }

  void tell_later(std::unique_ptr<Http2Stream> stream) {
    client_.loop_.post([back = std::move(stream->callback), answer = std::move(stream->response)] {
      back(answer);
    });
  }

  Http2Stream* stream_of(int32_t id) {
    const auto it = streams_.find(id);
    return it == streams_.end() ? nullptr : it->second.get();
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                       size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                       void* self) {
    Http2Stream* stream = static_cast<Connection*>(self)->stream_of(frame->hd.stream_id);
    if (!stream) return 0;
    const std::string_view its_name = text_of(name, name_size);
    const std::string_view its_value = text_of(value, value_size);
    if (its_name == ":status") {
      std::from_chars(its_value.data(), its_value.data() + its_value.size(),
                      stream->response.status);
      return 0;
    }
    stream->response.headers.emplace_back(its_name, its_value);
    return 0;
  }

  static int on_data(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* bytes,
                     size_t size, void* self) {
    Connection& connection = *static_cast<Connection*>(self);
    Http2Stream* stream = connection.stream_of(id);
    if (!stream) return 0;
    if (stream->response.body.size() + size > connection.client_.options_.body_bytes_max) {
      stream->response.error = "the body is too long";
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
      return 0;
    }
    stream->response.body.append(text_of(bytes, size));
    return 0;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    Connection& connection = *static_cast<Connection*>(self);
    if (frame->hd.type == NGHTTP2_GOAWAY) connection.is_ending_ = true;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    Http2Stream* stream = connection.stream_of(frame->hd.stream_id);
    if (!stream) return 0;
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      stream->is_whole = true;
    } else if (frame->hd.type == NGHTTP2_HEADERS && stream->response.status < 200) {
      stream->response.headers
          .clear();  // RFC 9113 8.1: an interim answer comes before the real one
    }
    return 0;
  }

  static int on_stream_close(nghttp2_session*, int32_t id, uint32_t error_code, void* self) {
    Connection& connection = *static_cast<Connection*>(self);
    const auto it = connection.streams_.find(id);
    if (it == connection.streams_.end()) return 0;
    Http2Stream& stream = *it->second;
    stream.timeout.stop();
    if (!stream.is_whole || error_code != NGHTTP2_NO_ERROR || !stream.response.error.empty()) {
      stream.response.status = 0;
      if (stream.response.error.empty()) {
        stream.response.error = fmt::format("stream: {}", nghttp2_http2_strerror(error_code));
      }
    }
    connection.finished_.push_back(std::move(it->second));
    connection.streams_.erase(it);
    return 0;
  }

  static ssize_t give_body(nghttp2_session*, int32_t id, uint8_t* into, size_t size,
                           uint32_t* flags, nghttp2_data_source*, void* self) {
    Http2Stream* stream = static_cast<Connection*>(self)->stream_of(id);
    if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // given up meanwhile
    const size_t given = std::min(size, stream->body.size() - stream->body_sent);
    std::copy_n(stream->body.data() + stream->body_sent, given, into);
    stream->body_sent += given;
    if (stream->body_sent == stream->body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(given);
  }

  Http2Client& client_;
  std::unique_ptr<Stream> stream_;
  FdWatcher watcher_;
  nghttp2_session* session_ = nullptr;  // owned
  std::string out_;                     // not taken by the socket yet
  std::map<int32_t, std::unique_ptr<Http2Stream>> streams_;
  std::deque<std::unique_ptr<Http2Stream>> finished_;  // not told yet
  bool connected_ = false;
  bool is_agreed_ = false;
  bool is_sending_ = false;  // send() is on the stack
  bool is_ending_ = false;   // nothing new is sent on it
  bool is_closed_ = false;
};

Http2Client::Http2Client(EventLoop& loop, Address server, const ClientOptions& options)
    : loop_(loop), options_(options), dialer_(std::move(server), options) {}

Http2Client::~Http2Client() = default;

void Http2Client::request(const ClientRequest& request, Callback callback) {
  Result<Connection*> connection = place();
  if (connection && *connection) return (*connection)->send(request, std::move(callback));
  if (connection && waiting_.size() < kWaitingMax) {
    waiting_.push_back({.request = request, .callback = std::move(callback)});
    return;
  }
  ClientResponse response;
  response.error = connection ? "too many requests wait for a place" : connection.error().detail;
  loop_.post([back = std::move(callback), answer = std::move(response)] { back(answer); });
}

// Null: all are busy.
Result<Http2Client::Connection*> Http2Client::place() {
  if (options_.keep_alive) {
    for (size_t tries = 0; tries < connections_.size(); ++tries) {
      Connection* connection = connections_[turn_++ % connections_.size()].get();
      if (connections_.size() == options_.connections_max && connection->has_place()) {
        return connection;
      }
    }
    if (connections_.size() >= options_.connections_max) return nullptr;
  }
  auto connection = std::make_unique<Connection>(*this);
  if (auto opened = connection->open(); !opened) return std::move(opened).error();
  connections_.push_back(std::move(connection));
  return connections_.back().get();
}

void Http2Client::send_waiting() {
  while (!waiting_.empty()) {
    Result<Connection*> connection = place();
    if (connection && !*connection) return;
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    if (connection) {
      (*connection)->send(next.request, std::move(next.callback));
      continue;
    }
    ClientResponse response;
    response.error = connection.error().detail;
    loop_.post([back = std::move(next.callback), answer = std::move(response)] { back(answer); });
  }
}

void Http2Client::on_closed(Connection& connection) {
  const auto it = std::find_if(connections_.begin(), connections_.end(),
                               [&](const auto& own) { return own.get() == &connection; });
  CHECK(it != connections_.end());
  // Still on the stack: it goes when the turn is over.
  std::shared_ptr<Connection> finished = std::move(*it);
  connections_.erase(it);
  loop_.at_turn_end([finished] {});
}

}  // namespace understudy::loadtest
