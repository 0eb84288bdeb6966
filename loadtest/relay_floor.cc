// SPDX-License-Identifier: Apache-2.0
// relay_floor: the cheapest relay this kernel allows, as the lower bound for what a proxy may cost.
// One connection to a member for each client, both registered once and edge-triggered; what is read
// is written, and is not looked at. One thread, loopback only; ends on SIGTERM.
//   relay_floor LISTEN_PORT MEMBER_PORT...
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr size_t kBufferBytes = 65536;
constexpr int kEventsPerTurn = 256;

struct Side {
  int fd = -1;
  Side* peer = nullptr;
  std::string kept;  // what this side's socket did not take yet
};

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

class Relay {
 public:
  explicit Relay(std::vector<int> members) : members_(std::move(members)) {}

  bool listen_on(int port) {
    listener_.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener_.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in address = loopback(port);
    if (::bind(listener_.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.fd, 4096) != 0) {
      return false;
    }
    watch(listener_, EPOLLIN);
    return true;
  }

  [[noreturn]] void run() {
    epoll_event events[kEventsPerTurn];
    for (;;) {
      const int count = ::epoll_wait(epoll_, events, kEventsPerTurn, -1);
      for (int i = 0; i < count; ++i) {
        Side& side = *static_cast<Side*>(events[i].data.ptr);
        if (&side == &listener_) {
          accept_all();
        } else if (side.fd >= 0) {
          if ((events[i].events & EPOLLOUT) && !side.kept.empty()) flush(side);
          if (side.fd >= 0 && (events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP))) pump(side);
        }
      }
      for (Side* side : closed_) delete side;
      closed_.clear();
    }
  }

 private:
  void watch(Side& side, uint32_t what) {
    epoll_event event{};
    event.events = what;
    event.data.ptr = &side;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, side.fd, &event);
  }

  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int upstream = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      const sockaddr_in member = loopback(members_[next_++ % members_.size()]);
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ::setsockopt(upstream, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ::connect(upstream, reinterpret_cast<const sockaddr*>(&member), sizeof member);
      auto* down = new Side{.fd = fd};
      auto* up = new Side{.fd = upstream, .peer = down};
      down->peer = up;
      watch(*down, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
      watch(*up, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    }
  }

  void pump(Side& side) {
    while (side.peer->kept.empty()) {
      const ssize_t got = ::read(side.fd, buffer_, kBufferBytes);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return close(side);
      const ssize_t put = ::write(side.peer->fd, buffer_, static_cast<size_t>(got));
      if (put < got) side.peer->kept.assign(buffer_ + (put > 0 ? put : 0), buffer_ + got);
      if (put < 0 && errno != EAGAIN && errno != ENOTCONN) return close(side);
      if (static_cast<size_t>(got) < kBufferBytes) return;  // drained
    }
  }

  void flush(Side& side) {
    const ssize_t put = ::write(side.fd, side.kept.data(), side.kept.size());
    if (put < 0) return errno == EAGAIN ? void() : close(side);
    side.kept.erase(0, static_cast<size_t>(put));
    if (side.kept.empty()) pump(*side.peer);
  }

  void close(Side& side) {
    for (Side* both : {side.peer, &side}) {
      ::close(both->fd);
      both->fd = -1;
      closed_.push_back(both);
    }
  }

  const std::vector<int> members_;
  const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  Side listener_;
  size_t next_ = 0;
  std::vector<Side*> closed_;
  char buffer_[kBufferBytes];
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: relay_floor LISTEN_PORT MEMBER_PORT...\n");
    return 2;
  }
  std::vector<int> members;
  for (int index = 2; index < argc; ++index) members.push_back(std::atoi(argv[index]));
  static Relay relay(std::move(members));
  if (!relay.listen_on(std::atoi(argv[1]))) {
    std::perror("relay_floor: listen");
    return 1;
  }
  relay.run();
}
