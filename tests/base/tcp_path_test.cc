// SPDX-License-Identifier: Apache-2.0
#include "base/tcp_path.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "base/socket.h"

namespace understudy {
namespace {

using std::chrono::seconds;

int option_of(const Fd& fd, int level, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(fd.value(), level, option, &value, &size), 0);
  return value;
}

TEST(TcpPath, ProbesEndAfterTheWholeTime) {
  for (const int time : {2, 3, 4, 5, 10, 60, 3600}) {
    SCOPED_TRACE(time);
    const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    probe_when_idle(fd, seconds(time));
    EXPECT_EQ(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    const int idle = option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE);
    const int probes = option_of(fd, IPPROTO_TCP, TCP_KEEPCNT);
    EXPECT_GE(idle, 1);
    EXPECT_EQ(probes, std::min(3, time - 1));
    EXPECT_EQ(idle + probes * option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), time);
  }
}

TEST(TcpPath, AskedForLessItTakesTheLeast) {
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  probe_when_idle(fd, seconds(0));
  EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 1);
  EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 1);
}

TEST(TcpPath, AUnixSocketHasNoAcknowledgements) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const Fd one(ends[0]);
  const Fd other(ends[1]);
  EXPECT_FALSE(acknowledgements(one.value()));
  EXPECT_FALSE(acknowledgements(-1));
}

TEST(TcpPath, AReaderThatTakesNothingAcknowledgesAllTheSame) {
  auto listener = listen_tcp(Address::loopback(0), {});
  ASSERT_TRUE(listener);
  auto sender = connect_tcp(local_address(*listener));
  ASSERT_TRUE(sender);
  auto accepted = accept_tcp(*listener);
  ASSERT_TRUE(accepted && accepted->fd);
  const std::vector<char> block(1 << 16);
  while (::send(sender->value(), block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
  }
  // The window is closed; what was sent is acknowledged, the rest is not on its way.
  for (;;) {
    const auto seen = acknowledgements(sender->value());
    ASSERT_TRUE(seen);
    if (!seen->is_waited_for) break;
  }
}

TEST(TcpPath, SilenceIsToldFromAReset) {
  EXPECT_EQ(broken_code(ETIMEDOUT), ErrorCode::kUnreachable);
  EXPECT_EQ(broken_code(EHOSTUNREACH), ErrorCode::kUnreachable);
  EXPECT_EQ(broken_code(ENETUNREACH), ErrorCode::kUnreachable);
  EXPECT_EQ(broken_code(ECONNRESET), ErrorCode::kReset);
  EXPECT_EQ(broken_code(EPROTO), ErrorCode::kReset);
}

}  // namespace
}  // namespace understudy
