// SPDX-License-Identifier: Apache-2.0
#include "base/tcp_path.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

namespace understudy {
namespace {

// Three probes, because one that is lost says nothing; where there is time for so many.
constexpr int kProbesMax = 3;
constexpr int kPausesIn = 5;  // of the whole time, one between two probes

void set_number(const Fd& fd, int level, int option, int value) {
  setsockopt(fd.value(), level, option, &value, sizeof value);
}

}  // namespace

void probe_when_idle(const Fd& fd, std::chrono::seconds time) {
  const int seconds = static_cast<int>(std::max(time, kProbingMin).count());
  const int probes = std::min(kProbesMax, seconds - 1);
  const int pause = std::max(1, seconds / kPausesIn);
  set_number(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds - probes * pause);
  set_number(fd, IPPROTO_TCP, TCP_KEEPINTVL, pause);
  set_number(fd, IPPROTO_TCP, TCP_KEEPCNT, probes);
  set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

std::optional<Acknowledgements> acknowledgements(int fd) {
  using std::chrono::milliseconds;
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  // A peer that has closed its window acknowledges what is sent again without taking it: that is
  // an answer, and the next attempt may be a minute away.
  const bool is_data = info.tcpi_unacked != 0 && info.tcpi_last_data_sent < info.tcpi_last_ack_recv;
  return Acknowledgements{.is_waited_for = is_data || info.tcpi_probes != 0,
                          .since_ack = milliseconds(info.tcpi_last_ack_recv),
                          .since_sent = milliseconds(info.tcpi_last_data_sent)};
}

ErrorCode broken_code(int error_number) {
  const bool is_unreachable =
      error_number == ETIMEDOUT || error_number == EHOSTUNREACH || error_number == ENETUNREACH;
  return is_unreachable ? ErrorCode::kUnreachable : ErrorCode::kReset;
}

}  // namespace understudy
