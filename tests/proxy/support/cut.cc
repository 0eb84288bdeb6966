// SPDX-License-Identifier: Apache-2.0
#include "tests/proxy/support/cut.h"

#include <linux/filter.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/check.h"

namespace understudy::test {
namespace {

tcp_info told_by(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  CHECK(::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0);
  return info;
}

}  // namespace

void cut_off(int fd) {
  sock_filter drop_all = BPF_STMT(BPF_RET | BPF_K, 0);
  const sock_fprog program{.len = 1, .filter = &drop_all};
  CHECK(::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0);
}

std::uint32_t segments_received(int fd) {
  return told_by(fd).tcpi_segs_in;
}

std::chrono::milliseconds since_data(int fd) {
  return std::chrono::milliseconds(told_by(fd).tcpi_last_data_recv);
}

}  // namespace understudy::test
