// SPDX-License-Identifier: Apache-2.0
// The requests' half of Http1Downstream, and its pool.
#include "proxy/downstream/http1_downstream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "proxy/downstream/http1_connection.h"
#include "proxy/http/http2_preface.h"
#include "proxy/upstream/http1_upstream.h"
#include "proxy/upstream/output.h"

namespace understudy {

using http::Framing;
using http::Progress;

Http1Downstream::Http1Downstream(WorkerContext& worker)
    : worker_(worker),
      in_(worker.io.blocks),
      more_(worker.io.blocks, worker.replay_bytes, worker.replay_file_bytes),
      out_(worker.io.blocks),
      exchange_(worker, *this) {}

Http1Downstream::~Http1Downstream() = default;

void Http1Downstream::attach(Http1Connection& connection) {
  DCHECK(!connection_ && in_.empty() && !more_.is_used() && out_.empty());
  connection_ = &connection;
  state_ = State::kHead;
  progress_ = {};
  blocked_ = broken_ = false;
}

void Http1Downstream::detach() {
  DCHECK(!exchange_.is_active());
  connection_ = nullptr;
  let_go_request_body();
  if (tunnel_) tunnel_head_ = {};
  tunnel_ = closing_ = false;
  in_.clear();
  more_.clear();
  out_.clear();
}

const Client& Http1Downstream::client() const {
  return connection_->options_.client;
}

// ---- Edges.

void Http1Downstream::on_readable() {
  turn_bytes_ = 0;
  switch (state_) {
    case State::kHead:
      return receive();
    case State::kExchange:
      if (complete_) return look_ahead();
      return exchange_.on_request_body();
    case State::kFlushing:
      return;
    case State::kDraining:
      return drain();
  }
}

void Http1Downstream::on_head_timeout() {
  if (in_.empty()) return connection_->close_now();
  refuse(408, "The request did not arrive in time.");
}

void Http1Downstream::on_body_timeout() {
  if (state_ == State::kDraining) return connection_->close_now();
  exchange_.on_request_timeout();
}

void Http1Downstream::on_connection_lost() {
  broken_ = true;
  exchange_.on_downstream_gone();
}

// ---- Heads.

void Http1Downstream::receive() {
  while (connection_ && state_ == State::kHead && connection_->readable_) {
    if (turn_bytes_ >= kReadPerTurnBytesMax) return connection_->yield();
    if (in_.empty() && connection_->had_large_body_) in_.grow();
    std::span<char> room = in_.writable();
    if (room.empty()) {
      // The parser refuses a head long before it fills a large block.
      CHECK(in_.grow(), "a head fills a large block");
      room = in_.writable();
    }
    const IoResult result = connection_->read(room);
    if (result.state == IoResult::State::kWouldBlock) break;
    if (!result.ok()) return connection_->close_now();
    in_.commit(result.bytes);
    turn_bytes_ += result.bytes;
    process();
  }
  if (!connection_) return;
  if (state_ == State::kHead) return settle();
  // Only with the client's end, or more than one request, behind what was read.
  const bool is_waiting = state_ == State::kExchange && complete_;
  if (is_waiting && connection_->readable_) look_ahead();
}

// The request is here to its end, and its answer is not: what comes now is the next request, which
// waits in in_, or the client has left. A client that leaves closes its side first, so that alone
// says it, unless the client has announced that this is its last request (then it may close its
// side behind it and wait), has sent more, or AbortOnClose is Off. A reset always does.
void Http1Downstream::look_ahead() {
  if (tunnel_ || more_.is_used()) return;
  while (connection_->readable_ && turn_bytes_ < kReadPerTurnBytesMax) {
    const std::span<char> room = in_.writable();
    if (room.empty()) return;
    const IoResult result = connection_->read(room);
    switch (result.state) {
      case IoResult::State::kOk:
        in_.commit(result.bytes);
        turn_bytes_ += result.bytes;
        continue;
      case IoResult::State::kWouldBlock:
        return;
      case IoResult::State::kError:
        return connection_->close_now();
      case IoResult::State::kEnd:
        break;
    }
    const bool sent_more = in_.size() > head_bytes_ + kept_;
    if (client_keeps_alive_ && !sent_more && connection_->first_host().aborts_on_close) {
      return connection_->close_now();
    }
    connection_->readable_ = true;  // whoever reads next finds the end once more
    return;
  }
}

// Nothing more can be done before the client sends.
void Http1Downstream::settle() {
  if (in_.empty()) connection_->go_idle();
}

void Http1Downstream::process() {
  if (processing_) return;
  processing_ = true;
  // A response that was given at once leaves us in kHead again: a loop, not a recursion.
  while (connection_ && state_ == State::kHead && !in_.empty() && begin_next()) {
  }
  processing_ = false;
}

http::HeadLimits Http1Downstream::limits() const {
  const config::RequestLimits& limits = connection_->first_host().limits;
  return {.first_line_bytes_max = static_cast<uint32_t>(limits.line_bytes_max),
          .field_bytes_max = static_cast<uint32_t>(limits.field_bytes_max),
          .fields_max = static_cast<uint32_t>(limits.fields_max)};
}

// False when the head is not complete, or no head.
bool Http1Downstream::begin_next() {
  if (connection_->may_become_http2()) {
    const auto match = http::match_http2_preface(in_.readable());
    if (match == http::PrefaceMatch::kWhole) connection_->become_http2();
    if (match != http::PrefaceMatch::kNo) return false;
  }
  http::RequestHead head;
  const http::HeadLimits limits = this->limits();
  const auto parsed = http::parse_request_head(in_.readable(),
                                               {.limits = limits,
                                                .fields = worker_.io.scratch.request_fields,
                                                .memo = &worker_.io.scratch.request_memo},
                                               progress_, head);
  switch (parsed.progress) {
    case Progress::kIncomplete:
      // Behind a request came the beginning of the next one: its time begins now.
      if (connection_->wait_ != Http1Connection::Wait::kHead) {
        connection_->wait_for(Http1Connection::Wait::kHead);
      }
      return false;
    case Progress::kRefused:
      refuse(status_of(parsed.refusal), to_string(parsed.refusal));
      return false;
    case Progress::kComplete:
      begin(head, parsed.head_bytes);
      return true;
  }
  return false;
}

// There is no request: an answer to whatever it was, and the end.
void Http1Downstream::refuse(unsigned status, std::string_view sentence) {
  state_ = State::kExchange;
  method_ = http::Method::kGet;
  version_ = http::Version::kHttp11;
  head_at_ = head_bytes_ = 0;
  kept_ = 0;
  complete_ = client_keeps_alive_ = false;
  exchange_.refuse(status, sentence, connection_->options_.site);
}

void Http1Downstream::begin(const http::RequestHead& head, uint32_t head_bytes) {
  state_ = State::kExchange;
  progress_ = {};
  method_ = head.method;
  version_ = head.version;
  framing_ = head.body.kind;
  client_keeps_alive_ = head.keep_alive;
  head_at_ = static_cast<uint32_t>(head.bytes.data() - in_.readable().data());
  head_bytes_ = head_bytes;
  complete_ = !head.body.has_bytes();
  body_broken_ = false;
  kept_ = kept_sent_ = 0;
  body_bytes_ = 0;
  awaits_continue_ = head.expect_continue && !complete_;
  overhead_bytes_ = 0;
  keep_alive_ = false;
  connection_->wait_ = Http1Connection::Wait::kNothing;
  ++connection_->requests_;
  connection_->had_large_body_ =
      framing_ == Framing::kLength && head.body.length > worker_.io.blocks.options().small_bytes;
  if (!complete_) {
    left_ = head.body.length;
    keeping_ = {};
    if (framing_ == Framing::kChunked) scanner_ = http::ChunkScanner();
    cut_name_.clear();
    check_kept();
    if (!complete_) connection_->wait_for(Http1Connection::Wait::kBody);
  }
  exchange_.start(head, connection_->options_.site);
}

const http::RequestHead& Http1Downstream::request_head() {
  http::HeadProgress progress;
  const http::HeadLimits limits = this->limits();
  const std::string_view text = tunnel_ ? tunnel_head_ : in_.readable().substr(0, head_bytes_);
  const auto parsed = http::parse_request_head(text,
                                               {.limits = limits,
                                                .fields = worker_.io.scratch.request_fields,
                                                .memo = &worker_.io.scratch.request_memo},
                                               progress, head_);
  CHECK(parsed.progress == Progress::kComplete, "a head is not what it was");
  return head_;
}

std::string_view Http1Downstream::head_text() const {
  if (tunnel_) return tunnel_head_;
  return in_.readable().substr(head_at_, head_bytes_ - head_at_);
}

// ---- Bodies.

// Of the bytes that have just come: how many belong to the body, and how many are left of all.
Http1Downstream::Checked Http1Downstream::check_body(std::span<char> fresh) {
  Checked checked{.of_body = fresh.size(), .bytes = fresh.size()};
  if (framing_ == Framing::kLength) {
    checked.of_body = std::min<uint64_t>(fresh.size(), left_);
    left_ -= checked.of_body;
    complete_ = left_ == 0;
  } else {
    const auto sifted = scanner_.sift(fresh);
    checked = {.of_body = sifted.body_bytes, .bytes = sifted.bytes};
    complete_ = sifted.progress == Progress::kComplete;
    if (sifted.progress == Progress::kRefused) body_broken_ = true;
  }
  awaits_continue_ = false;
  body_bytes_ += checked.of_body;
  if (complete_) connection_->wait_ = Http1Connection::Wait::kNothing;
  return checked;
}

// What has come into in_ behind the head.
void Http1Downstream::check_kept() {
  const size_t known = head_bytes_ + kept_;
  if (in_.size() == known) return;
  const Checked checked = check_body(in_.editable().subspan(known));
  in_.truncate(known + checked.bytes);
  kept_ += checked.of_body;
}

uint64_t Http1Downstream::request_body_bytes() const {
  return framing_ == Framing::kChunked ? scanner_.payload_bytes() : body_bytes_;
}

BodyBytes Http1Downstream::request_body() {
  if (tunnel_) return {.bytes = in_.readable(), .last = complete_};
  if (kept_sent_ < kept_) {
    return {.bytes = in_.readable().substr(head_bytes_ + kept_sent_, kept_ - kept_sent_),
            .last = complete_ && !more_.has_unsent()};
  }
  const std::string_view bytes = more_.unsent();
  return {.bytes = bytes, .last = complete_ && more_.is_last(bytes)};
}

void Http1Downstream::consume_request_body(size_t bytes) {
  if (tunnel_) return in_.consume(bytes);
  if (kept_sent_ < kept_) {
    kept_sent_ += bytes;
  } else {
    more_.consume(bytes);
  }
}

void Http1Downstream::rewind_request_body() {
  kept_sent_ = 0;
  more_.rewind();
}

// As far as is known.
uint64_t Http1Downstream::whole_body_bytes() const {
  return body_bytes_ + (framing_ == Framing::kLength ? left_ : 0);
}

KeptBody::Keep Http1Downstream::how_to_keep() const {
  const uint64_t whole = whole_body_bytes();
  const bool in_memory =
      held_room_ != 0 || (whole <= keeping_.bytes_max &&
                          worker_.replay_bytes < worker_.routes->config->replay_memory_bytes_max);
  const bool in_file = whole <= keeping_.file_bytes_max && worker_.replay_file_room() != 0;
  return {.in_memory = in_memory, .directory = in_file ? keeping_.directory : nullptr};
}

bool Http1Downstream::can_rewind() const {
  const uint64_t whole = whole_body_bytes();
  return more_.can_rewind() && (whole <= keeping_.bytes_max || whole <= keeping_.file_bytes_max);
}

// The room is taken at once, so that many at a time do not promise each other the same.
size_t Http1Downstream::hold_request_body(size_t bytes_max) {
  const uint64_t memory_max = worker_.routes->config->replay_memory_bytes_max;
  if (held_room_ != 0 || worker_.replay_bytes + bytes_max > memory_max) return 0;
  held_room_ = bytes_max;
  worker_.replay_bytes += held_room_;
  return held_room_;
}

void Http1Downstream::let_go_request_body() {
  worker_.replay_bytes -= std::exchange(held_room_, 0);
}

// Behind the head first. Empty: there is no room before some of the body has been sent.
std::span<char> Http1Downstream::room_for_body() {
  if (!more_.is_used()) {
    const std::span<char> room = in_.writable();
    if (!room.empty()) return room;
  }
  const std::span<char> room = more_.room(how_to_keep());
  // The next request's bytes are left where they are.
  if (framing_ == Framing::kLength && room.size() > left_) return room.first(left_);
  return room;
}

// The beginning of a trailer's name that the last read has brought stands in front of the next one,
// in `room` of more_; how many bytes that are. In in_ it lies where it is.
size_t Http1Downstream::put_cut_name_into(std::span<char> room) {
  if (!more_.is_used()) return 0;
  if (const size_t known = head_bytes_ + kept_; in_.size() > known) {
    cut_name_ = in_.readable().substr(known);
    in_.truncate(known);
  }
  const size_t bytes = cut_name_.size();
  if (bytes == 0) return 0;
  if (bytes >= room.size()) {
    scanner_.leave_trailer_out();
    scanner_.scan(std::exchange(cut_name_, {}));
    return 0;
  }
  std::memcpy(room.data(), cut_name_.data(), bytes);
  return bytes;
}

Fetched Http1Downstream::fetch_request_body() {
  if (tunnel_) return fetch_from_tunnel();
  if (body_broken_ || more_.has_failed()) return Fetched::kBroken;
  if (complete_ || !connection_->readable_) return Fetched::kNone;
  if (turn_bytes_ >= kReadPerTurnBytesMax) {
    connection_->yield();
    return Fetched::kNone;
  }
  std::span<char> room = room_for_body();
  if (room.empty()) return Fetched::kNone;
  const size_t cut = put_cut_name_into(room);
  const IoResult result = connection_->read(room.subspan(cut));
  switch (result.state) {
    case IoResult::State::kOk:
      break;
    case IoResult::State::kWouldBlock:
      return Fetched::kNone;
    case IoResult::State::kEnd:
    case IoResult::State::kError:
      body_broken_ = true;
      return Fetched::kBroken;
  }
  turn_bytes_ += result.bytes;
  connection_->wait_for(Http1Connection::Wait::kBody);
  if (more_.is_used()) {
    const Checked checked = check_body(room.first(cut + result.bytes));
    if (complete_ || body_broken_) {
      cut_name_.clear();
      more_.commit(checked.bytes, checked.of_body);
    } else {
      cut_name_.assign(room.data() + checked.of_body, checked.bytes - checked.of_body);
      more_.commit(checked.of_body, checked.of_body);
    }
  } else {
    in_.commit(result.bytes);
    check_kept();
  }
  return body_broken_ ? Fetched::kBroken : Fetched::kSome;
}

Fetched Http1Downstream::fetch_from_tunnel() {
  if (complete_ || !connection_->readable_) return Fetched::kNone;
  if (turn_bytes_ >= kReadPerTurnBytesMax) {
    connection_->yield();
    return Fetched::kNone;
  }
  const IoResult result = connection_->read(in_.writable());
  switch (result.state) {
    case IoResult::State::kOk:
      turn_bytes_ += result.bytes;
      in_.commit(result.bytes);
      return Fetched::kSome;
    case IoResult::State::kWouldBlock:
      // A tunnel in which nothing moves holds no block.
      in_.clear();
      return Fetched::kNone;
    case IoResult::State::kEnd:
      in_.clear();
      complete_ = true;
      return Fetched::kSome;
    case IoResult::State::kError:
      break;
  }
  return Fetched::kBroken;
}

// ---- The end of a request.

void Http1Downstream::finish() {
  if (broken_) return connection_->close_now();
  if (!out_.empty()) {
    state_ = State::kFlushing;
    return;
  }
  end_request();
}

void Http1Downstream::end_request() {
  if (!keep_alive_) return complete_ ? connection_->close_now() : connection_->close_gently();
  if (!complete_) {
    state_ = State::kDraining;
    return drain();
  }
  drop_request();
}

// No more than kDrainBytesMax: may_keep_alive() has seen to that.
void Http1Downstream::drain() {
  keeping_ = {};  // the exchange has ended, and what it lent with it
  connection_->wait_for(Http1Connection::Wait::kBody);
  for (;;) {
    kept_sent_ = kept_;
    more_.consume_all();
    if (complete_) return drop_request();
    switch (fetch_request_body()) {
      case Fetched::kSome:
        continue;
      case Fetched::kNone:
        return;
      case Fetched::kBroken:
        return connection_->close_now();
    }
  }
}

void Http1Downstream::drop_request() {
  let_go_request_body();
  in_.consume(head_bytes_ + kept_);
  // What a chunked body's last read brought along of the next request.
  if (more_.is_used()) {
    if (!keep(in_, more_.rest())) return connection_->close_now();
    more_.clear();
  }
  state_ = State::kHead;
  if (processing_) return;
  process();
  if (connection_ && state_ == State::kHead) receive();
}

void Http1Downstream::abort() {
  if (outgoing_ == Outgoing::kUntilClose) connection_->reset();
  connection_->close_now();
}

// ---- The pool.

std::unique_ptr<Http1Downstream> Http1DownstreamPool::take() {
  if (Http1Downstream* spare = spares_.take()) return std::unique_ptr<Http1Downstream>(spare);
  return std::make_unique<Http1Downstream>(worker_);
}

void Http1DownstreamPool::give_back(std::unique_ptr<Http1Downstream>&& downstream) {
  if (!spares_.keep(downstream)) worker_.io.closed.add(std::move(downstream));
}

}  // namespace understudy
