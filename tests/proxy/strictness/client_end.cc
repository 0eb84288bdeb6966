// SPDX-License-Identifier: Apache-2.0
#include "tests/proxy/strictness/client_end.h"

#include <charconv>

#include "tests/proxy/strictness/http2_text.h"

namespace understudy::test {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

std::string_view head_of(std::string_view text) {
  const std::size_t end = text.find(kHeadEnd);
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end + 2);
}

// A body in chunks, as far as it is here; `trailers` gets what stands behind the last one.
std::string without_chunks(std::string_view text, std::string_view& trailers) {
  std::string body;
  for (;;) {
    const std::size_t line = text.find("\r\n");
    if (line == std::string_view::npos) return body;
    std::size_t size = 0;
    std::from_chars(text.data(), text.data() + line, size, 16);
    text.remove_prefix(line + 2);
    if (size == 0) break;
    body += text.substr(0, size);
    if (text.size() < size + 2) return body;
    text.remove_prefix(size + 2);
  }
  trailers = text.substr(0, text.size() < 2 ? 0 : text.size() - 2);
  return body;
}

}  // namespace

ClientEnd::ClientEnd(TestProxy& proxy, const Way& way)
    : peer_(connect(proxy, way)), speaks_(way.client) {
  if (speaks_ == Speaks::kHttp2) peer_.send(Http2Client::greeting());
}

void ClientEnd::ask(const std::string& text) {
  is_head_ = text.starts_with("HEAD ");
  stream_ += stream_ == 0 ? 1 : 2;
  if (speaks_ == Speaks::kHttp1) peer_.take();
  bytes_.clear();
  peer_.send(speaks_ == Speaks::kHttp1 ? text : frames_of(text, stream_));
}

void ClientEnd::begin(const std::string& head) {
  stream_ += stream_ == 0 ? 1 : 2;
  is_chunked_ = head.find("Transfer-Encoding") != std::string::npos;
  peer_.send(speaks_ == Speaks::kHttp1 ? head : head_frame_of(head, stream_));
}

void ClientEnd::send_body(std::string_view bytes, bool is_last) {
  if (speaks_ == Speaks::kHttp2) {
    peer_.send(data(stream_, bytes, is_last ? kEndStream : 0));
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
  const std::string bytes = peer_.take();
  bytes_ += bytes;
  const std::string reply = reader_.read(bytes);
  if (!reply.empty() && !peer_.is_closed()) peer_.send_some(reply);
}

std::string_view ClientEnd::final_text() {
  std::string_view text = peer_.received();
  while (text.starts_with("HTTP/1.1 1")) {
    const std::size_t end = text.find(kHeadEnd);
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + kHeadEnd.size());
  }
  return text;
}

bool ClientEnd::has_body() {
  const std::string_view text = final_text();
  return !is_head_ && text.substr(9, 3) != "204" && text.substr(9, 3) != "304";
}

bool ClientEnd::is_answered() {
  if (speaks_ == Speaks::kHttp2) return response().ended;
  const std::string_view text = final_text();
  if (head_of(text).empty()) return false;
  return !has_body() || message_bytes(text) != 0;
}

bool ClientEnd::is_broken_off() {
  if (is_answered()) return false;
  return peer_.is_closed() || (speaks_ == Speaks::kHttp2 && response().reset >= 0);
}

std::string ClientEnd::status() {
  if (speaks_ == Speaks::kHttp2) return response().status;
  const std::string_view text = final_text();
  return head_of(text).empty() ? std::string() : std::string(text.substr(9, 3));
}

std::string ClientEnd::body() {
  if (speaks_ == Speaks::kHttp2) return response().body;
  const std::string_view text = final_text();
  if (head_of(text).empty() || !has_body()) return {};
  const std::string_view rest = text.substr(head_of(text).size() + 2);
  if (with_lower_names(head_of(text)).find("transfer-encoding: chunked") == std::string::npos) {
    return std::string(rest);
  }
  std::string_view trailers;
  return without_chunks(rest, trailers);
}

std::string ClientEnd::trailers() {
  if (speaks_ == Speaks::kHttp2) {
    std::string lines;
    for (const auto& [name, value] : response().trailers) lines += name + ": " + value + "\r\n";
    return lines;
  }
  const std::string_view text = final_text();
  if (with_lower_names(head_of(text)).find("transfer-encoding: chunked") == std::string::npos) {
    return {};
  }
  std::string_view trailers;
  without_chunks(text.substr(head_of(text).size() + 2), trailers);
  return with_lower_names(trailers);
}

std::vector<std::string> ClientEnd::interims() {
  if (speaks_ == Speaks::kHttp2) return response().interims;
  std::vector<std::string> statuses;
  std::string_view text = peer_.received();
  while (text.starts_with("HTTP/1.1 1")) {
    const std::size_t end = text.find(kHeadEnd);
    if (end == std::string_view::npos) break;
    statuses.emplace_back(text.substr(9, 3));
    text.remove_prefix(end + kHeadEnd.size());
  }
  return statuses;
}

std::string ClientEnd::raw() {
  return speaks_ == Speaks::kHttp1 ? peer_.received() : bytes_;
}

}  // namespace understudy::test
