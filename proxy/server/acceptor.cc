// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/acceptor.h"

#include <utility>

#include "base/log.h"

namespace understudy {

Acceptor::Acceptor(EventLoop& loop, Fd listener, std::size_t site, Owner& owner)
    : loop_(loop),
      listener_(std::move(listener)),
      site_(site),
      owner_(owner),
      rest_(Timer::of<&Acceptor::on_timer>(loop.timers(), *this)) {}

void Acceptor::resume() {
  rest_.stop();
  if (!watcher_.is_running()) watcher_.start_listening(loop_, listener_.value(), *this);
}

void Acceptor::pause() {
  rest_.stop();
  watcher_.stop();
}

void Acceptor::on_ready(bool, bool) {
  for (int count = 0; count < kAcceptsPerTurnMax && owner_.may_accept(); ++count) {
    Result<Accepted> accepted = accept_tcp(listener_);
    if (!accepted) {
      LOG(kError, "no connection can be accepted: {}; trying again in 100 ms",
          accepted.error().detail);
      watcher_.stop();
      rest_.start_at(loop_.now() + kAcceptRest);
      return;
    }
    if (!accepted->fd) return;
    owner_.on_accepted(site_, *std::move(accepted));
  }
}

}  // namespace understudy
