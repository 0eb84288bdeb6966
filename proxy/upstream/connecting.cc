// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/connecting.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/socket.h"
#include "proxy/upstream/member_connections.h"

namespace understudy {

Taken Connecting::Seat::send_head(const http::RequestHead&, const http::RequestRewrite&,
                                  BodyBytes) {
  CHECK(false, "a request is sent on a connection that is not there yet");
  return {};
}

void Connecting::Seat::release() {
  if (connecting_ != nullptr) connecting_->leave(*this);
}

Connecting::Connecting(MemberConnections& home, const IoContext& io, Wants wants)
    : home_(home),
      io_(io),
      wants_(wants),
      began_(io.loop.now()),
      patience_(Timer::of<&Connecting::on_patience>(io.loop.timers(), *this)) {}

Connecting::~Connecting() = default;

Upstream& Connecting::add(Upstream::User& user) {
  seats_.push_back(std::make_unique<Seat>(*this, user, !seats_.empty()));
  return *seats_.back();
}

Upstream::User* Connecting::take_user() {
  if (seats_.empty()) return nullptr;
  std::unique_ptr<Seat> seat = std::move(seats_.front());
  seats_.erase(seats_.begin());
  Upstream::User& user = seat->user_;
  seat->connecting_ = nullptr;
  // The user may be about to hear of its new connection, and ask this one before.
  io_.closed.add(std::move(seat));
  return &user;
}

void Connecting::fail_all(ErrorCode code, std::string_view detail) {
  while (Upstream::User* user = take_user()) user->on_upstream_failed(code, detail);
}

void Connecting::leave(Seat& seat) {
  const auto place = std::find_if(seats_.begin(), seats_.end(),
                                  [&seat](const auto& each) { return each.get() == &seat; });
  DCHECK(place != seats_.end());
  seat.connecting_ = nullptr;
  io_.closed.add(std::move(*place));
  seats_.erase(place);
  if (!seats_.empty()) return;
  stop();
  home_.remove(*this);
}

// ---- One address after the other.

Result<void> Connecting::begin() {
  return try_next();
}

Result<void> Connecting::try_next() {
  Error last{.code = ErrorCode::kConnectFailed, .detail = "the member has no address"};
  while (tried_ < home_.address_count()) {
    auto fd = connect_tcp(home_.address_to_try(tried_++), home_.local());
    if (!fd) {
      last = std::move(fd).error();
      continue;
    }
    home_.probe(*fd, home_.address_to_try(tried_ - 1));
    stream_ = home_.make_stream(*std::move(fd), wants_);
    connected_ = false;
    watcher_.start(io_.loop, stream_->fd(), *this);
    if (tried_ < home_.address_count()) {
      patience_.start_at(io_.loop.now() + home_.patience_with_address());
    }
    return {};
  }
  return last;
}

void Connecting::on_ready(bool, bool) {
  go_on();
}

void Connecting::go_on() {
  if (!connected_) {
    const auto outcome = connect_outcome(stream_->fd(), home_.address_to_try(tried_ - 1));
    if (!outcome) return fail_address(outcome.error().code, outcome.error().detail);
    connected_ = true;
    // A socket that is new has room for it.
    if (!first_.empty() && !send_at_once(stream_->fd(), first_)) {
      return fail_address(ErrorCode::kConnectFailed, "the PROXY header could not be sent");
    }
  }
  const IoResult result = stream_->shake_hands();
  switch (result.state) {
    case IoResult::State::kWouldBlock:
      return;
    case IoResult::State::kOk:
      watcher_.stop();
      patience_.stop();
      return home_.on_connected(*this, std::move(stream_), tried_ - 1);
    case IoResult::State::kEnd:
    case IoResult::State::kError:
      break;
  }
  const std::string_view why = stream_->error_text();
  fail_address(ErrorCode::kTls,
               "TLS with " + where() + " failed: " +
                   (why.empty() ? "the member closed the connection" : std::string(why)));
}

std::string Connecting::where() const {
  std::string out = home_.address_to_try(tried_ - 1).to_string();
  if (!home_.tls_name().empty()) out.append(" (").append(home_.tls_name()).append(")");
  return out;
}

void Connecting::on_patience() {
  fail_address(ErrorCode::kConnectTimeout,
               "connect to " + home_.address_to_try(tried_ - 1).to_string() + ": no answer");
}

void Connecting::give_up() {
  stop();
  home_.on_connect_failed(*this, ErrorCode::kConnectTimeout, "no connection to it is answered");
}

void Connecting::fail_address(ErrorCode code, std::string detail) {
  stop();
  if (try_next()) return;
  home_.on_connect_failed(*this, code, detail);
}

void Connecting::stop() {
  watcher_.stop();
  patience_.stop();
  stream_.reset();
}

}  // namespace understudy
