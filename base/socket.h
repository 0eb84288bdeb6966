// SPDX-License-Identifier: Apache-2.0
// The system calls on sockets, each made once and with the right flags: non-blocking, close on
// exec, TCP_NODELAY. No loop, no state; any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"

namespace understudy {

struct ListenOptions {
  bool reuse_port = false;  // several listeners on one port, the kernel spreads (one per worker)
  int backlog = 4096;       // the kernel caps it at net.core.somaxconn
};

// Whether this machine has IPv6: a kernel without it, or with it switched off, binds no address.
bool has_ipv6();
Result<Fd> listen_tcp(const Address& address, const ListenOptions& options);
// Its first half: the address is taken, unless another socket listens there, and no client gets in
// before listen_on(). To close one that listens would reset the clients in its backlog.
Result<Fd> bind_tcp(const Address& address, const ListenOptions& options);
Result<void> listen_on(const Fd& fd, const ListenOptions& options);
// A UDP socket bound to address.
Result<Fd> bind_udp(const Address& address);
// Where a bound socket really is (port 0 has become a port).
Address local_address(const Fd& fd);
Address peer_address(int fd);
// Bytes that the peer's machine has not acknowledged for this long break the connection.
void limit_unacknowledged(const Fd& fd, std::chrono::milliseconds time);

// The size of the datagram taken, longer ones cut to the span; nullopt when none waits.
std::optional<size_t> receive_datagram(const Fd& fd, std::span<char> into);
// Best effort, as datagrams are.
void send_datagram(const Fd& fd, std::string_view bytes, const Address& to);

struct Accepted {
  Fd fd;
  Address peer;
};
// nullopt-like: an unset fd with kOk means nothing waits; errors of the one connection (aborted by
// its peer) are skipped; what remains is about this process (EMFILE ...).
Result<Accepted> accept_tcp(const Fd& listener);

// Starts a connect; the socket becomes writable when it is decided, see connect_outcome.
// A refusal seen at once (loopback, unix) is returned as kConnectRefused.
// From `local`, an IP address with port 0, where it is set and of the same family.
Result<Fd> connect_tcp(const Address& address, const Address& local = {});
// After writability: success, kConnectRefused, kConnectTimeout or kConnectFailed.
Result<void> connect_outcome(const Fd& fd, const Address& address);
Result<void> connect_outcome(int fd, const Address& address);
// The errno that waits at a socket, such as its peer's reset, or 0; asking takes it away.
int pending_error(int fd);

// All of it, or false: for a connection's first bytes.
bool send_at_once(int fd, std::string_view bytes);

// errno of a failed connect as one of the three kConnect codes, with the address in the text.
Error connect_error(int error_number, const Address& address);
Error system_error(const char* what, int error_number);

}  // namespace understudy
