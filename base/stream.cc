// SPDX-License-Identifier: Apache-2.0
#include "base/stream.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/check.h"

namespace understudy {
namespace {

IoResult from_return(ssize_t count) {
  if (count > 0) return {.state = IoResult::State::kOk, .bytes = static_cast<size_t>(count)};
  if (count == 0) return {.state = IoResult::State::kEnd};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {.state = IoResult::State::kWouldBlock};
  return {.state = IoResult::State::kError, .error_number = errno};
}

}  // namespace

IoResult TcpStream::read(std::span<char> into) {
  DCHECK(!into.empty());
  ssize_t count;
  do {
    count = ::recv(fd_.value(), into.data(), into.size(), 0);
  } while (count < 0 && errno == EINTR);
  return from_return(count);
}

IoResult TcpStream::write(std::span<const iovec> pieces) {
  ssize_t count;
  do {
    if (pieces.size() == 1) {
      count = ::send(fd_.value(), pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
    } else {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(pieces.data());
      message.msg_iovlen = pieces.size();
      count = ::sendmsg(fd_.value(), &message, MSG_NOSIGNAL);
    }
  } while (count < 0 && errno == EINTR);
  return from_return(count);
}

void TcpStream::shutdown_write() {
  ::shutdown(fd_.value(), SHUT_WR);
}

}  // namespace understudy
