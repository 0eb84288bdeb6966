// SPDX-License-Identifier: Apache-2.0
#include "proxy/downstream/http2_connection.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "proxy/downstream/http2_downstream.h"
#include "proxy/exchange/routes.h"
#include "proxy/io/output.h"
#include "proxy/upstream/http1_upstream.h"

namespace understudy {
namespace {

// Less room than this for a frame is no room: out_ grows or is sent first.
constexpr std::size_t kOutputRoomMin = 2048;
// What a client that has been sent away still sends is read up to here.
constexpr std::size_t kFarewellBytesMax = std::size_t{256} * 1024;

}  // namespace

Http2Connection::Http2Connection(Http2DownstreamPool& pool, std::unique_ptr<Stream> stream,
                                 std::string_view received, Options options, Owner& owner)
    : pool_(pool),
      owner_(owner),
      options_(std::move(options)),
      stream_(std::move(stream)),
      timer_(Timer::of<&Http2Connection::on_timer>(pool.worker().io.loop.timers(), *this)),
      in_(pool.worker().io.blocks),
      out_(pool.worker().io.blocks),
      codec_(limits()) {
  CHECK(keep(in_, received), "more has been received than a large block");
}

Http2Connection::~Http2Connection() {
  DCHECK(closed_ || streams_.empty());
}

void Http2Connection::start() {
  watcher_.start(pool_.worker().io.loop, stream_->fd(), *this);
  readable_ = stream_->has_buffered();
  receive();
  settle();
}

// Idle, it ends now; else requests that are on their way are still taken for a moment.
void Http2Connection::stop() {
  if (stopping_ || closed_) return;
  stopping_ = true;
  if (streams_.empty()) {
    refuse_new_streams();
  } else {
    codec_.announce_end();
    wait_for(Wait::kLastRequests);
  }
  settle();
}

void Http2Connection::abandon() {
  if (!closed_) close_now();
}

const config::VirtualHost& Http2Connection::first_host() const {
  return *pool_.worker().routes->sites[options_.site].hosts.front();
}

http::HeadLimits Http2Connection::limits() const {
  const config::RequestLimits& limits = first_host().limits;
  return {.first_line_bytes_max = static_cast<uint32_t>(limits.line_bytes_max),
          .field_bytes_max = static_cast<uint32_t>(limits.field_bytes_max),
          .fields_max = static_cast<uint32_t>(limits.fields_max)};
}

// ---- In.

void Http2Connection::on_ready(bool readable, bool writable) {
  turn_bytes_ = 0;
  readable_ = readable_ || readable;
  if (writable) blocked_ = false;
  receive();
  settle();
}

// While the socket does not take what is to be sent, nothing is read: no client can make us pile up
// answers.
void Http2Connection::receive() {
  process();
  while (readable_ && !blocked_ && !broken_ && (in_.empty() || leaving_)) {
    if (turn_bytes_ >= kReadPerTurnBytesMax) {
      // Registering anew reports what is ready now, as an edge, in the next turn.
      watcher_.stop();
      watcher_.start(pool_.worker().io.loop, stream_->fd(), *this);
      return;
    }
    const std::span<char> room = in_.writable();
    const IoResult result = stream_->read(room);
    readable_ = result.ok() && (result.bytes == room.size() || watcher_.peer_has_closed() ||
                                stream_->has_buffered());
    if (result.state == IoResult::State::kWouldBlock) break;
    if (!result.ok()) {
      broken_ = true;
      break;
    }
    turn_bytes_ += result.bytes;
    in_.commit(result.bytes);
    process();
  }
  if (in_.empty()) in_.clear();
}

void Http2Connection::process() {
  const TimePoint now = pool_.worker().io.loop.now();
  bool has_pumped = false;
  while (!in_.empty() && !broken_ && !leaving_) {
    http::Http2Event event;
    const std::size_t bytes = codec_.feed(in_.readable(), now, event);
    if (bytes == 0) {
      // What the codec has to say first may have no room, or be its last word.
      if (has_pumped) return;
      pump();
      has_pumped = true;
      continue;
    }
    has_pumped = false;
    on_event(event);
    in_.consume(bytes);
    drop_closed_streams();
  }
  if (!leaving_) return;
  left_bytes_ += in_.size();
  in_.clear();
  if (left_bytes_ > kFarewellBytesMax) broken_ = true;
}

void Http2Connection::on_event(const http::Http2Event& event) {
  if (event.head) return begin_stream(event);
  if (event.user == nullptr) return codec_.open_connection_window(event.data.size());
  Http2Downstream& stream = *static_cast<Http2Downstream*>(event.user);
  if (!event.data.empty()) stream.on_data(event.data);
  if (event.end) stream.on_end(event.trailers);
}

void Http2Connection::begin_stream(const http::Http2Event& event) {
  ++requests_;
  streams_.push_back(pool_.take());
  Http2Downstream& stream = *streams_.back();
  stream.place_ = streams_.size() - 1;
  codec_.set_user(event.stream, &stream);
  stream.attach(*this, event.stream, codec_.head(), event.end);
  const auto requests_max = first_host().timeouts.requests_per_connection;
  if (requests_max && requests_ >= *requests_max) refuse_new_streams();
  stream.begin();
}

// ---- Out.

std::span<char> Http2Connection::room_for_output() {
  std::span<char> room = out_.writable();
  if (room.size() < kOutputRoomMin && out_.grow()) room = out_.writable();
  if (room.size() >= kOutputRoomMin || !flush()) return room;
  return out_.writable();
}

void Http2Connection::pump() {
  while (!broken_ && codec_.has_output()) {
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
bool Http2Connection::flush() {
  if (out_.empty()) return true;
  if (blocked_ || broken_) return false;
  const std::string_view rest = out_.readable();
  const iovec piece{const_cast<char*>(rest.data()), rest.size()};
  const IoResult result = stream_->write({&piece, 1});
  switch (result.state) {
    case IoResult::State::kOk:
      blocked_ = result.bytes < rest.size();
      out_.consume(result.bytes);
      // Something moved: the time for the next bytes begins anew.
      if (wait_ == Wait::kWrite) wait_ = Wait::kNothing;
      break;
    case IoResult::State::kWouldBlock:
      blocked_ = true;
      break;
    case IoResult::State::kEnd:
    case IoResult::State::kError:
      broken_ = true;
      break;
  }
  return out_.empty();
}

void Http2Connection::settle_later() {
  if (settling_ || closed_) return;
  settling_ = true;
  pool_.settle_later(*this);
}

void Http2Connection::settle() {
  if (closed_) return;
  settling_ = true;
  for (;;) {
    pump();
    drop_closed_streams();
    if (!waiting_.empty() && !blocked_ && !broken_) {
      serve_waiting_streams();
      continue;
    }
    if (!flush() || broken_ || in_.empty() || leaving_) break;
    const std::size_t before = in_.size();
    process();
    if (in_.size() == before) break;
  }
  settling_ = false;
  if (!broken_ && !leaving_ && codec_.is_over() && out_.empty()) leave();
  if (broken_) return close_now();
  choose_wait();
}

// Each in turn; who cannot finish stands behind the others again.
void Http2Connection::serve_waiting_streams() {
  const std::vector<Http2Downstream*> turn = std::exchange(waiting_, {});
  for (Http2Downstream* stream : turn) {
    stream->waits_ = false;
    stream->on_turn();
  }
}

void Http2Connection::drop_closed_streams() {
  std::vector<void*>& closed = codec_.closed();
  while (!closed.empty()) {
    Http2Downstream& stream = *static_cast<Http2Downstream*>(closed.back());
    closed.pop_back();
    stream.detach();
    pool_.give_back(remove(stream));
  }
}

std::unique_ptr<Http2Downstream> Http2Connection::remove(Http2Downstream& stream) {
  DCHECK(streams_[stream.place_].get() == &stream);
  std::swap(streams_[stream.place_], streams_.back());
  streams_[stream.place_]->place_ = stream.place_;
  std::unique_ptr<Http2Downstream> removed = std::move(streams_.back());
  streams_.pop_back();
  if (stream.waits_) std::erase(waiting_, &stream);
  stream.waits_ = false;
  return removed;
}

// ---- Time.

std::optional<Duration> Http2Connection::patience(Wait what) const {
  const config::ClientTimeouts& timeouts = first_host().timeouts;
  switch (what) {
    case Wait::kNothing:
      return {};
    case Wait::kRest:
      return std::min<Duration>(timeouts.keep_alive.value_or(std::chrono::milliseconds::zero()),
                                kRestAfter);
    case Wait::kNextRequest:
      return timeouts.keep_alive.value_or(std::chrono::milliseconds::zero()) -
             *patience(Wait::kRest);
    case Wait::kHead:
      return timeouts.request_head ? timeouts.request_head : timeouts.silence;
    case Wait::kWrite:
      return timeouts.silence;
    case Wait::kLastRequests:
      return kLastRequestsWait;
    case Wait::kFarewell:
      return kFarewellMax;
  }
  return {};
}

void Http2Connection::choose_wait() {
  if (leaving_) return wait_for(Wait::kFarewell);
  if (blocked_) return wait_for(Wait::kWrite);
  if (stopping_ && !refusing_) return wait_for(Wait::kLastRequests);
  if (requests_ == 0 || codec_.is_in_header_block()) return wait_for(Wait::kHead);
  if (!streams_.empty()) return wait_for(Wait::kNothing);
  if (wait_ != Wait::kNextRequest) wait_for(Wait::kRest);
}

void Http2Connection::wait_for(Wait what) {
  if (what == wait_) return;
  wait_ = what;
  // A timer that is not waited for any more is left to run out: that is cheaper than to stop it.
  if (const auto wait = patience(what)) timer_.start_at(pool_.worker().io.loop.now() + *wait);
}

void Http2Connection::on_timer() {
  switch (wait_) {
    case Wait::kNothing:
      return;
    case Wait::kRest:
      codec_.rest();
      return wait_for(Wait::kNextRequest);
    case Wait::kNextRequest:
    case Wait::kLastRequests:
      refuse_new_streams();
      return settle();
    case Wait::kHead:
      codec_.terminate(http::Http2Error::kEnhanceYourCalm);
      return settle();
    case Wait::kWrite:
    case Wait::kFarewell:
      return close_now();
  }
}

// ---- The end.

void Http2Connection::refuse_new_streams() {
  if (refusing_) return;
  refusing_ = true;
  codec_.refuse_new_streams();
}

// The last GOAWAY is out. The client may still be sending: it is heard out for a moment, so that it
// sees why and not a reset.
void Http2Connection::leave() {
  if (codec_.abuse() != http::Http2Abuse::kNone) {
    LOG(kWarn, "client {}: HTTP/2 connection ended: {}", options_.client.address.host(),
        http::to_text(codec_.abuse()));
  }
  leaving_ = true;
  end_streams();
  stream_->shutdown_write();
  receive();
}

void Http2Connection::end_streams() {
  codec_.closed().clear();
  while (!streams_.empty()) {
    Http2Downstream& stream = *streams_.back();
    stream.detach();
    pool_.give_back(remove(stream));
  }
}

void Http2Connection::close_now() {
  DCHECK(!closed_);
  closed_ = true;
  watcher_.stop();
  timer_.stop();
  end_streams();
  pool_.forget(*this);
  in_.clear();
  out_.clear();
  owner_.on_closed(*this);
}

}  // namespace understudy
