// SPDX-License-Identifier: Apache-2.0
#include "proxy/admin/client.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "base/socket.h"
#include "proxy/admin/admin.h"

namespace understudy {
namespace {

// A conversation of one question on one socket, with one deadline for all of it.
class Conversation final {
 public:
  Conversation(Fd fd, Duration all)
      : fd_(std::move(fd)), all_(all), deadline_(clock_.now() + all) {}

  Result<void> connected(const Address& address) {
    if (auto ready = wait(POLLOUT); !ready) return ready;
    return connect_outcome(fd_, address);
  }

  Result<void> say(std::string_view text) {
    while (!text.empty()) {
      if (auto ready = wait(POLLOUT); !ready) return ready;
      const ssize_t sent = ::send(fd_.value(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (sent < 0) return system_error("send", errno);
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
  }

  // All until the end.
  Result<std::string> hear() {
    std::string all;
    std::array<char, 16384> some;
    for (;;) {
      if (auto ready = wait(POLLIN); !ready) return std::move(ready).error();
      const ssize_t size = ::recv(fd_.value(), some.data(), some.size(), 0);
      if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (size < 0) return system_error("recv", errno);
      if (size == 0) return all;
      all.append(some.data(), static_cast<std::size_t>(size));
      if (all.size() > kAdminAnswerBytesMax) {
        return Error{.code = ErrorCode::kTooLarge, .detail = "the answer does not end"};
      }
    }
  }

 private:
  Result<void> wait(short events) {
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - clock_.now());
      pollfd ready{.fd = fd_.value(), .events = events, .revents = 0};
      const int timeout = static_cast<int>(std::max<int64_t>(left.count(), 0));
      const int count = ::poll(&ready, 1, timeout);
      if (count > 0) return {};
      if (count < 0 && errno == EINTR) continue;
      const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(all_).count();
      return Error{.code = ErrorCode::kTimeout,
                   .detail = "no answer within " + std::to_string(ms) + " ms"};
    }
  }

  const Fd fd_;
  const SystemClock clock_;
  const Duration all_;
  const TimePoint deadline_;
};

Result<AdminAnswer> parse_answer(const std::string& text) {
  const Error strange{.code = ErrorCode::kProtocol,
                      .detail = "what answers there is no admin address of Understudy"};
  const std::string_view all = text;
  const std::size_t end = all.find("\r\n\r\n");
  if (!all.starts_with("HTTP/1.") || end == std::string_view::npos || all.size() < 12) {
    return strange;
  }
  AdminAnswer answer;
  const std::string_view digits = all.substr(9, 3);
  if (std::from_chars(digits.begin(), digits.end(), answer.status).ptr != digits.end()) {
    return strange;
  }
  answer.body = all.substr(end + 4);
  return answer;
}

}  // namespace

Result<AdminAnswer> ask_admin(const Address& address, const AdminQuestion& question) {
  Result<Fd> fd = connect_tcp(address);
  if (!fd) return std::move(fd).error();
  Conversation conversation(*std::move(fd), question.answer_max);
  if (auto connected = conversation.connected(address); !connected) {
    return std::move(connected).error();
  }
  const std::string request =
      question.method + " " + question.target + " HTTP/1.1\r\nHost: " + address.to_string() +
      "\r\n" + std::string(kAdminHeader) + ": 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  if (auto said = conversation.say(request); !said) return std::move(said).error();
  Result<std::string> text = conversation.hear();
  if (!text) return std::move(text).error();
  return parse_answer(*text);
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

}  // namespace understudy
