// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "tests/loadtest/support/test_connection.h"

namespace understudy::loadtest {
namespace {

std::string value_of(std::string_view head, std::string_view name) {
  const std::string wanted = "\r\n" + std::string(name) + ": ";
  const size_t begin = head.find(wanted);
  if (begin == std::string_view::npos) return {};
  const size_t from = begin + wanted.size();
  return std::string(head.substr(from, head.find("\r\n", from) - from));
}

class Http1TestConnection final : public TestConnection {
 public:
  using TestConnection::TestConnection;

  void release() override {
    if (!is_held_) return;
    is_held_ = false;
    write();
  }

 private:
  void feed(std::string_view bytes) override {
    in_.append(bytes);
    for (;;) {
      const size_t end = in_.find("\r\n\r\n");
      if (end == std::string::npos) return;
      const std::string head = in_.substr(0, end + 2);
      size_t length = 0;
      const std::string text = value_of(head, "Content-Length");
      std::from_chars(text.data(), text.data() + text.size(), length);
      if (in_.size() < end + 4 + length) return;
      const std::string body = in_.substr(end + 4, length);
      in_.erase(0, end + 4 + length);
      const size_t space = head.find(' ');
      const std::string path = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
      const Answer its = answer(head.substr(0, space), path, value_of(head, "Cookie"), body);
      if (its.is_close) return close();
      ready_ += "HTTP/1.1 " + std::to_string(its.status) +
                " X\r\nContent-Length: " + std::to_string(its.body.size()) +
                "\r\nSet-Cookie: seen=1; Path=/\r\n\r\n" + its.body;
      if (its.is_held) {
        is_held_ = true;
        hold(1);
      }
    }
  }
  void fill(std::string& out) override {
    if (is_held_) return;
    out += ready_;
    ready_.clear();
  }

  std::string in_;
  std::string ready_;
  bool is_held_ = false;
};

}  // namespace

std::unique_ptr<TestConnection> make_http1_connection(TestServer& server,
                                                      std::unique_ptr<Stream> stream) {
  return std::make_unique<Http1TestConnection>(server, std::move(stream));
}

}  // namespace understudy::loadtest
