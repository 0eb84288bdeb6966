// SPDX-License-Identifier: Apache-2.0
#include "loadtest/http_client.h"

#include <algorithm>

#include "base/check.h"
#include "base/fd_watcher.h"
#include "loadtest/response_reader.h"

namespace understudy::loadtest {

class HttpClient::Connection final : public FdWatcher::Handler {
 public:
  explicit Connection(HttpClient& client)
      : client_(client),
        reader_(client.options_.body_bytes_max),
        timeout_(Timer::of<&Connection::on_timeout>(client.loop_.timers(), *this)) {}

  Result<void> open() {
    auto stream = client_.dialer_.open();
    if (!stream) return std::move(stream).error();
    stream_ = std::move(*stream);
    watcher_.start(client_.loop_, stream_->fd(), *this);
    return {};
  }

  void send(std::string request, Callback callback) {
    request_ = std::move(request);
    written_ = 0;
    callback_ = std::move(callback);
    reader_.start(request_.starts_with("HEAD "));
    timeout_.start_at(client_.loop_.now() + client_.options_.timeout);
    if (connected_) write();
  }

  void on_ready(bool readable, bool writable) override {
    if (writable) {
      if (!connected_) connected_ = true;
      if (callback_) write();
    }
    // A handshake goes on with whatever has become possible, and the request follows it.
    const bool is_tls = !stream_->is_plain();
    if (readable || is_tls) read();
    if (is_tls && stream_ && callback_) write();
  }

  // Only while it is idle.
  void close() { finish(false); }
  TimePoint idle_since() const { return idle_since_; }
  bool is_busy() const { return static_cast<bool>(callback_); }

 private:
  void write() {
    while (written_ < request_.size()) {
      const iovec piece{request_.data() + written_, request_.size() - written_};
      const IoResult result = stream_->write({&piece, 1});
      if (result.state == IoResult::State::kWouldBlock) return;
      if (!result.ok()) return;  // the answer, or the reset, arrives by reading
      written_ += result.bytes;
    }
  }

  void read() {
    char bytes[65536];
    while (stream_) {
      const IoResult result = stream_->read(bytes);
      if (result.state == IoResult::State::kWouldBlock) return;
      if (!callback_) return fail("closed while idle");
      if (result.state == IoResult::State::kError) {
        return fail(failure_of(*stream_, result));
      }
      const auto state = result.ok() ? reader_.feed({bytes, result.bytes}) : reader_.end();
      if (state == ResponseReader::State::kMore) continue;
      return finish(state == ResponseReader::State::kDone && result.ok() && reader_.keep_alive() &&
                    client_.options_.keep_alive);
    }
  }

  void on_timeout() { fail("no answer in time"); }

  void fail(std::string why) {
    if (callback_) {
      reader_.response().status = 0;
      reader_.response().error = std::move(why);
    }
    finish(false);
  }

  void finish(bool reusable) {
    timeout_.stop();
    if (!reusable) {
      watcher_.stop();
      stream_.reset();
    }
    Callback callback = std::move(callback_);
    callback_ = nullptr;
    ClientResponse response = std::move(reader_.response());
    idle_since_ = client_.loop_.now();
    HttpClient& client = client_;
    client.on_finished(*this, reusable);  // `this` lives until the end of the turn
    if (callback) callback(std::move(response));
  }

  HttpClient& client_;
  ResponseReader reader_;
  Timer timeout_;
  std::unique_ptr<Stream> stream_;
  FdWatcher watcher_;
  std::string request_;
  size_t written_ = 0;
  bool connected_ = false;
  TimePoint idle_since_{};
  Callback callback_;
};

HttpClient::HttpClient(EventLoop& loop, Address server, const Options& options)
    : loop_(loop), options_(options), dialer_(std::move(server), options) {}

HttpClient::HttpClient(EventLoop& loop, Address server)
    : HttpClient(loop, std::move(server), Options{}) {}

HttpClient::~HttpClient() = default;

void HttpClient::request(const ClientRequest& request, Callback callback) {
  std::vector<std::string> lines;
  lines.reserve(request.headers.size());
  for (const auto& [name, value] : request.headers) lines.push_back(name + ": " + value);
  send(make_request({.method = request.method, .target = request.target}, dialer_.server(), lines,
                    request.body),
       std::move(callback));
}

void HttpClient::send(std::string request, Callback callback) {
  while (!idle_.empty()) {
    Connection& connection = *idle_.back();
    if (loop_.now() > connection.idle_since() + options_.idle_time) {
      connection.close();
      continue;
    }
    idle_.pop_back();
    connection.send(std::move(request), std::move(callback));
    return;
  }
  auto connection = std::make_unique<Connection>(*this);
  if (auto opened = connection->open(); !opened) {
    ClientResponse response;
    response.error = opened.error().detail;
    loop_.post(
        [callback = std::move(callback), response = std::move(response)] { callback(response); });
    return;
  }
  connection->send(std::move(request), std::move(callback));
  connections_.push_back(std::move(connection));
}

size_t HttpClient::in_flight() const {
  return static_cast<size_t>(std::count_if(connections_.begin(), connections_.end(),
                                           [](const auto& c) { return c->is_busy(); }));
}

void HttpClient::on_finished(Connection& connection, bool reusable) {
  if (reusable && idle_.size() < options_.idle_max) {
    idle_.push_back(&connection);
    return;
  }
  std::erase(idle_, &connection);
  auto it = std::find_if(connections_.begin(), connections_.end(),
                         [&](const auto& c) { return c.get() == &connection; });
  CHECK(it != connections_.end());
  // Still on the stack: it goes when the turn is over.
  std::shared_ptr<Connection> finished = std::move(*it);
  connections_.erase(it);
  loop_.at_turn_end([finished] {});
}

std::string make_request(const RequestLine& line, const Address& host,
                         const std::vector<std::string>& header_lines, std::string_view body) {
  std::string out;
  out.append(line.method).append(" ").append(line.target).append(" HTTP/1.1\r\nHost: ");
  out.append(host.to_string()).append("\r\n");
  for (const auto& header : header_lines) out.append(header).append("\r\n");
  if (!body.empty() || line.method == "POST" || line.method == "PUT") {
    out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  }
  return out.append("\r\n").append(body);
}

}  // namespace understudy::loadtest
