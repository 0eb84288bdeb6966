// SPDX-License-Identifier: Apache-2.0
#include "tests/backend_sdk/node/http_client.h"

#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/address.h"

namespace understudy {

std::string HttpAnswer::header(std::string_view name) const {
  for (const Header& header : headers) {
    if (header.name.size() == name.size() &&
        ::strncasecmp(header.name.data(), name.data(), name.size()) == 0) {
      return header.value;
    }
  }
  return {};
}

bool HttpClient::connect() {
  if (fd_) return true;
  buffer_.clear();
  fd_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(fd_.value(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const Address address = Address::loopback(port_);
  if (::connect(fd_.value(), address.raw(), address.raw_size()) == 0) return true;
  fd_.reset();
  return false;
}

bool HttpClient::send(const std::string& method, const std::string& target,
                      const std::vector<Header>& headers, const std::string& body) {
  if (!connect()) return false;
  std::string text = method + ' ' + target + " HTTP/1.1\r\nHost: test\r\n";
  for (const Header& header : headers) text += header.name + ": " + header.value + "\r\n";
  std::string line;
  for (const Header& cookie : cookies_) {
    line += (line.empty() ? "" : "; ") + cookie.name + '=' + cookie.value;
  }
  if (!line.empty()) text += "Cookie: " + line + "\r\n";
  if (!body.empty() || method == "POST") {
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  text += "\r\n" + body;
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t sent = ::send(fd_.value(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool HttpClient::fill() {
  char bytes[16 * 1024];
  const ssize_t got = ::recv(fd_.value(), bytes, sizeof bytes, 0);
  if (got <= 0) {
    fd_.reset();
    return false;
  }
  buffer_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

std::optional<std::string> HttpClient::line() {
  std::size_t end;
  while ((end = buffer_.find("\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  std::string text = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return text;
}

std::optional<std::string> HttpClient::exactly(std::size_t bytes) {
  while (buffer_.size() < bytes) {
    if (!fill()) return std::nullopt;
  }
  std::string text = buffer_.substr(0, bytes);
  buffer_.erase(0, bytes);
  return text;
}

std::optional<HttpAnswer> HttpClient::receive(bool without_body) {
  HttpAnswer answer;
  auto text = line();
  if (!text || text->size() < 12) return std::nullopt;
  answer.status = std::stoi(text->substr(9, 3));
  while ((text = line()) && !text->empty()) {
    const std::size_t colon = text->find(':');
    if (colon == std::string::npos) return std::nullopt;
    const std::size_t value = text->find_first_not_of(' ', colon + 1);
    answer.headers.push_back(
        {text->substr(0, colon), value == std::string::npos ? "" : text->substr(value)});
  }
  if (!text) return std::nullopt;
  keep(answer);
  if (without_body) return answer;
  if (answer.header("Transfer-Encoding") == "chunked") {
    for (;;) {
      const auto size = line();
      if (!size) return std::nullopt;
      const std::size_t bytes = std::stoul(*size, nullptr, 16);
      const auto chunk = exactly(bytes + 2);
      if (!chunk) return std::nullopt;
      if (bytes == 0) return answer;
      answer.body += chunk->substr(0, bytes);
    }
  }
  const std::string length = answer.header("Content-Length");
  const auto body = exactly(length.empty() ? 0 : std::stoul(length));
  if (!body) return std::nullopt;
  answer.body = *body;
  if (answer.header("Connection") == "close") fd_.reset();
  return answer;
}

std::optional<HttpAnswer> HttpClient::ask(const std::string& method, const std::string& target,
                                          const std::vector<Header>& headers,
                                          const std::string& body) {
  if (!send(method, target, headers, body)) return std::nullopt;
  return receive(method == "HEAD");
}

void HttpClient::keep(const HttpAnswer& answer) {
  if (!keeps_cookies_) return;
  for (const Header& header : answer.headers) {
    if (header.name != "Set-Cookie") continue;
    const std::size_t equals = header.value.find('=');
    const std::string name = header.value.substr(0, equals);
    const std::string value = header.value.substr(equals + 1, header.value.find(';') - equals - 1);
    std::erase_if(cookies_, [&](const Header& cookie) { return cookie.name == name; });
    if (!value.empty()) cookies_.push_back({name, value});
  }
}

}  // namespace understudy
