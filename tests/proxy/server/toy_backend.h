// SPDX-License-Identifier: Apache-2.0
// A member without the SDK for tests: answers every request with its name, on the test's own loop.
#pragma once

#include <errno.h>
#include <sys/socket.h>

#include <array>
#include <list>
#include <memory>
#include <string>

#include "base/event_loop.h"
#include "base/fd_watcher.h"
#include "base/socket.h"

namespace understudy {

class ToyBackend final : private FdWatcher::Handler {
 public:
  ToyBackend(EventLoop& loop, std::string name)
      : loop_(loop), name_(std::move(name)), listener_(*listen_tcp(Address::loopback(0), {})) {
    watcher_.start_listening(loop_, listener_.value(), *this);
  }

  std::string address() const { return local_address(listener_).to_string(); }
  const std::string& last_request() const { return last_request_; }
  // While held, requests are received and not answered.
  void hold() { held_ = true; }
  void release() {
    held_ = false;
    for (auto& connection : connections_) connection->answer();
  }
  void answer_with(std::string status) { status_ = std::move(status); }
  // Answers CPing.
  void pong() { pongs_ = true; }
  int pings() const { return pings_; }
  int waiting() const {
    int count = 0;
    for (const auto& connection : connections_) count += connection->unanswered_;
    return count;
  }

 private:
  struct Connection final : FdWatcher::Handler {
    Connection(ToyBackend& backend, Fd fd) : backend_(backend), fd_(std::move(fd)) {
      watcher_.start(backend_.loop_, fd_.value(), *this);
    }
    void on_ready(bool, bool) override {
      std::array<char, 4096> some;
      for (;;) {
        const ssize_t size = ::recv(fd_.value(), some.data(), some.size(), 0);
        if (size <= 0) break;
        text_.append(some.data(), static_cast<std::size_t>(size));
      }
      if (tunnel_) return echo();
      // AJP's CPing and CPong.
      constexpr std::string_view kPing{"\x12\x34\x00\x01\x0a", 5};
      while (backend_.pongs_ && text_.starts_with(kPing)) {
        text_.erase(0, kPing.size());
        ++backend_.pings_;
        say({"AB\x00\x01\x09", 5});
      }
      for (std::size_t end; (end = text_.find("\r\n\r\n")) != std::string::npos;) {
        backend_.last_request_ = text_.substr(0, end + 4);
        const bool upgrades = text_.substr(0, end).find("pgrade: echo") != std::string::npos;
        text_.erase(0, end + 4);
        if (upgrades) return begin_tunnel();
        ++unanswered_;
      }
      if (!backend_.held_) answer();
    }
    // A tunnel that says what it is told.
    void begin_tunnel() {
      tunnel_ = true;
      say("HTTP/1.1 101 Sure\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
      echo();
    }
    void echo() {
      say(text_);
      text_.clear();
    }
    void say(std::string_view text) {
      static_cast<void>(::send(fd_.value(), text.data(), text.size(), MSG_NOSIGNAL));
    }
    void answer() {
      const std::string body = backend_.name_;
      const std::string response = "HTTP/1.1 " + backend_.status_ + "\r\nX-Member: " + body +
                                   "\r\nContent-Length: " + std::to_string(body.size()) +
                                   "\r\n\r\n" + body;
      for (; unanswered_ > 0; --unanswered_) {
        static_cast<void>(::send(fd_.value(), response.data(), response.size(), MSG_NOSIGNAL));
      }
    }
    ToyBackend& backend_;
    Fd fd_;
    FdWatcher watcher_;
    std::string text_;
    int unanswered_ = 0;
    bool tunnel_ = false;
  };

  void on_ready(bool, bool) override {
    for (;;) {
      auto accepted = accept_tcp(listener_);
      if (!accepted || !accepted->fd) return;
      connections_.push_back(std::make_unique<Connection>(*this, std::move(accepted->fd)));
    }
  }

  EventLoop& loop_;
  const std::string name_;
  Fd listener_;
  FdWatcher watcher_;
  std::list<std::unique_ptr<Connection>> connections_;
  bool held_ = false;
  bool pongs_ = false;
  int pings_ = 0;
  std::string last_request_;
  std::string status_ = "200 OK";
};

// A client's connection: sends text, gathers what comes.
class ToyClient final {
 public:
  explicit ToyClient(const Address& address) : fd_(*connect_tcp(address)) {}

  void say(std::string_view text) { pending_ += text; }
  void turn() {
    if (!pending_.empty()) {
      const ssize_t sent = ::send(fd_.value(), pending_.data(), pending_.size(), MSG_NOSIGNAL);
      if (sent > 0) pending_.erase(0, static_cast<std::size_t>(sent));
    }
    std::array<char, 4096> some;
    const ssize_t size = ::recv(fd_.value(), some.data(), some.size(), 0);
    if (size > 0) heard_.append(some.data(), static_cast<std::size_t>(size));
    if (size == 0) ended_ = true;
    if (size < 0 && errno != EAGAIN && errno != ENOTCONN && errno != EINTR) broken_ = true;
  }
  const std::string& heard() const { return heard_; }
  bool has_ended() const { return ended_; }
  bool is_broken() const { return broken_; }

 private:
  Fd fd_;
  std::string pending_;
  std::string heard_;
  bool ended_ = false;
  bool broken_ = false;
};

}  // namespace understudy
