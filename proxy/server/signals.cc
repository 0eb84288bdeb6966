// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <utility>

#include "base/socket.h"

namespace understudy {

Result<std::unique_ptr<Signals>> Signals::open(EventLoop& loop,
                                               std::function<void(int)> on_signal) {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&wanted, number);
  if (const int failed = pthread_sigmask(SIG_BLOCK, &wanted, nullptr); failed != 0) {
    return system_error("pthread_sigmask", failed);
  }
  Fd fd(::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd) return system_error("signalfd", errno);
  std::unique_ptr<Signals> signals(new Signals(std::move(fd), std::move(on_signal)));
  signals->watcher_.start_listening(loop, signals->fd_.value(), *signals);
  return signals;
}

Signals::~Signals() = default;

void Signals::on_ready(bool, bool) {
  signalfd_siginfo info;
  while (::read(fd_.value(), &info, sizeof info) == sizeof info) {
    on_signal_(static_cast<int>(info.ssi_signo));
  }
}

}  // namespace understudy
