// SPDX-License-Identifier: Apache-2.0
#include "base/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

namespace understudy {
namespace {

void set_option(const Fd& fd, int level, int option) {
  const int one = 1;
  setsockopt(fd.value(), level, option, &one, sizeof one);
}

Result<Fd> open_socket(const Address& address, int type) {
  Fd fd(::socket(address.raw()->sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd) return fd;
  const int number = errno;
  Error error = system_error("socket", number);
  const bool is_ours =
      number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM;
  if (is_ours) error.code = ErrorCode::kUnavailable;  // says nothing about who was to be reached
  return error;
}

Result<void> bind_to(const Fd& fd, const Address& address) {
  if (::bind(fd.value(), address.raw(), address.raw_size()) != 0) {
    Error error = system_error("bind", errno);
    error.detail = "cannot listen on " + address.to_string() + ": " + error.detail;
    return error;
  }
  return {};
}

}  // namespace

Error system_error(const char* what, int error_number) {
  return {.code = ErrorCode::kSystem,
          .detail = std::string(what) + ": " + std::strerror(error_number)};
}

Error connect_error(int error_number, const Address& address) {
  ErrorCode code = ErrorCode::kConnectFailed;
  if (error_number == ECONNREFUSED || error_number == ENOENT) code = ErrorCode::kConnectRefused;
  if (error_number == ETIMEDOUT) code = ErrorCode::kConnectTimeout;
  return {.code = code,
          .detail = "connect to " + address.to_string() + ": " + std::strerror(error_number)};
}

bool has_ipv6() {
  const Fd fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  return fd && ::bind(fd.value(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0;
}

Result<Fd> bind_tcp(const Address& address, const ListenOptions& options) {
  auto fd = open_socket(address, SOCK_STREAM);
  if (!fd) return fd;
  if (address.is_unix()) {
    ::unlink(address.host().c_str());
  } else {
    set_option(*fd, SOL_SOCKET, SO_REUSEADDR);
    if (options.reuse_port) set_option(*fd, SOL_SOCKET, SO_REUSEPORT);
    if (address.raw()->sa_family == AF_INET6) set_option(*fd, IPPROTO_IPV6, IPV6_V6ONLY);
    // Inherited by accepted sockets: saves a system call for each connection.
    set_option(*fd, IPPROTO_TCP, TCP_NODELAY);
  }
  if (auto bound = bind_to(*fd, address); !bound) return std::move(bound).error();
  return fd;
}

Result<void> listen_on(const Fd& fd, const ListenOptions& options) {
  if (::listen(fd.value(), options.backlog) != 0) return system_error("listen", errno);
  return {};
}

Result<Fd> listen_tcp(const Address& address, const ListenOptions& options) {
  auto fd = bind_tcp(address, options);
  if (!fd) return fd;
  if (auto listening = listen_on(*fd, options); !listening) return std::move(listening).error();
  return fd;
}

Result<Fd> bind_udp(const Address& address) {
  auto fd = open_socket(address, SOCK_DGRAM);
  if (!fd) return fd;
  if (auto bound = bind_to(*fd, address); !bound) return std::move(bound).error();
  return fd;
}

Address local_address(const Fd& fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getsockname(fd.value(), reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage), size);
}

Address peer_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage), size);
}

void limit_unacknowledged(const Fd& fd, std::chrono::milliseconds time) {
  const auto ms = static_cast<unsigned>(time.count());
  setsockopt(fd.value(), IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
}

std::optional<size_t> receive_datagram(const Fd& fd, std::span<char> into) {
  for (;;) {
    const ssize_t bytes = ::recv(fd.value(), into.data(), into.size(), 0);
    if (bytes >= 0) return static_cast<size_t>(bytes);
    // Anything but an interruption or an error of an earlier datagram means: nothing waits.
    if (errno != EINTR && errno != ECONNREFUSED) return std::nullopt;
  }
}

void send_datagram(const Fd& fd, std::string_view bytes, const Address& to) {
  while (::sendto(fd.value(), bytes.data(), bytes.size(), MSG_NOSIGNAL, to.raw(), to.raw_size()) <
             0 &&
         errno == EINTR) {
  }
}

Result<Accepted> accept_tcp(const Fd& listener) {
  for (;;) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    Fd fd(::accept4(listener.value(), reinterpret_cast<sockaddr*>(&storage), &size,
                    SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      return Accepted{std::move(fd),
                      Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage), size)};
    }
    switch (errno) {
      case EAGAIN:
        return Accepted{};
      case EINTR:
      case ECONNABORTED:
      case EPROTO:
        continue;
      default:
        return system_error("accept", errno);
    }
  }
}

Result<Fd> connect_tcp(const Address& address, const Address& local) {
  auto fd = open_socket(address, SOCK_STREAM);
  if (!fd) return fd;
  if (local.is_set() && local.raw()->sa_family == address.raw()->sa_family) {
    // The port is chosen by connect(), for the same one may serve several members.
    set_option(*fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    if (::bind(fd->value(), local.raw(), local.raw_size()) != 0) {
      return connect_error(errno, local);
    }
  }
  if (!address.is_unix()) set_option(*fd, IPPROTO_TCP, TCP_NODELAY);
  if (::connect(fd->value(), address.raw(), address.raw_size()) != 0 && errno != EINPROGRESS) {
    return connect_error(errno, address);
  }
  return fd;
}

bool send_at_once(int fd, std::string_view bytes) {
  const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent == static_cast<ssize_t>(bytes.size());
}

Result<void> connect_outcome(const Fd& fd, const Address& address) {
  return connect_outcome(fd.value(), address);
}

Result<void> connect_outcome(int fd, const Address& address) {
  const int error_number = pending_error(fd);
  if (error_number != 0) return connect_error(error_number, address);
  return {};
}

int pending_error(int fd) {
  int error_number = 0;
  socklen_t size = sizeof error_number;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error_number, &size);
  return error_number;
}

}  // namespace understudy
