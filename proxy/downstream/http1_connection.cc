// SPDX-License-Identifier: Apache-2.0
#include "proxy/downstream/http1_connection.h"

#include <sys/socket.h>

#include <array>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/socket.h"
#include "proxy/downstream/http1_downstream.h"
#include "proxy/exchange/error_response.h"
#include "proxy/exchange/routes.h"

namespace understudy {

// Ten thousand of them are idle for each that is not: its size is what an idle client costs.
static_assert(sizeof(void*) != 8 || sizeof(Http1Connection) <= 328);

Http1Connection::Http1Connection(Http1DownstreamPool& pool, std::unique_ptr<Stream> stream,
                                 Options options)
    : pool_(pool),
      options_(std::move(options)),
      stream_(std::move(stream)),
      timer_(Timer::of<&Http1Connection::on_timer>(pool.worker().io.loop.timers(), *this)) {}

Http1Connection::~Http1Connection() {
  if (active_) abandon_quietly();
}

void Http1Connection::start() {
  watcher_.start(pool_.worker().io.loop, stream_->fd(), *this);
  wait_for(stream_->is_established() ? Wait::kHead : Wait::kHandshake);
}

void Http1Connection::stop() {
  stopping_ = true;
  if (is_idle()) close_now();
}

void Http1Connection::abandon() {
  if (state_ != State::kClosed) close_now();
}

void Http1Connection::on_ready(bool readable, bool writable) {
  // A TLS handshake may have to write before it can read on.
  readable_ = readable_ || readable || (writable && stream_->wants_writable());
  if (state_ == State::kLingering) return linger();
  if (state_ == State::kClosed) return;
  if (writable && active_ && active_->is_blocked()) {
    active_->on_writable();
    if (state_ != State::kOpen) return;
  }
  if (!readable_) return;
  if (!active_) {
    active_ = pool_.take();
    active_->attach(*this);
  }
  active_->on_readable();
  // Back-pressure keeps it from reading, and a reset would wait unseen behind what is not read.
  const bool is_held_up = readable && readable_ && active_ && state_ == State::kOpen;
  if (is_held_up && pending_error(stream_->fd()) != 0) close_now();
}

// A short read means drained, unless the end is behind it.
IoResult Http1Connection::read(std::span<char> into) {
  const IoResult result = stream_->read(into);
  if (wait_ == Wait::kHandshake && stream_->is_established()) wait_for(Wait::kHead);
  readable_ = result.ok() && (result.bytes == into.size() || watcher_.peer_has_closed() ||
                              stream_->has_buffered());
  return result;
}

void Http1Connection::yield() {
  // Registering anew reports what is ready now, as an edge, in the next turn.
  watcher_.stop();
  watcher_.start(pool_.worker().io.loop, stream_->fd(), *this);
}

void Http1Connection::go_idle() {
  active_->detach();
  pool_.give_back(std::move(active_));
  if (stopping_) return close_now();
  // Before the first request the handshake's time goes on, or that of its head.
  if (requests_ != 0) wait_for(Wait::kNextRequest);
}

bool Http1Connection::may_become_http2() const {
  if (!options_.http2 || requests_ != 0) return false;
  return stream_->is_plain() || stream_->protocol() == "h2";
}

bool Http1Connection::has_agreed_on_http2() const {
  return !stream_->is_plain() && stream_->protocol() == "h2";
}

void Http1Connection::become_http2() {
  watcher_.stop();
  pool_.owner().on_http2(std::move(options_), std::move(stream_), active_->received());
  close_now();
}

// ---- Time.

const config::VirtualHost& Http1Connection::first_host() const {
  return *pool_.worker().routes->sites[options_.site].hosts.front();
}

std::optional<Duration> Http1Connection::patience(Wait what) const {
  const config::ClientTimeouts& timeouts = first_host().timeouts;
  switch (what) {
    case Wait::kNothing:
      return {};
    case Wait::kHandshake:
      return timeouts.handshake;
    case Wait::kNextRequest:
      return timeouts.keep_alive;
    case Wait::kHead:
      return timeouts.request_head;
    case Wait::kBody:
      return timeouts.body_silence ? timeouts.body_silence : timeouts.silence;
    case Wait::kWrite:
      return timeouts.silence;
    case Wait::kLinger:
      return kLingerMax;
  }
  return {};
}

void Http1Connection::wait_for(Wait what) {
  wait_ = what;
  // A timer that is not waited for any more is left to run out: that is cheaper than to stop it.
  if (what == Wait::kNothing) return;
  if (const auto wait = patience(what)) {
    timer_.start_at(pool_.worker().io.loop.now() + *wait);
  } else {
    timer_.stop();
  }
}

void Http1Connection::on_timer() {
  switch (wait_) {
    case Wait::kNothing:
      return;
    case Wait::kHead:
      if (active_) return active_->on_head_timeout();
      return close_now();
    case Wait::kBody:
      return active_->on_body_timeout();
    case Wait::kHandshake:
    case Wait::kNextRequest:
    case Wait::kWrite:
    case Wait::kLinger:
      return close_now();
  }
}

// ---- The end.

void Http1Connection::close_gently() {
  active_->detach();
  pool_.give_back(std::move(active_));
  stream_->shutdown_write();
  state_ = State::kLingering;
  wait_for(Wait::kLinger);
  linger();
}

void Http1Connection::linger() {
  std::array<char, 4096> nowhere;
  while (readable_) {
    const IoResult result = read(nowhere);
    if (result.state == IoResult::State::kWouldBlock) return;
    lingered_bytes_ += result.bytes;
    if (!result.ok() || lingered_bytes_ > kLingerBytesMax) return close_now();
  }
}

// A client that speaks plain HTTP to a TLS port is told so; best effort, for nothing is agreed
// upon.
void Http1Connection::close_after_error() {
  if (stream_->met_plain_http()) {
    const ErrorResponse response({.status = 400,
                                  .sentence =
                                      "This port speaks TLS, and the request came in plain HTTP. "
                                      "Please use https:// in front of the address.",
                                  .close = true});
    const Page& page = response.page();
    std::string text = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n";
    text.append(page.lines).append("Content-Length: ").append(std::to_string(page.body.size()));
    text.append("\r\n\r\n").append(page.body);
    const int fd = stream_->fd();
    ::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(fd, SHUT_WR);
    // What is left unread would reset the connection before the page is read.
    std::array<char, 4096> nowhere;
    while (::recv(fd, nowhere.data(), nowhere.size(), MSG_DONTWAIT) > 0 &&
           (lingered_bytes_ += nowhere.size()) <= kLingerBytesMax) {
    }
  }
  close_now();
}

void Http1Connection::reset() {
  const struct linger at_once { .l_onoff = 1, .l_linger = 0 };
  ::setsockopt(stream_->fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void Http1Connection::close_now() {
  DCHECK(state_ != State::kClosed);
  state_ = State::kClosed;
  watcher_.stop();
  timer_.stop();
  if (active_) abandon_quietly();
  pool_.owner().on_closed(*this);
}

void Http1Connection::abandon_quietly() {
  active_->on_connection_lost();
  active_->detach();
  pool_.give_back(std::move(active_));
}

}  // namespace understudy
