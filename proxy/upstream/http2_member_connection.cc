// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/http2_member_connection.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/tcp_path.h"
#include "proxy/upstream/http1_upstream.h"
#include "proxy/upstream/member_connections.h"

namespace understudy {
namespace {

// Less room than this for a frame is no room: out_ grows or is sent first.
constexpr std::size_t kOutputRoomMin = 2048;

}  // namespace

Http2MemberConnection::Http2MemberConnection(MemberConnections& home, const IoContext& io,
                                             std::unique_ptr<Stream> stream)
    : home_(home),
      io_(io),
      stream_(std::move(stream)),
      in_(io.blocks),
      out_(io.blocks),
      codec_(home.limits()),
      settling_(TurnTask::of<&Http2MemberConnection::settle>(io.loop, *this)),
      heard_(io.loop.now()),
      idle_since_(heard_) {
  watcher_.start(io_.loop, stream_->fd(), *this);
  readable_ = stream_->has_buffered();
  pump();
}

Http2MemberConnection::~Http2MemberConnection() {
  DCHECK(streams_.empty());
}

bool Http2MemberConnection::can_open() const {
  return !retired_ && !lost_ && !closed_ && codec_.can_open(streams_.size());
}

Upstream& Http2MemberConnection::open(Upstream::User& user) {
  streams_.push_back(std::make_unique<Http2Upstream>(*this, io_, user, has_served_));
  streams_.back()->place_ = streams_.size() - 1;
  has_served_ = true;
  home_.on_http2_stream(*this, true);
  return *streams_.back();
}

void Http2MemberConnection::retire() {
  retired_ = true;
  if (streams_.empty() && !closed_) close();
}

const http::HeadLimits& Http2MemberConnection::limits() const {
  return home_.limits();
}

std::string_view Http2MemberConnection::scheme() const {
  return stream_->is_plain() ? "http" : "https";
}

bool Http2MemberConnection::falls_back_to_http1() {
  return home_.fall_back_to_http1();
}

// ---- In.

void Http2MemberConnection::on_ready(bool readable, bool writable) {
  if (closed_) return;
  turn_bytes_ = 0;
  readable_ = readable_ || readable;
  if (writable) blocked_ = false;
  receive();
  if (closed_) return;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    Http2Upstream& stream = *streams_[i];
    if (std::exchange(stream.yields_, false)) stream.user_->on_response_body();
  }
  settle();
}

// While the socket does not take what is to be sent, nothing is read: no member can make us pile up
// answers to its frames.
void Http2MemberConnection::receive() {
  process();
  while (readable_ && !blocked_ && !lost_ && !closed_ && in_.empty()) {
    if (turn_bytes_ >= kReadPerTurnBytesMax) {
      watch_anew();
      break;
    }
    const std::span<char> room = in_.writable();
    const IoResult result = stream_->read(room);
    readable_ = result.ok() && (result.bytes == room.size() || watcher_.peer_has_closed() ||
                                stream_->has_buffered());
    if (result.state == IoResult::State::kWouldBlock) break;
    if (!result.ok()) {
      lose(result.state == IoResult::State::kEnd ? ErrorCode::kClosed
                                                 : broken_code(result.error_number),
           "the HTTP/2 connection broke");
      break;
    }
    heard_ = io_.loop.now();
    turn_bytes_ += result.bytes;
    in_.commit(result.bytes);
    process();
  }
  if (in_.empty()) in_.clear();
}

void Http2MemberConnection::process() {
  bool has_pumped = false;
  while (!in_.empty() && !lost_ && !closed_) {
    http::Http2Answer answer;
    const std::size_t bytes = codec_.feed(in_.readable(), io_.loop.now(), answer);
    if (bytes == 0) {
      // What the codec has to say first may have no room, or be its last word.
      if (has_pumped) break;
      pump();
      has_pumped = true;
      continue;
    }
    has_pumped = false;
    if (answer.user != nullptr) static_cast<Http2Upstream*>(answer.user)->on_answer(answer);
    if (closed_) return;
    in_.consume(bytes);
    tell_ended_streams();
  }
  if (lost_ || closed_ || !codec_.is_over()) return;
  if (codec_.abuse() != http::Http2Abuse::kNone) {
    LOG(kWarn, "member {}: HTTP/2 connection ended: {}", home_.label(),
        http::to_text(codec_.abuse()));
  }
  flush();
  // What cannot be understood is the answer to a stream that is alone; of several it may be any's.
  const bool is_answer = codec_.has_failed() && streams_.size() == 1;
  lose(is_answer ? ErrorCode::kProtocol : ErrorCode::kClosed, "the HTTP/2 connection ended");
}

void Http2MemberConnection::tell_ended_streams() {
  std::vector<http::Http2Ended>& ended = codec_.ended();
  while (!ended.empty() && !closed_) {
    const http::Http2Ended last = ended.back();
    ended.pop_back();
    static_cast<Http2Upstream*>(last.user)->on_ended(last.error);
  }
}

// ---- Out.

std::span<char> Http2MemberConnection::room_for_output() {
  std::span<char> room = out_.writable();
  if (room.size() < kOutputRoomMin && out_.grow()) room = out_.writable();
  if (room.size() >= kOutputRoomMin || !flush()) return room;
  return out_.writable();
}

// Moves what the codec has into out_, and that to the socket when it is full; the rest goes out at
// the end of the turn.
void Http2MemberConnection::pump() {
  while (!lost_ && !closed_ && codec_.has_output()) {
    const std::span<char> room = room_for_output();
    if (room.empty()) break;
    const std::size_t bytes = codec_.take(room);
    out_.commit(bytes);
    if (bytes == 0) break;
  }
  if (out_.empty()) out_.clear();
  settle_later();
}

// True when nothing is left.
bool Http2MemberConnection::flush() {
  if (out_.empty()) return true;
  if (blocked_ || lost_) return false;
  const std::string_view rest = out_.readable();
  const iovec piece{const_cast<char*>(rest.data()), rest.size()};
  const IoResult result = stream_->write({&piece, 1});
  switch (result.state) {
    case IoResult::State::kOk:
      blocked_ = result.bytes < rest.size();
      out_.consume(result.bytes);
      break;
    case IoResult::State::kWouldBlock:
      blocked_ = true;
      break;
    case IoResult::State::kEnd:
    case IoResult::State::kError:
      // What the member has said before may still be read: the end comes with reading.
      blocked_ = true;
      readable_ = true;
      watch_anew();
      break;
  }
  return out_.empty();
}

void Http2MemberConnection::settle() {
  while (!closed_) {
    pump();
    tell_ended_streams();
    if (closed_) return;
    if (!refused_.empty()) {
      Http2Upstream& stream = *refused_.back();
      refused_.pop_back();
      stream.on_ended(static_cast<uint32_t>(http::Http2Error::kRefusedStream));
      continue;
    }
    if (!waiting_.empty() && !blocked_ && !lost_) {
      serve_waiting_streams();
      continue;
    }
    if (!flush() || lost_ || in_.empty()) break;
    const std::size_t before = in_.size();
    process();
    if (in_.size() == before) break;
  }
  // pump() has asked for another turn of this.
  settling_.stop();
}

// Each in turn; who cannot finish stands behind the others again.
void Http2MemberConnection::serve_waiting_streams() {
  std::vector<Http2Upstream*> turn = std::exchange(waiting_, {});
  // A stream that is forgotten meanwhile is taken out of waiting_ only.
  for (Http2Upstream* stream : turn) stream->waits_ = false;
  for (std::size_t i = 0; i < turn.size() && !closed_; ++i) {
    const bool is_there = std::any_of(streams_.begin(), streams_.end(),
                                      [&](const auto& each) { return each.get() == turn[i]; });
    if (is_there) turn[i]->on_turn();
  }
}

// ---- Streams and the connection end.

void Http2MemberConnection::refuse_later(Http2Upstream& stream) {
  refused_.push_back(&stream);
  settle_later();
}

Duration Http2MemberConnection::unacknowledged_for() {
  const auto seen = acknowledgements(stream_->fd());
  return seen ? acknowledgements_.owed_for(*seen, io_.loop.now()) : Duration{};
}

void Http2MemberConnection::watch_anew() {
  if (lost_) return;
  // Registering anew reports what is ready now, as an edge, in the next turn.
  watcher_.stop();
  watcher_.start(io_.loop, stream_->fd(), *this);
}

void Http2MemberConnection::forget(Http2Upstream& stream) {
  if (stream.stream_ != 0) {
    codec_.forget_user(stream.stream_);
    if (!stream.is_finished()) codec_.reset(stream.stream_, http::Http2Error::kCancel);
  }
  std::erase_if(codec_.ended(), [&](const http::Http2Ended& each) { return each.user == &stream; });
  std::erase(waiting_, &stream);
  std::erase(refused_, &stream);
  const TimePoint quiet_since = std::max(heard_, stream.began_);
  const bool is_silent = !stream.complete_ && io_.loop.now() - quiet_since >= kHttp2SilenceMax;
  const std::size_t place = stream.place_;
  DCHECK(streams_[place].get() == &stream);
  std::swap(streams_[place], streams_.back());
  streams_[place]->place_ = place;
  io_.closed.add(std::move(streams_.back()));
  streams_.pop_back();
  idle_since_ = io_.loop.now();
  if (is_silent || !home_.keeps_alive()) retired_ = true;
  settle_later();
  home_.on_http2_stream(*this, false);
  if (streams_.empty() && !closed_ && (retired_ || lost_ || !codec_.can_open(0))) close();
}

// Tells every stream; none of them is in use afterwards.
void Http2MemberConnection::lose(ErrorCode code, std::string_view why) {
  if (lost_) return;
  lost_ = true;
  watcher_.stop();
  in_.clear();
  out_.clear();
  waiting_.clear();
  refused_.clear();
  codec_.ended().clear();
  // A stream may be released, and the last one closes the connection, in each call.
  std::vector<Http2Upstream*> all;
  for (const auto& stream : streams_) all.push_back(stream.get());
  for (Http2Upstream* stream : all) {
    const bool is_there = std::any_of(streams_.begin(), streams_.end(),
                                      [&](const auto& each) { return each.get() == stream; });
    if (is_there) stream->on_lost(code, why);
  }
  if (streams_.empty() && !closed_) close();
}

void Http2MemberConnection::close() {
  DCHECK(streams_.empty());
  if (!lost_) {
    codec_.terminate(http::Http2Error::kNone);
    pump();
    flush();
  }
  closed_ = true;
  settling_.stop();
  watcher_.stop();
  in_.clear();
  out_.clear();
  home_.remove(*this);
}

}  // namespace understudy
