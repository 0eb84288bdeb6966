// SPDX-License-Identifier: Apache-2.0
// The requests' half of Http2Downstream, and its pool.
#include "proxy/downstream/http2_downstream.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "proxy/downstream/http2_connection.h"
#include "proxy/exchange/routes.h"
#include "proxy/exchange/worker_context.h"

namespace understudy {
namespace {

constexpr size_t kRoomKeptBytes = 4096;

void clear(std::string& text) {
  if (text.capacity() > kRoomKeptBytes) {
    text = {};
  } else {
    text.clear();
  }
}

}  // namespace

Http2Downstream::Http2Downstream(WorkerContext& worker)
    : worker_(worker),
      exchange_(worker, *this),
      timer_(Timer::of<&Http2Downstream::on_timer>(worker.io.loop.timers(), *this)),
      file_(worker.io.blocks, worker.replay_file_bytes) {}

Http2Downstream::~Http2Downstream() = default;

void Http2Downstream::attach(Http2Connection& connection, int32_t stream,
                             std::unique_ptr<http::Http2Head>& head, bool ended) {
  DCHECK(!connection_ && body_.empty());
  connection_ = &connection;
  stream_ = stream;
  std::swap(head_, head);
  complete_ = ended;
  lost_ = dropping_ = body_broken_ = tunnel_ = false;
  framing_ = http::Framing::kNone;
  keeping_ = {};
  sent_ = unread_ = held_ = payload_left_ = 0;
  length_ = received_ = head_bytes_ = 0;
  offered_ = {};
  is_short_ = ends_ = ended_ = finished_ = has_head_ = false;
  wait_ = Wait::kNothing;
}

void Http2Downstream::begin() {
  const std::size_t site = connection_->options_.site;
  const bool is_unknown = head_->refusal() == http::Refusal::kUnknownProtocol;
  if (head_->method() == http::Method::kConnect && !is_unknown) {
    return exchange_.refuse(405, "This proxy does not offer the method.", site);
  }
  if (head_->refusal() != http::Refusal::kNone) {
    return exchange_.refuse(status_of(head_->refusal()), to_text(head_->refusal()), site);
  }
  if (head_->is_websocket()) {
    std::array<uint8_t, http::kWebSocketNonceBytes> nonce;
    worker_.request_ids.fill(nonce);
    head_->set_websocket_key(http::websocket_key(nonce));
  }
  const http::RequestHead head = head_->view(worker_.io.scratch.request_fields);
  framing_ = head.body.kind;
  length_ = head.body.length;
  if (!complete_ && !head_->is_websocket()) wait_for(Wait::kBody);
  exchange_.start(head, site);
}

void Http2Downstream::detach() {
  exchange_.on_downstream_gone();
  timer_.stop();
  let_go_request_body();
  connection_->kept_bytes_ -= held_;
  file_.clear();
  connection_->codec().open_connection_window(unread_);
  head_->clear();
  clear(body_);
  clear(page_);
  clear(tail_);
  offered_ = {};
  connection_ = nullptr;
}

const Client& Http2Downstream::client() const {
  return connection_->options_.client;
}

const http::RequestHead& Http2Downstream::request_head() {
  view_ = head_->view(worker_.io.scratch.request_fields);
  return view_;
}

// ---- The body comes.

void Http2Downstream::on_data(std::string_view data) {
  unread_ += data.size();
  received_ += data.size();
  if (finished_ || body_broken_) {
    connection_->codec().open_connection_window(std::exchange(unread_, 0));
    return;
  }
  const bool was_read = sent_ == body_.size() && !file_.has_unsent();
  if (!keep_chunk(data)) {
    body_broken_ = true;
    connection_->codec().reset(stream_, http::Http2Error::kEnhanceYourCalm);
    return;
  }
  if (wait_ == Wait::kBody) wait_for(Wait::kBody);
  // Otherwise the member does not take what is here already, and the exchange will ask.
  if (was_read) exchange_.on_request_body();
}

bool Http2Downstream::keep_chunk(std::string_view data) {
  std::array<char, http::kChunkHeaderBytesMax> header;
  size_t header_bytes = 0;
  const bool chunked = framing_ == http::Framing::kChunked;
  if (chunked) header_bytes = http::write_chunk_header(data.size(), header.data());
  const size_t bytes = header_bytes + data.size() + (chunked ? http::kChunkEnd.size() : 0);
  if (body_.size() + bytes > kHttp2BodyBytesMax) stop_keeping();
  if (body_.size() + bytes > kHttp2BodyBytesMax) return false;
  body_.append(header.data(), header_bytes).append(data);
  if (chunked) body_.append(http::kChunkEnd);
  return true;
}

void Http2Downstream::on_end(std::string_view trailers) {
  if (finished_ || body_broken_) return;
  if (framing_ == http::Framing::kChunked) {
    std::string end = std::string("0\r\n").append(trailers).append("\r\n");
    const http::SiftedChunks sifted = http::ChunkScanner().sift(end);
    if (sifted.progress != http::Progress::kComplete) {
      body_broken_ = true;
      connection_->codec().reset(stream_, http::Http2Error::kProtocol);
      return;
    }
    body_.append(end, 0, sifted.body_bytes);
  }
  complete_ = true;
  if (wait_ == Wait::kBody) wait_for(Wait::kNothing);
  exchange_.on_request_body();
}

BodyBytes Http2Downstream::request_body() {
  if (!file_.has_unsent()) {
    return {.bytes = std::string_view(body_).substr(sent_), .last = complete_};
  }
  const std::string_view bytes = file_.unsent();
  return {.bytes = bytes,
          .last = complete_ && body_.empty() && !file_.has_failed() && file_.is_last(bytes)};
}

Fetched Http2Downstream::fetch_request_body() {
  return body_broken_ || file_.has_failed() ? Fetched::kBroken : Fetched::kNone;
}

// ---- And goes.

void Http2Downstream::consume_request_body(size_t bytes) {
  if (file_.has_unsent()) return file_.consume(bytes);
  sent_ += bytes;
  // The framing that we added makes this a little more than was consumed, or all of it.
  const size_t data = sent_ == body_.size() ? unread_ : std::min(bytes, unread_);
  unread_ -= data;
  connection_->codec().open_connection_window(data);
  held_ += data;
  connection_->kept_bytes_ += data;
  if (!may_keep()) stop_keeping();
  connection_->settle_later();
}

// A body that is kept holds the stream's window shut, so one that may not fit into it is not.
bool Http2Downstream::may_keep() const {
  if (held_room_ != 0) return true;
  if (dropping_ || body_.size() > keeping_.bytes_max) return false;
  if (connection_->kept_bytes_ > kKeptPerConnectionBytesMax) return false;
  if (framing_ == http::Framing::kLength) return length_ <= http::kHttp2StreamWindowBytes;
  return complete_ || held_ < http::kHttp2StreamWindowBytes / 2;
}

// Instead of losing what does not stay in body_.
bool Http2Downstream::may_file() const {
  const uint64_t whole = std::max(received_, length_);
  return !lost_ && keeping_.directory != nullptr && whole <= keeping_.file_bytes_max &&
         worker_.replay_file_room() != 0;
}

void Http2Downstream::stop_keeping() {
  dropping_ = true;
  connection_->kept_bytes_ -= held_;
  const size_t opened = std::exchange(held_, 0);
  if (!complete_) connection_->codec().open_stream_window(stream_, opened);
  if (sent_ == 0) return;
  if (!may_file()) lost_ = true;
  // Seldom enough that moving the rest costs little.
  if (sent_ < body_.size() / 2) return;
  if (!lost_ && !file_.append(std::string_view(body_).substr(0, sent_), *keeping_.directory)) {
    lost_ = true;
  }
  body_.erase(0, sent_);
  sent_ = 0;
  // A tunnel in which nothing moves holds no room.
  if (tunnel_ && body_.empty()) clear(body_);
}

// The response has begun: the request is not asked for again.
void Http2Downstream::stop_keeping_for_good() {
  keeping_ = {};
  stop_keeping();
}

void Http2Downstream::rewind_request_body() {
  if (lost_) return;
  file_.rewind();
  sent_ = 0;
}

// All of it has to come before the stream's window needs to be opened.
size_t Http2Downstream::hold_request_body(size_t bytes_max) {
  const size_t room = std::min<size_t>(bytes_max, http::kHttp2StreamWindowBytes);
  if (held_room_ != 0 || connection_->kept_bytes_ + room > kKeptPerConnectionBytesMax) return 0;
  held_room_ = room;
  connection_->kept_bytes_ += room;
  return room;
}

void Http2Downstream::let_go_request_body() {
  connection_->kept_bytes_ -= std::exchange(held_room_, 0);
}

// ---- Time.

void Http2Downstream::wait_for(Wait what) {
  wait_ = what;
  if (what == Wait::kNothing) return;
  const config::ClientTimeouts& timeouts = connection_->first_host().timeouts;
  const Duration wait =
      what == Wait::kBody && timeouts.body_silence ? *timeouts.body_silence : timeouts.silence;
  timer_.start_at(worker_.io.loop.now() + wait);
}

// Where the socket is full, it is not this stream's windows that hold it up; the connection has a
// time limit of its own for that.
bool Http2Downstream::takes_too_little() const {
  if (connection_->blocked_) return false;
  const std::chrono::milliseconds time = std::chrono::duration_cast<std::chrono::milliseconds>(
      connection_->first_host().timeouts.silence);
  const auto milliseconds = static_cast<uint64_t>(time.count());
  return taken_in_time_ * 1000 < http::kHttp2TakenBytesPerSecondMin * milliseconds;
}

void Http2Downstream::on_timer() {
  switch (wait_) {
    case Wait::kNothing:
      return;
    case Wait::kBody:
      // As long as the member does not take what is here, the client need not send.
      if (sent_ < body_.size() || file_.has_unsent()) return wait_for(Wait::kBody);
      wait_ = Wait::kNothing;
      if (exchange_.is_active()) exchange_.on_request_timeout();
      break;
    case Wait::kWindow:
      if (!takes_too_little()) {
        taken_in_time_ = 0;
        return wait_for(Wait::kWindow);
      }
      wait_ = Wait::kNothing;
      connection_->codec().reset(stream_, http::Http2Error::kCancel);
      break;
  }
  connection_->settle_later();
}

// ---- The pool.

std::unique_ptr<Http2Downstream> Http2DownstreamPool::take() {
  if (Http2Downstream* spare = spares_.take()) return std::unique_ptr<Http2Downstream>(spare);
  return std::make_unique<Http2Downstream>(worker_);
}

void Http2DownstreamPool::give_back(std::unique_ptr<Http2Downstream>&& downstream) {
  if (!spares_.keep(downstream)) worker_.io.closed.add(std::move(downstream));
}

void Http2DownstreamPool::settle_later(Http2Connection& connection) {
  if (settling_.empty()) worker_.io.loop.at_turn_end([this] { settle(); });
  settling_.push_back(&connection);
}

void Http2DownstreamPool::forget(Http2Connection& connection) {
  std::replace(settling_.begin(), settling_.end(), &connection,
               static_cast<Http2Connection*>(nullptr));
}

// Connections may be added meanwhile.
void Http2DownstreamPool::settle() {
  for (std::size_t i = 0; i < settling_.size(); ++i) {
    if (settling_[i] != nullptr) settling_[i]->settle();
  }
  settling_.clear();
}

}  // namespace understudy
