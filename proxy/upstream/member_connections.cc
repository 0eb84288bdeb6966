// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/member_connections.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/tcp_path.h"
#include "base/tls_stream.h"
#include "proxy/upstream/ajp_upstream.h"
#include "proxy/upstream/connecting.h"
#include "proxy/upstream/http1_upstream.h"
#include "proxy/upstream/http2_member_connection.h"
#include "proxy/upstream/proxy_header.h"

namespace understudy {

MemberConnections::MemberConnections(const IoContext& io, Options options)
    : io_(io),
      options_(std::move(options)),
      expiry_(Timer::of<&MemberConnections::on_expiry>(io.loop.timers(), *this)),
      queue_(options_.queued) {
  if (options_.tls) tls_.emplace(options_.tls, options_.tls_name);
  if (options_.proxy_header != config::ProxyHeader::kNone) options_.keep_alive = false;
  only_http1_ = options_.protocol == config::MemberProtocol::kHttp1;
  speaks_http2_ = options_.protocol == config::MemberProtocol::kHttp2;
}

MemberConnections::~MemberConnections() {
  CHECK(http2_streams_ == 0 && open_.size() + connecting_.size() == idle_.size(),
        "a connection is in use while its member goes");
  close_idle();
}

Upstream* MemberConnections::take_idle(Upstream::User& user, Wants wants) {
  if (!http2_.empty() && wants != Wants::kTunnel && options_.keep_alive) {
    for (const auto& shared : http2_) {
      if (shared->can_open()) return &shared->open(user);
    }
  }
  if (idle_.empty()) return nullptr;
  KeptUpstream* connection = idle_.back();
  idle_.pop_back();
  connection->attach(user);
  return connection;
}

bool MemberConnections::has_room() const {
  if (!idle_.empty() || open_count() < options_.open_max) return true;
  if (!options_.keep_alive) return false;
  const auto has_stream = [](const auto& shared) { return shared->can_open(); };
  return std::any_of(http2_.begin(), http2_.end(), has_stream);
}

Result<Upstream*> MemberConnections::connect(Upstream::User& user, const ConnectFor& purpose) {
  if (Connecting* const under_way = one_to_join(purpose.wants)) return &under_way->add(user);
  // An idle connection makes room: the caller wants a fresh one.
  if (open_count() >= options_.open_max && !idle_.empty()) idle_.front()->close();
  if (open_count() >= options_.open_max) {
    return Error{.code = ErrorCode::kUnavailable,
                 .detail = "no connection left to member " + options_.label};
  }
  auto connecting = std::make_unique<Connecting>(*this, io_, purpose.wants);
  if (options_.proxy_header != config::ProxyHeader::kNone) {
    static const Address unset;
    connecting->say_first(proxy_header(options_.proxy_header,
                                       purpose.client != nullptr ? *purpose.client : unset,
                                       purpose.server != nullptr ? *purpose.server : unset));
  }
  if (auto begun = connecting->begin(); !begun) return std::move(begun).error();
  connecting->index_ = connecting_.size();
  connecting_.push_back(std::move(connecting));
  return &connecting_.back()->add(user);
}

void MemberConnections::fail_unanswered() {
  const TimePoint now = io_.loop.now();
  const auto is_unanswered = [now](const auto& connecting) {
    return !connecting->is_answered() && connecting->began() < now;
  };
  for (;;) {
    const auto found = std::find_if(connecting_.begin(), connecting_.end(), is_unanswered);
    if (found == connecting_.end()) return;
    (*found)->give_up();
  }
}

// ---- The way to a new connection.

// Attempts that are under way have counted on those of before.
void MemberConnections::rename(std::string name, std::string label) {
  options_.name = std::move(name);
  options_.label = std::move(label);
}

void MemberConnections::set_more_addresses(std::vector<Address> addresses) {
  if (addresses == options_.more_addresses) return;
  options_.more_addresses = std::move(addresses);
  preferred_address_ = 0;
}

const Address& MemberConnections::address_to_try(std::size_t turn) const {
  const std::size_t index = (preferred_address_ + turn) % address_count();
  return index == 0 ? options_.address : options_.more_addresses[index - 1];
}

Duration MemberConnections::patience_with_address() const {
  return options_.connect_timeout / address_count();
}

// For life: nothing more is asked of the kernel for any request.
void MemberConnections::probe(const Fd& fd, const Address& address) const {
  if (options_.unreachable_timeout.count() == 0 || address.is_unix()) return;
  probe_when_idle(fd, std::chrono::ceil<std::chrono::seconds>(options_.unreachable_timeout));
}

// Who will share a connection waits for it together. That the member speaks HTTP/2 is what it did
// last; when it does not any more, those who share begin anew.
Connecting* MemberConnections::one_to_join(Wants wants) {
  if (!speaks_http2_ || wants == Wants::kTunnel || !options_.keep_alive) return nullptr;
  for (const auto& connecting : connecting_) {
    if (connecting->has_room()) return connecting.get();
  }
  return nullptr;
}

std::unique_ptr<Stream> MemberConnections::make_stream(Fd fd, Wants wants) {
  const bool needs_http1 = wants == Wants::kTunnel || only_http1_;
  if (tls_ && options_.protocol == config::MemberProtocol::kAuto && needs_http1) {
    return std::make_unique<TlsStream>(*tls_, std::move(fd), "http/1.1");
  }
  if (tls_) return std::make_unique<TlsStream>(*tls_, std::move(fd));
  return std::make_unique<TcpStream>(std::move(fd));
}

std::string_view MemberConnections::tls_name() const {
  return tls_ ? std::string_view(tls_->name()) : std::string_view();
}

void MemberConnections::on_connected(Connecting& connecting, std::unique_ptr<Stream> stream,
                                     std::size_t turn) {
  preferred_address_ = (preferred_address_ + turn) % address_count();
  const bool says_http2 = stream->protocol() == "h2";
  const bool wants_http2 = options_.protocol == config::MemberProtocol::kHttp2;
  if (tls_ && wants_http2 && !says_http2) {
    return on_connect_failed(connecting, ErrorCode::kTls,
                             "the member does not speak HTTP/2 (BackendProtocol h2)");
  }
  if (connecting.wants() == Wants::kAny) speaks_http2_ = says_http2 || wants_http2;
  remove(connecting);
  if (says_http2 || wants_http2) return begin_http2(connecting, std::move(stream));
  if (options_.protocol == config::MemberProtocol::kAjp) {
    return begin_kept(connecting, std::make_unique<AjpUpstream>(*this, io_, std::move(stream)));
  }
  begin_kept(connecting, std::make_unique<Http1Upstream>(*this, io_, std::move(stream)));
}

void MemberConnections::begin_kept(Connecting& connecting,
                                   std::unique_ptr<KeptUpstream> connection) {
  Upstream::User* const user = connecting.take_user();
  open_.push_back(std::move(connection));
  KeptUpstream& begun = *open_.back();
  begun.place().index = open_.size() - 1;
  begun.attach(*user);
  user->on_connected(begun);
  connecting.fail_all(ErrorCode::kClosed, "the member does not speak HTTP/2 any more");
}

void MemberConnections::begin_http2(Connecting& connecting, std::unique_ptr<Stream> stream) {
  http2_.push_back(std::make_unique<Http2MemberConnection>(*this, io_, std::move(stream)));
  Http2MemberConnection& connection = *http2_.back();
  connection.index_ = http2_.size() - 1;
  while (connection.can_open()) {
    Upstream::User* const user = connecting.take_user();
    if (user == nullptr) return;
    user->on_connected(connection.open(*user));
  }
  connecting.fail_all(ErrorCode::kClosed, "the connection takes no more streams");
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

// ---- HTTP/2.

bool MemberConnections::fall_back_to_http1() {
  if (options_.protocol != config::MemberProtocol::kAuto) return false;
  only_http1_ = true;
  speaks_http2_ = false;
  for (std::size_t i = http2_.size(); i > 0; --i) http2_[i - 1]->retire();
  return true;
}

void MemberConnections::on_http2_stream(Http2MemberConnection& connection, bool begins) {
  if (begins) {
    ++http2_streams_;
    return;
  }
  --http2_streams_;
  if (connection.stream_count() != 0 || expiry_.is_running()) return;
  expiry_.start_at(io_.loop.now() + options_.idle_max);
}

void MemberConnections::remove(Http2MemberConnection& connection) {
  const std::size_t index = connection.index_;
  DCHECK(http2_[index].get() == &connection);
  std::swap(http2_[index], http2_.back());
  http2_[index]->index_ = index;
  io_.closed.add(std::move(http2_.back()));
  http2_.pop_back();
}

void MemberConnections::close_idle_http2(TimePoint idle_since_max) {
  for (std::size_t i = http2_.size(); i > 0; --i) {
    Http2MemberConnection& connection = *http2_[i - 1];
    if (connection.stream_count() != 0) continue;
    if (connection.idle_since() <= idle_since_max) {
      connection.retire();
    } else if (!expiry_.is_running()) {
      expiry_.start_at(connection.idle_since() + options_.idle_max);
    }
  }
}

// ---- Connections.

void MemberConnections::close_idle() {
  while (!idle_.empty()) idle_.back()->close();
  for (std::size_t i = http2_.size(); i > 0; --i) http2_[i - 1]->retire();
}

void MemberConnections::retire() {
  retired_ = true;
  close_idle();
}

void MemberConnections::park(KeptUpstream& connection) {
  if (retired_ || !options_.keep_alive || idle_.size() >= options_.idle_count_max) {
    connection.close();
    return;
  }
  connection.place().idle_since = io_.loop.now();
  idle_.push_back(&connection);
  if (!expiry_.is_running()) expiry_.start_at(connection.place().idle_since + options_.idle_max);
  if (options_.owner) options_.owner->on_room(*this);
}

void MemberConnections::remove(KeptUpstream& connection, bool was_idle) {
  // Of the longest idle ones one goes by time, and few others close before their turn.
  if (was_idle) std::erase(idle_, &connection);
  const size_t index = connection.place().index;
  DCHECK(open_[index].get() == &connection);
  std::swap(open_[index], open_.back());
  open_[index]->place().index = index;
  io_.closed.add(std::move(open_.back()));
  open_.pop_back();
  if (options_.owner) options_.owner->on_room(*this);
}

void MemberConnections::on_expiry() {
  const TimePoint now = io_.loop.now();
  while (!idle_.empty() && idle_.front()->place().idle_since + options_.idle_max <= now) {
    idle_.front()->close();
  }
  if (!idle_.empty()) expiry_.start_at(idle_.front()->place().idle_since + options_.idle_max);
  if (!http2_.empty()) close_idle_http2(now - options_.idle_max);
}

}  // namespace understudy
