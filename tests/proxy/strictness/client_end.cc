// SPDX-License-Identifier: Apache-2.0
#include "tests/proxy/strictness/client_end.h"

#include <charconv>

#include "tests/proxy/strictness/http2_text.h"

namespace understudy::test {
namespace {

constexpr uint32_t kStream = 1;

}  // namespace

ClientEnd::ClientEnd(TestProxy& proxy, const Way& way)
    : peer_(connect(proxy, way)), speaks_(way.client) {
  if (speaks_ == Speaks::kHttp2) peer_.send(Http2Client::greeting());
}

void ClientEnd::ask(const std::string& text) {
  peer_.send(speaks_ == Speaks::kHttp1 ? text : frames_of(text, kStream));
}

void ClientEnd::begin(const std::string& head) {
  is_chunked_ = head.find("Transfer-Encoding") != std::string::npos;
  peer_.send(speaks_ == Speaks::kHttp1 ? head : head_frame_of(head, kStream));
}

void ClientEnd::send_body(std::string_view bytes, bool is_last) {
  if (speaks_ == Speaks::kHttp2) {
    peer_.send(data(kStream, bytes, is_last ? kEndStream : 0));
    return;
  }
  if (!is_chunked_) {
    peer_.send(bytes);
    return;
  }
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, bytes.size(), 16);
  peer_.send(std::string(digits, end.ptr) + "\r\n" + std::string(bytes) + "\r\n" +
             (is_last ? "0\r\n\r\n" : ""));
}

void ClientEnd::pump() {
  if (speaks_ == Speaks::kHttp1) return;
  const std::string reply = reader_.read(peer_.take());
  if (!reply.empty() && !peer_.is_closed()) peer_.send_some(reply);
}

bool ClientEnd::is_answered() {
  if (speaks_ == Speaks::kHttp2) return reader_.response(kStream).ended;
  return message_bytes(peer_.received()) != 0;
}

std::string ClientEnd::status() {
  if (speaks_ == Speaks::kHttp2) return reader_.response(kStream).status;
  return is_answered() ? peer_.received().substr(9, 3) : std::string();
}

std::string ClientEnd::body() {
  if (speaks_ == Speaks::kHttp2) return reader_.response(kStream).body;
  const std::size_t end = peer_.received().find("\r\n\r\n");
  return end == std::string::npos ? std::string() : peer_.received().substr(end + 4);
}

}  // namespace understudy::test
