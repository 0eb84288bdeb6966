// SPDX-License-Identifier: Apache-2.0
#include "tests/loadtest/support/test_server.h"

#include <algorithm>

#include "base/check.h"
#include "base/tls_stream.h"
#include "tests/loadtest/support/test_connection.h"

namespace understudy::loadtest {

TestServer::TestServer(EventLoop& loop, const Options& options) : loop_(loop), options_(options) {
  auto listener = listen_tcp(options_.address, {});
  CHECK(listener);
  listener_ = std::move(*listener);
  address_ = local_address(listener_);
  watcher_.start_listening(loop_, listener_.value(), *this);
}

TestServer::~TestServer() = default;

void TestServer::on_ready(bool, bool) {
  auto accepted = accept_tcp(listener_);
  if (!accepted || !accepted->fd) return;
  ++connections;
  std::unique_ptr<Stream> stream;
  if (options_.tls) {
    stream = std::make_unique<TlsStream>(*options_.tls, std::move(accepted->fd));
  } else {
    stream = std::make_unique<TcpStream>(std::move(accepted->fd));
  }
  open_.push_back(options_.is_http2
                      ? make_http2_connection(*this, std::move(stream), options_.streams_max)
                      : make_http1_connection(*this, std::move(stream)));
}

void TestServer::release() {
  held = 0;
  for (const auto& connection : open_) connection->release();
}

TestConnection::TestConnection(TestServer& server, std::unique_ptr<Stream> stream)
    : server_(server), stream_(std::move(stream)) {
  watcher_.start(server.loop_, stream_->fd(), *this);
}

TestConnection::Answer TestConnection::answer(const std::string& method, const std::string& path,
                                              const std::string& cookie, const std::string& body) {
  if (!cookie.empty()) server_.cookies.push_back(cookie);
  if (path == "/echo") return {.status = 200, .body = method + ":" + body};
  if (path == "/hold") return {.status = 200, .body = "held", .is_held = true};
  if (path == "/close") return {.is_close = true};
  if (const auto series = server_.options_.series.find(path);
      series != server_.options_.series.end()) {
    return {.status = 200, .body = series->second[server_.in_series++ % series->second.size()]};
  }
  const auto page = server_.options_.pages.find(path);
  if (page != server_.options_.pages.end()) return {.status = 200, .body = page->second};
  return {};
}

void TestConnection::hold(size_t on_this) {
  ++server_.held;
  server_.held_most = std::max(server_.held_most, server_.held);
  server_.on_one_most = std::max(server_.on_one_most, on_this);
}

void TestConnection::on_ready(bool, bool) {
  char bytes[16384];
  while (stream_) {
    const IoResult result = stream_->read(bytes);
    if (result.state == IoResult::State::kWouldBlock) break;
    if (!result.ok()) return close();
    if (const auto* tls = dynamic_cast<const TlsStream*>(stream_.get()); tls && !is_greeted_) {
      is_greeted_ = true;
      server_.resumed += tls->has_resumed() ? 1 : 0;
    }
    feed({bytes, result.bytes});
  }
  write();
}

void TestConnection::write() {
  while (stream_) {
    fill(out_);
    if (out_.empty()) return;
    const iovec piece{out_.data(), out_.size()};
    const IoResult result = stream_->write({&piece, 1});
    if (result.state == IoResult::State::kWouldBlock) return;
    if (!result.ok()) return close();
    out_.erase(0, result.bytes);
  }
}

void TestConnection::close() {
  watcher_.stop();
  stream_.reset();
}

}  // namespace understudy::loadtest
