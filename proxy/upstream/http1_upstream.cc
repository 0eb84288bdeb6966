// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/http1_upstream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/tcp_path.h"
#include "proxy/io/output.h"
#include "proxy/upstream/member_connections.h"

namespace understudy {

using http::Framing;
using http::Progress;

Http1Upstream::Http1Upstream(MemberConnections& home, const IoContext& io,
                             std::unique_ptr<Stream> stream)
    : home_(home),
      io_(io),
      stream_(std::move(stream)),
      low_water_(io.loop, stream_->fd()),
      in_(io.blocks),
      out_(io.blocks) {
  watcher_.start(io_.loop, stream_->fd(), *this);
  readable_ = stream_->has_buffered();
}

Http1Upstream::~Http1Upstream() = default;

void Http1Upstream::attach(User& user) {
  DCHECK(state_ == State::kNew || state_ == State::kIdle);
  DCHECK(in_.empty() && out_.empty());
  user_ = &user;
  ++exchanges_;
  sent_ = received_ = request_done_ = ended_ = broken_ = false;
  upgrade_asked_ = false;
  interims_ = 0;
  progress_ = {};
  reused_ = state_ == State::kIdle;
  state_ = State::kHead;
}

// ---- Sending.

Taken Http1Upstream::send_head(const http::RequestHead& head, const http::RequestRewrite& rewrite,
                               BodyBytes body) {
  DCHECK(state_ == State::kHead);
  method_ = head.method;
  upgrade_asked_ = rewrite.add_upgrade;
  auto& spans = io_.scratch.spans;
  if (!http::compose_request(head, rewrite, io_.scratch.lines, spans)) return {.too_large = true};
  const size_t head_bytes = spans.bytes();
  spans.add(body.bytes);
  const size_t written = write_some(spans.pieces());
  if (written < head_bytes && !keep_rest(out_, spans.pieces(), written, head_bytes)) {
    send_broken_ = true;
    yield();
  }
  const size_t taken = written > head_bytes ? written - head_bytes : 0;
  request_done_ = body.last && taken == body.bytes.size();
  return {.body_bytes = taken};
}

Taken Http1Upstream::send_body(BodyBytes body) {
  if (!flush()) {
    closing_ = tunnel_ && body.last && body.bytes.empty();
    return {};
  }
  size_t taken = body.bytes.size();
  if (taken != 0) {
    const iovec piece{const_cast<char*>(body.bytes.data()), taken};
    taken = write_some({&piece, 1});
  }
  request_done_ = body.last && taken == body.bytes.size();
  if (tunnel_ && request_done_) close_tunnel_side();
  return {.body_bytes = taken};
}

// The client has closed its side of a tunnel: the member gets to know that behind the last byte.
void Http1Upstream::close_tunnel_side() {
  closing_ = !out_.empty();
  if (!closing_ && !send_broken_) stream_->shutdown_write();
}

// How many bytes went out. A broken connection takes all of them: what the member has answered
// before it closed is still to be read, and if that is nothing, reading says so.
size_t Http1Upstream::write_some(std::span<const iovec> pieces) {
  const size_t wanted = total_bytes(pieces);
  if (send_broken_) return wanted;
  const IoResult result = stream_->write(pieces);
  switch (result.state) {
    case IoResult::State::kOk:
      sent_ = true;
      send_blocked_ = result.bytes < wanted;
      return result.bytes;
    case IoResult::State::kWouldBlock:
      send_blocked_ = true;
      return 0;
    case IoResult::State::kEnd:
    case IoResult::State::kError:
      break;
  }
  send_broken_ = true;
  // An error is told once, by writing or by reading.
  unreachable_ = broken_code(result.error_number) == ErrorCode::kUnreachable;
  yield();
  return wanted;
}

// False while a head's rest stands in the way.
bool Http1Upstream::flush() {
  if (out_.empty()) return true;
  const std::string_view rest = out_.readable();
  const iovec piece{const_cast<char*>(rest.data()), rest.size()};
  out_.consume(write_some({&piece, 1}));
  return out_.empty();
}

// ---- The loop's edges.

void Http1Upstream::on_ready(bool readable, bool writable) {
  turn_bytes_ = 0;
  readable_ = readable_ || readable;
  switch (state_) {
    case State::kNew:
    case State::kClosed:
      return;
    case State::kIdle:
      if (readable) on_idle_ready();
      return;
    case State::kHead:
    case State::kBody:
      break;
  }
  if (writable && send_blocked_ && flush()) {
    send_blocked_ = false;
    if (closing_) close_tunnel_side();
    const uint32_t exchange = exchanges_;
    user_->on_upstream_writable();
    if (exchange != exchanges_ || user_ == nullptr) return;
  }
  if (!readable_) return;
  if (state_ == State::kHead) {
    receive_head();
  } else {
    user_->on_response_body();
  }
}

// The member closed an idle connection, or sends bytes that no request asked for. An edge may also
// be older than the read that drained it.
void Http1Upstream::on_idle_ready() {
  char byte;
  if (stream_->read({&byte, 1}).state == IoResult::State::kWouldBlock) {
    readable_ = false;
    return;
  }
  close();
}

void Http1Upstream::check() {
  if (state_ != State::kHead && state_ != State::kBody) return;
  on_ready(true, false);
}

Duration Http1Upstream::unacknowledged_for() {
  const auto seen = acknowledgements(stream_->fd());
  return seen ? acknowledgements_.owed_for(*seen, io_.loop.now()) : Duration{};
}

void Http1Upstream::yield() {
  // Registering anew reports what is ready now, as an edge, in the next turn.
  watcher_.stop();
  watcher_.start(io_.loop, stream_->fd(), *this);
  readable_ = true;
}

void Http1Upstream::fail(ErrorCode code, std::string_view detail) {
  broken_ = true;
  user_->on_upstream_failed(code, detail);
}

// ---- Receiving a head.

IoResult Http1Upstream::read_some() {
  if (in_.empty() && had_large_body_) in_.grow();
  std::span<char> room = in_.writable();
  if (room.empty()) {
    if (!in_.grow()) return {.state = IoResult::State::kOk, .bytes = 0};
    room = in_.writable();
  }
  const IoResult result = stream_->read(room);
  if (result.ok()) {
    in_.commit(result.bytes);
    received_ = true;
    turn_bytes_ += result.bytes;
    // A short read means drained, unless the end is behind it.
    readable_ =
        result.bytes == room.size() || watcher_.peer_has_closed() || stream_->has_buffered();
  } else {
    readable_ = false;
    // The block that was taken for nothing goes back.
    if (in_.empty()) in_.clear();
  }
  return result;
}

std::string_view Http1Upstream::reason_of(const IoResult& result) const {
  const std::string_view why = stream_->error_text();
  return why.empty() ? std::string_view(std::strerror(result.error_number)) : why;
}

void Http1Upstream::receive_head() {
  while (readable_) {
    const IoResult result = read_some();
    switch (result.state) {
      case IoResult::State::kOk:
        if (result.bytes == 0) return fail(ErrorCode::kTooLarge, "response head too large");
        break;
      case IoResult::State::kWouldBlock:
        return;
      case IoResult::State::kEnd:
        if (unreachable_) return fail(ErrorCode::kUnreachable, "broke while sending");
        return fail(ErrorCode::kClosed, "closed before a response");
      case IoResult::State::kError:
        return fail(broken_code(result.error_number), reason_of(result));
    }
    if (!parse_head()) return;
  }
}

// False when there is nothing more to do here: the head is complete, or the user has had enough.
bool Http1Upstream::parse_head() {
  const uint32_t exchange = exchanges_;
  while (!in_.empty()) {
    http::ResponseHead head;
    const auto parsed = http::parse_response_head(in_.readable(), method_,
                                                  {.limits = home_.limits(),
                                                   .fields = io_.scratch.response_fields,
                                                   .memo = &io_.scratch.response_memo},
                                                  progress_, head);
    switch (parsed.progress) {
      case Progress::kIncomplete:
        return true;
      case Progress::kRefused:
        fail(is_limit(parsed.refusal) ? ErrorCode::kTooLarge : ErrorCode::kProtocol,
             to_text(parsed.refusal));
        return false;
      case Progress::kComplete:
        break;
    }
    progress_ = {};
    if (!head.is_interim()) {
      if (head.status == 101 && !upgrade_asked_) {
        fail(ErrorCode::kProtocol, "101 without an Upgrade");
        return false;
      }
      begin_body(head, parsed.head_bytes);
      user_->on_response_head(head);
      return false;
    }
    if (++interims_ > http::kInterimResponsesMax) {
      fail(ErrorCode::kTooLarge, "too many interim responses");
      return false;
    }
    user_->on_interim_response(head);
    if (exchange != exchanges_ || state_ != State::kHead) return false;
    in_.consume(parsed.head_bytes);
  }
  return true;
}

void Http1Upstream::begin_body(const http::ResponseHead& head, uint32_t head_bytes) {
  state_ = State::kBody;
  // Who was asked to switch and did not: it is not known for sure what it makes of the next bytes.
  keep_alive_ = head.keep_alive && !upgrade_asked_;
  lead_ = head_bytes;
  ready_ = 0;
  framing_ = head.body.kind;
  left_ = head.body.length;
  had_large_body_ = framing_ == Framing::kLength && left_ > io_.blocks.options().small_bytes;
  if (framing_ == Framing::kChunked)
    scanner_ = http::ChunkScanner(http::ChunkScanner::Sender::kMember);
  if (head.status != 101) return;
  tunnel_ = true;
  framing_ = Framing::kUntilClose;
}

// ---- Receiving a body.

BodyBytes Http1Upstream::body(BodyForm form) {
  const std::string_view here = in_.readable().substr(lead_);
  switch (framing_) {
    case Framing::kNone:
      return {.last = true};
    case Framing::kLength: {
      const size_t bytes = std::min<uint64_t>(here.size(), left_);
      return {.bytes = here.substr(0, bytes), .last = bytes == left_};
    }
    case Framing::kUntilClose:
      return {.bytes = here, .last = ended_};
    case Framing::kChunked:
      return form == BodyForm::kChunked ? chunks_as_received() : chunk_payload();
  }
  return {};
}

BodyBytes Http1Upstream::chunks_as_received() {
  const std::span<char> fresh = in_.editable().subspan(lead_ + ready_);
  if (!fresh.empty()) {
    const auto sifted = scanner_.sift(fresh);
    if (sifted.progress == Progress::kRefused) broken_ = true;
    in_.truncate(lead_ + ready_ + sifted.bytes);
    ready_ += sifted.body_bytes;
  }
  return {.bytes = in_.readable().substr(lead_, ready_), .last = scanner_.is_complete()};
}

BodyBytes Http1Upstream::chunk_payload() {
  while (ready_ == 0 && !scanner_.is_complete() && !broken_) {
    const auto piece = scanner_.next(in_.readable().substr(lead_));
    if (piece.progress == Progress::kRefused) broken_ = true;
    if (piece.consumed == 0) break;
    lead_ += piece.consumed - piece.payload.size();
    ready_ = piece.payload.size();
  }
  return {.bytes = in_.readable().substr(lead_, ready_), .last = scanner_.is_complete()};
}

void Http1Upstream::consume_body(size_t bytes) {
  in_.consume(lead_ + bytes);
  lead_ = 0;
  if (framing_ == Framing::kLength) {
    left_ -= bytes;
  } else if (framing_ == Framing::kChunked) {
    ready_ -= bytes;
  }
}

Fetched Http1Upstream::fetch() {
  if (broken_) return Fetched::kBroken;
  if (!readable_) return Fetched::kNone;
  if (turn_bytes_ >= kReadPerTurnBytesMax) {
    yield();
    return Fetched::kNone;
  }
  if (in_.empty() && framing_ != Framing::kLength && !tunnel_) had_large_body_ = true;
  const IoResult result = read_some();
  switch (result.state) {
    case IoResult::State::kOk:
      return result.bytes != 0 ? Fetched::kSome : Fetched::kNone;
    case IoResult::State::kWouldBlock:
      return Fetched::kNone;
    case IoResult::State::kEnd:
      ended_ = true;
      if (framing_ == Framing::kUntilClose) return Fetched::kSome;
      break;
    case IoResult::State::kError:
      break;
  }
  broken_ = true;
  return Fetched::kBroken;
}

SpliceEnd Http1Upstream::splice_source() {
  if (framing_ != Framing::kLength || !in_.empty() || broken_ || !stream_->is_plain()) return {};
  return {.fd = stream_->fd(), .bytes_left = left_};
}

void Http1Upstream::on_spliced(size_t bytes, bool drained) {
  left_ -= bytes;
  turn_bytes_ += bytes;
  if (drained) readable_ = watcher_.peer_has_closed();
  low_water_.on_moved(left_, drained);
}

// ---- The end of an exchange.

bool Http1Upstream::is_body_complete() const {
  switch (framing_) {
    case Framing::kNone:
      return true;
    case Framing::kLength:
      return left_ == 0;
    case Framing::kChunked:
      return scanner_.is_complete() && ready_ == 0;
    case Framing::kUntilClose:
      break;
  }
  return false;
}

// What is behind the response in the buffer was not asked for: such a connection is not understood.
bool Http1Upstream::is_reusable() const {
  return state_ == State::kBody && keep_alive_ && request_done_ && is_body_complete() &&
         in_.size() == lead_ && out_.empty() && !send_broken_ && !broken_ &&
         !watcher_.peer_has_closed();
}

void Http1Upstream::release() {
  user_ = nullptr;
  if (state_ == State::kClosed) return;
  if (!is_reusable()) return close();
  low_water_.reset();
  in_.clear();
  lead_ = 0;
  state_ = State::kIdle;
  home_.park(*this);
}

void Http1Upstream::close() {
  const bool was_idle = state_ == State::kIdle;
  state_ = State::kClosed;
  user_ = nullptr;
  watcher_.stop();
  in_.clear();
  out_.clear();
  home_.remove(*this, was_idle);
}

}  // namespace understudy
