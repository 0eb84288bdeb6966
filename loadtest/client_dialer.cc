// SPDX-License-Identifier: Apache-2.0
#include "loadtest/client_dialer.h"

#include <cstring>

#include "base/socket.h"
#include "base/tls_stream.h"

namespace understudy::loadtest {

ClientDialer::ClientDialer(Address server, const ClientOptions& options)
    : server_(std::move(server)), resumes_tls_(options.resumes_tls) {
  if (options.tls) tls_ = std::make_unique<TlsTarget>(options.tls, options.server_name);
}

Result<std::unique_ptr<Stream>> ClientDialer::open() {
  auto fd = connect_tcp(server_);
  if (!fd) return std::move(fd).error();
  std::unique_ptr<Stream> stream;
  if (tls_) {
    if (!resumes_tls_) tls_->forget_tickets();
    stream = std::make_unique<TlsStream>(*tls_, std::move(*fd));
  } else {
    stream = std::make_unique<TcpStream>(std::move(*fd));
  }
  return stream;
}

std::string failure_of(const Stream& stream, const IoResult& result) {
  if (result.state == IoResult::State::kEnd) return "closed by the server";
  if (!stream.error_text().empty()) return "TLS: " + std::string(stream.error_text());
  return std::string("connection: ") + std::strerror(result.error_number);
}

}  // namespace understudy::loadtest
