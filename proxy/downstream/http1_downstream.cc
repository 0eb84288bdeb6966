// SPDX-License-Identifier: Apache-2.0
// The requests' heads of Http1Downstream, and its pool; bodies are in http1_request_body.cc.
#include "proxy/downstream/http1_downstream.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "proxy/downstream/http1_connection.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/http/preface/http2_preface.h"
#include "proxy/io/output.h"
#include "proxy/upstream/http1_upstream.h"

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
    if (!result.ok()) return connection_->close_after_error();
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
    connection_->readable_ = true;  // the next read finds the end once more
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
    // RFC 9113 3.2: the client has chosen HTTP/2 by ALPN, so nothing else may follow.
    if (connection_->has_agreed_on_http2()) {
      connection_->close_now();
      return false;
    }
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
      refuse(status_of(parsed.refusal), to_text(parsed.refusal));
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
