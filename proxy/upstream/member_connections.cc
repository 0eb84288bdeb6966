// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/member_connections.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/tls_stream.h"
#include "proxy/upstream/connecting.h"
#include "proxy/upstream/http1_upstream.h"

namespace understudy {

MemberConnections::MemberConnections(const IoContext& io, Options options)
    : io_(io),
      options_(std::move(options)),
      expiry_(Timer::of<&MemberConnections::on_expiry>(io.loop.timers(), *this)),
      queue_(options_.queued) {
  idle_.reserve(options_.idle_count_max);
  if (options_.tls) tls_.emplace(options_.tls, options_.tls_name);
}

MemberConnections::~MemberConnections() {
  CHECK(open_count() == idle_.size(), "a connection is in use while its member goes");
  close_idle();
}

Upstream* MemberConnections::take_idle(Upstream::User& user) {
  if (idle_.empty()) return nullptr;
  Http1Upstream* connection = idle_.back();
  idle_.pop_back();
  connection->attach(user);
  return connection;
}

Result<Upstream*> MemberConnections::connect(Upstream::User& user) {
  // An idle connection makes room: the caller wants a fresh one.
  if (open_count() >= options_.open_max && !idle_.empty()) idle_.front()->close();
  if (open_count() >= options_.open_max) {
    return Error{.code = ErrorCode::kUnavailable,
                 .detail = "no connection left to member " + options_.label,
                 .side = Side::kUpstream,
                 .retry = Retry::kIfNothingSent};
  }
  auto connecting = std::make_unique<Connecting>(*this, io_);
  if (auto begun = connecting->begin(); !begun) return std::move(begun).error();
  connecting->index_ = connecting_.size();
  connecting_.push_back(std::move(connecting));
  return &connecting_.back()->add(user);
}

// ---- The way to a new connection.

const Address& MemberConnections::address_to_try(std::size_t turn) const {
  const std::size_t index = (preferred_address_ + turn) % address_count();
  return index == 0 ? options_.address : options_.more_addresses[index - 1];
}

Duration MemberConnections::patience_with_address() const {
  return options_.connect_timeout / address_count();
}

std::unique_ptr<Stream> MemberConnections::make_stream(Fd fd) {
  if (tls_) return std::make_unique<TlsStream>(*tls_, std::move(fd));
  return std::make_unique<TcpStream>(std::move(fd));
}

std::string_view MemberConnections::tls_name() const {
  return tls_ ? std::string_view(tls_->name()) : std::string_view();
}

void MemberConnections::on_connected(Connecting& connecting, std::unique_ptr<Stream> stream,
                                     std::size_t turn) {
  preferred_address_ = (preferred_address_ + turn) % address_count();
  Upstream::User* const user = connecting.take_user();
  remove(connecting);
  open_.push_back(std::make_unique<Http1Upstream>(*this, io_, std::move(stream)));
  Http1Upstream& connection = *open_.back();
  connection.index_ = open_.size() - 1;
  connection.attach(*user);
  user->on_connected(connection);
}

void MemberConnections::on_connect_failed(Connecting& connecting, ErrorCode code,
                                          std::string_view detail) {
  // A ticket must never be what keeps a member out of reach.
  if (tls_) tls_->forget_tickets();
  remove(connecting);
  connecting.fail_all(code, detail);
}

void MemberConnections::remove(Connecting& connecting) {
  const std::size_t index = connecting.index_;
  DCHECK(connecting_[index].get() == &connecting);
  std::swap(connecting_[index], connecting_.back());
  connecting_[index]->index_ = index;
  io_.closed.add(std::move(connecting_.back()));
  connecting_.pop_back();
  if (options_.owner) options_.owner->on_room(*this);
}

// ---- Connections.

void MemberConnections::close_idle() {
  while (!idle_.empty()) idle_.back()->close();
}

void MemberConnections::retire() {
  retired_ = true;
  close_idle();
}

void MemberConnections::park(Http1Upstream& connection) {
  if (retired_ || !options_.keep_alive || idle_.size() >= options_.idle_count_max) {
    connection.close();
    return;
  }
  connection.idle_since_ = io_.loop.now();
  idle_.push_back(&connection);
  if (!expiry_.is_running()) expiry_.start_at(connection.idle_since_ + options_.idle_max);
  if (options_.owner) options_.owner->on_room(*this);
}

void MemberConnections::remove(Http1Upstream& connection, bool was_idle) {
  // Of the longest idle ones one goes by time, and few others close before their turn.
  if (was_idle) std::erase(idle_, &connection);
  const size_t index = connection.index_;
  DCHECK(open_[index].get() == &connection);
  std::swap(open_[index], open_.back());
  open_[index]->index_ = index;
  io_.closed.add(std::move(open_.back()));
  open_.pop_back();
  if (options_.owner) options_.owner->on_room(*this);
}

void MemberConnections::on_expiry() {
  const TimePoint now = io_.loop.now();
  while (!idle_.empty() && idle_.front()->idle_since_ + options_.idle_max <= now) {
    idle_.front()->close();
  }
  if (!idle_.empty()) expiry_.start_at(idle_.front()->idle_since_ + options_.idle_max);
}

}  // namespace understudy
