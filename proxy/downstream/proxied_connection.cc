// SPDX-License-Identifier: Apache-2.0
#include "proxy/downstream/proxied_connection.h"

#include <errno.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "proxy/exchange/routes.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/http/preface/proxy_protocol.h"

namespace understudy {

ProxiedConnection::ProxiedConnection(const WorkerContext& worker, Fd fd, Options options,
                                     Next& next, Owner& owner)
    : worker_(worker),
      options_(std::move(options)),
      next_(next),
      owner_(owner),
      fd_(std::move(fd)),
      timer_(Timer::of<&ProxiedConnection::on_timer>(worker.io.loop.timers(), *this)) {}

void ProxiedConnection::start() {
  const config::ClientTimeouts& timeouts =
      worker_.routes->sites[options_.site].hosts.front()->timeouts;
  timer_.start_at(worker_.io.loop.now() + timeouts.request_head.value_or(timeouts.silence));
  watcher_.start(worker_.io.loop, fd_.value(), *this);
}

void ProxiedConnection::on_ready(bool readable, bool) {
  if (!readable || ended_) return;
  std::array<char, http::kProxyHeaderBytesMax> room;
  const ssize_t got = ::recv(fd_.value(), room.data(), room.size(), MSG_PEEK | MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return end();
  const http::ProxyHeader header =
      http::parse_proxy_header({room.data(), static_cast<std::size_t>(got)});
  switch (header.progress) {
    case http::Progress::kIncomplete:
      if (watcher_.peer_has_closed()) end();
      return;
    case http::Progress::kRefused:
      LOG(kInfo, "balancer {}: {}", options_.client.address.host(), to_text(header.refusal));
      return end();
    case http::Progress::kComplete:
      break;
  }
  if (::recv(fd_.value(), room.data(), header.bytes, MSG_DONTWAIT) !=
      static_cast<ssize_t>(header.bytes)) {
    return end();
  }
  if (header.client.is_set()) {
    options_.client.address = header.client;
    options_.client.local_port = header.destination.port();
    // What members are told in a PROXY header of ours.
    if (options_.client.local) {
      options_.client.local = std::make_unique<const Address>(header.destination);
    }
  }
  watcher_.stop();
  next_.on_client(std::move(fd_), std::move(options_));
  end();
}

void ProxiedConnection::on_timer() {
  LOG(kInfo, "balancer {}: the PROXY header did not come in time", options_.client.address.host());
  end();
}

void ProxiedConnection::end() {
  if (ended_) return;
  ended_ = true;
  watcher_.stop();
  timer_.stop();
  owner_.on_closed(*this);
}

}  // namespace understudy
