// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/member_connections.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/socket.h"
#include "proxy/upstream/http1_upstream.h"

namespace understudy {

MemberConnections::MemberConnections(const IoContext& io, Options options)
    : io_(io),
      options_(std::move(options)),
      expiry_(Timer::of<&MemberConnections::on_expiry>(io.loop.timers(), *this)) {
  idle_.reserve(options_.idle_count_max);
}

MemberConnections::~MemberConnections() {
  CHECK(open_.size() == idle_.size(), "a connection is in use while its member goes");
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
  if (open_.size() >= options_.open_max && !idle_.empty()) idle_.front()->close();
  if (open_.size() >= options_.open_max) {
    return Error{.code = ErrorCode::kUnavailable,
                 .detail = "no connection left to member " + options_.label,
                 .side = Side::kUpstream,
                 .retry = Retry::kIfNothingSent};
  }
  auto fd = connect_tcp(options_.address);
  if (!fd) return std::move(fd).error();
  auto stream = std::make_unique<TcpStream>(std::move(*fd));
  open_.push_back(std::make_unique<Http1Upstream>(*this, io_, std::move(stream)));
  Http1Upstream& connection = *open_.back();
  connection.index_ = open_.size() - 1;
  connection.attach(user);
  return static_cast<Upstream*>(&connection);
}

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
}

void MemberConnections::on_expiry() {
  const TimePoint now = io_.loop.now();
  while (!idle_.empty() && idle_.front()->idle_since_ + options_.idle_max <= now) {
    idle_.front()->close();
  }
  if (!idle_.empty()) expiry_.start_at(idle_.front()->idle_since_ + options_.idle_max);
}

}  // namespace understudy
