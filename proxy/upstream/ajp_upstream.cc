// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/ajp_upstream.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/address_range.h"
#include "base/check.h"
#include "base/tcp_path.h"
#include "base/tls_stream.h"
#include "proxy/http/ajp/ajp_request.h"
#include "proxy/io/output.h"
#include "proxy/upstream/member_connections.h"

namespace understudy {
namespace {

using http::Framing;

constexpr std::size_t kPemLineBytes = 64;

std::string pem_of(std::string_view der_base64) {
  if (der_base64.empty()) return {};
  std::string text = "-----BEGIN CERTIFICATE-----\n";
  for (; !der_base64.empty();
       der_base64.remove_prefix(std::min(kPemLineBytes, der_base64.size()))) {
    text.append(der_base64.substr(0, kPemLineBytes)).append("\n");
  }
  return text.append("-----END CERTIFICATE-----\n");
}

void add_tls(const TlsStream& tls, http::AjpFacts& facts) {
  const TlsPeer& peer = tls.peer();
  facts.cipher = peer.fact(TlsFact::kCipher);
  facts.tls_protocol = peer.fact(TlsFact::kProtocol);
  const std::string_view bits = peer.fact(TlsFact::kCipherBits);
  std::from_chars(bits.data(), bits.data() + bits.size(), facts.key_bits);
}

// Whether the client waits for 100 before it sends the body, and has not been told to go on.
bool keeps_expect(const http::RequestHead& head, const http::FieldMask& dropped) {
  if (!head.expect_continue) return false;
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    if (head.fields[i].id == http::FieldId::kExpect && !dropped.test(i)) return true;
  }
  return false;
}

}  // namespace

AjpUpstream::AjpUpstream(MemberConnections& home, const IoContext& io,
                         std::unique_ptr<Stream> stream)
    : home_(home),
      io_(io),
      stream_(std::move(stream)),
      in_(io.blocks),
      out_(io.blocks),
      ping_(Timer::of<&AjpUpstream::on_ping_timeout>(io.loop.timers(), *this)) {
  watcher_.start(io_.loop, stream_->fd(), *this);
  readable_ = stream_->has_buffered();
}

AjpUpstream::~AjpUpstream() = default;

void AjpUpstream::attach(User& user) {
  DCHECK(state_ == State::kNew || state_ == State::kIdle);
  DCHECK(in_.empty() && out_.empty());
  user_ = &user;
  ++exchanges_;
  request_ = {};
  response_ = {};
  reader_ = {};
  reused_ = state_ == State::kIdle;
  state_ = State::kHead;
}

// ---- Sending. What comes back is in ajp_upstream_response.cc.

Taken AjpUpstream::send_head(const http::RequestHead& head, const http::RequestRewrite& rewrite,
                             BodyBytes body) {
  DCHECK(state_ == State::kHead);
  if (!io_.scratch.lines.ok() || !compose(head, rewrite)) return {.too_large = true};
  request_.method = head.method;
  request_.closes = rewrite.add_close;
  request_.in_chunks = head.body.kind == Framing::kChunked;
  request_.owes_continue = keeps_expect(head, rewrite.dropped);
  const bool has_length = head.body.kind == Framing::kLength && head.body.has_bytes();
  if (has_length) request_.credit = home_.ajp().packet_bytes_max - http::kAjpBodyHeaderBytes;
  if (home_.ajp().ping.count() != 0) {
    request_.waits_for_pong = true;
    send_ping();
  } else {
    flush();
    if (request_.owes_continue) yield();
  }
  return send_body(body);
}

bool AjpUpstream::compose(const http::RequestHead& head, const http::RequestRewrite& rewrite) {
  static const http::RequestOrigin kOwn;
  const http::RequestOrigin& origin = rewrite.origin != nullptr ? *rewrite.origin : kOwn;
  Address::HostText peer_room;
  Address::HostText local_room;
  std::string certificate;
  http::AjpFacts facts{.is_tls = origin.is_tls, .user = origin.user, .secret = home_.ajp().secret};
  if (!origin.user.empty()) facts.auth_type = "Basic";
  if (origin.peer != nullptr && !origin.peer->is_unix()) {
    facts.remote_address =
        origin.client != nullptr ? origin.client->text(peer_room) : origin.peer->host(peer_room);
    facts.remote_port = origin.peer->port();
  }
  if (origin.local != nullptr && !origin.local->is_unix()) {
    facts.local_address = origin.local->host(local_room);
  }
  if (origin.tls != nullptr && origin.tls->is_established()) {
    add_tls(*origin.tls, facts);
    certificate = pem_of(origin.tls->peer().fact(TlsFact::kCertificateDer));
    facts.certificate = certificate;
  }
  std::vector<http::AjpAttribute> attributes;
  if (origin.attributes != nullptr) {
    for (const auto& [name, value] : *origin.attributes) attributes.push_back({name, value});
    facts.attributes = attributes;
  }
  const std::size_t bytes_max = home_.ajp().packet_bytes_max;
  std::span<char> room = out_.writable();
  if (room.size() < bytes_max && out_.grow()) room = out_.writable();
  const std::size_t bytes =
      http::write_ajp_request(head, rewrite, facts, room.first(std::min(room.size(), bytes_max)));
  if (bytes == 0) {
    out_.clear();
    return false;
  }
  out_.commit(bytes);
  return true;
}

void AjpUpstream::send_ping() {
  const iovec piece{const_cast<char*>(http::kAjpPing.data()), http::kAjpPing.size()};
  // Nothing stands in the way of five bytes on a connection that is new, or was idle.
  const bool fits = write_some({&piece, 1}) == http::kAjpPing.size();
  request_.sent = request_.blocked = false;
  if (!fits) request_.broken = true;
  ping_.start_at(io_.loop.now() + home_.ajp().ping);
}

bool AjpUpstream::ask_alive() {
  DCHECK(state_ == State::kHead);
  request_.asks_alive = true;
  send_ping();
  // The user has patience of his own where none is configured.
  if (home_.ajp().ping.count() == 0) ping_.stop();
  return true;
}

Taken AjpUpstream::send_body(BodyBytes body) {
  size_t taken = 0;
  if (request_.broken) {
    taken = body.bytes.size();
  } else if (!request_.waits_for_pong && !body.bytes.empty() && flush()) {
    taken = request_.in_chunks ? send_chunks(body.bytes) : send_payload(body.bytes);
  }
  request_.done = body.last && taken == body.bytes.size();
  if (request_.done) end_request();
  return {.body_bytes = taken};
}

// The client's connection has checked the framing already.
size_t AjpUpstream::send_chunks(std::string_view bytes) {
  size_t taken = 0;
  while (taken < bytes.size()) {
    const std::string_view rest = bytes.substr(taken);
    if (request_.payload_left == 0) {
      const http::ChunkPiece piece = request_.scanner.next(rest);
      if (piece.consumed == 0) break;
      taken += piece.consumed - piece.payload.size();
      request_.payload_left = piece.payload.size();
      continue;
    }
    const size_t sent = send_payload(rest.substr(0, request_.payload_left));
    if (sent == 0) break;
    request_.payload_left -= sent;
    taken += sent;
  }
  return taken;
}

// One packet, as large as the member has asked for, once for each time that it asks.
size_t AjpUpstream::send_payload(std::string_view bytes) {
  bytes = bytes.substr(0, request_.credit);
  if (bytes.empty() || !out_.empty()) return 0;
  auto header = http::ajp_body_header(bytes.size());
  const iovec pieces[] = {{header.data(), header.size()},
                          {const_cast<char*>(bytes.data()), bytes.size()}};
  const size_t written = write_some(pieces);
  if (written == 0) return 0;
  request_.credit = 0;
  if (!keep_rest(out_, pieces, written, header.size() + bytes.size())) {
    request_.broken = true;
    yield();
  }
  return bytes.size();
}

// Where the member asks for more than there is, it is told that there is no more.
void AjpUpstream::end_request() {
  if (request_.credit == 0 || request_.waits_for_pong || request_.broken) return;
  request_.credit = 0;
  if (!keep(out_, http::kAjpEmptyBody)) request_.broken = true;
  flush();
}

// How many bytes went out; a broken connection takes all of them, as in Http1Upstream.
size_t AjpUpstream::write_some(std::span<const iovec> pieces) {
  const size_t wanted = total_bytes(pieces);
  if (request_.broken) return wanted;
  const IoResult result = stream_->write(pieces);
  switch (result.state) {
    case IoResult::State::kOk:
      request_.sent = true;
      request_.blocked = result.bytes < wanted;
      return result.bytes;
    case IoResult::State::kWouldBlock:
      request_.blocked = true;
      return 0;
    case IoResult::State::kEnd:
    case IoResult::State::kError:
      break;
  }
  request_.broken = true;
  request_.unreachable = broken_code(result.error_number) == ErrorCode::kUnreachable;
  yield();
  return wanted;
}

// False while something stands in the way.
bool AjpUpstream::flush() {
  if (out_.empty()) return true;
  const std::string_view rest = out_.readable();
  const iovec piece{const_cast<char*>(rest.data()), rest.size()};
  out_.consume(write_some({&piece, 1}));
  return out_.empty();
}

// ---- The loop's edges.

void AjpUpstream::on_ready(bool readable, bool writable) {
  turn_bytes_ = 0;
  readable_ = readable_ || readable;
  if (state_ == State::kIdle && readable) return on_idle_ready();
  if (state_ != State::kHead && state_ != State::kBody) return;
  if (writable && request_.blocked && !request_.waits_for_pong && flush()) {
    request_.blocked = false;
    request_.may_go_on = true;
  }
  const uint32_t exchange = exchanges_;
  if (readable_ && state_ == State::kHead) {
    receive_head();
  } else if (readable_) {
    user_->on_response_body();
  }
  if (exchange == exchanges_ && user_ != nullptr) tell();
}

void AjpUpstream::tell() {
  const uint32_t exchange = exchanges_;
  if (request_.owes_continue && request_.credit != 0 && !request_.waits_for_pong) {
    request_.owes_continue = false;
    user_->on_interim_response({.reason = "Continue", .status = 100});
    if (exchange != exchanges_ || user_ == nullptr) return;
  }
  if (!request_.may_go_on || request_.done) return;
  request_.may_go_on = false;
  user_->on_upstream_writable();
}

// The member closed an idle connection, or sends bytes that no request asked for.
void AjpUpstream::on_idle_ready() {
  char byte;
  if (stream_->read({&byte, 1}).state == IoResult::State::kWouldBlock) {
    readable_ = false;
    return;
  }
  close();
}

void AjpUpstream::on_ping_timeout() {
  // Of a connection that was idle nothing is known but that it is of no use.
  fail(reused_ ? ErrorCode::kClosed : ErrorCode::kConnectTimeout, "CPing was not answered in time");
}

void AjpUpstream::check() {
  if (state_ == State::kHead || state_ == State::kBody) on_ready(true, false);
}

Duration AjpUpstream::unacknowledged_for() {
  const auto seen = acknowledgements(stream_->fd());
  return seen ? acknowledgements_.owed_for(*seen, io_.loop.now()) : Duration{};
}

void AjpUpstream::yield() {
  // Registering anew reports what is ready now, as an edge, in the next turn.
  watcher_.stop();
  watcher_.start(io_.loop, stream_->fd(), *this);
  readable_ = true;
}

void AjpUpstream::fail(ErrorCode code, std::string_view detail) {
  ping_.stop();
  response_.broken = "failed";
  user_->on_upstream_failed(code, detail);
}

// ---- The end of an exchange.

// A packet that the member waits for is one that the next request's would be taken for; what is
// behind the response in the buffer was not asked for.
bool AjpUpstream::is_reusable() const {
  return state_ == State::kBody && response_.complete && response_.keeps_connection &&
         !request_.closes && request_.credit == 0 && !request_.broken && in_.empty() &&
         out_.empty() && response_.framed.empty() && response_.broken.empty() &&
         !watcher_.peer_has_closed();
}

void AjpUpstream::release() {
  user_ = nullptr;
  ping_.stop();
  if (state_ == State::kClosed) return;
  if (!is_reusable()) return close();
  in_.clear();
  response_ = {};
  state_ = State::kIdle;
  home_.park(*this);
}

void AjpUpstream::close() {
  const bool was_idle = state_ == State::kIdle;
  state_ = State::kClosed;
  user_ = nullptr;
  watcher_.stop();
  ping_.stop();
  in_.clear();
  out_.clear();
  home_.remove(*this, was_idle);
}

}  // namespace understudy
