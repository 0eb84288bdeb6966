// SPDX-License-Identifier: Apache-2.0
// The half of AjpUpstream that reads: packets in, the response's head and body out.
#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "base/tcp_path.h"
#include "proxy/http/ajp/ajp_request.h"
#include "proxy/http/http1/http1_parser.h"
#include "proxy/upstream/ajp_upstream.h"
#include "proxy/upstream/member_connections.h"

namespace understudy {

using http::AjpStep;
using http::Framing;

// ---- Receiving a head.

IoResult AjpUpstream::read_some() {
  std::span<char> room = in_.writable();
  if (room.empty()) {
    if (!in_.grow()) return {.state = IoResult::State::kOk, .bytes = 0};
    room = in_.writable();
  }
  const IoResult result = stream_->read(room);
  if (result.ok()) {
    in_.commit(result.bytes);
    turn_bytes_ += result.bytes;
    // A short read means drained, unless the end is behind it.
    readable_ =
        result.bytes == room.size() || watcher_.peer_has_closed() || stream_->has_buffered();
  } else {
    readable_ = false;
    if (in_.empty()) in_.clear();
  }
  return result;
}

void AjpUpstream::receive_head() {
  while (readable_) {
    const IoResult result = read_some();
    switch (result.state) {
      case IoResult::State::kOk:
        if (result.bytes == 0) return fail(ErrorCode::kTooLarge, "response head too large");
        break;
      case IoResult::State::kWouldBlock:
        return;
      case IoResult::State::kEnd:
        if (request_.unreachable) return fail(ErrorCode::kUnreachable, "broke while sending");
        return fail(ErrorCode::kClosed, "closed before a response");
      case IoResult::State::kError: {
        const std::string_view why = stream_->error_text();
        return fail(broken_code(result.error_number),
                    why.empty() ? std::string_view(std::strerror(result.error_number)) : why);
      }
    }
    if (!take_steps()) return;
  }
}

// False when there is nothing more to do here: the head is complete, or the user has had enough.
bool AjpUpstream::take_steps() {
  while (!response_.has_head) {
    const AjpStep step = reader_.next(in_.readable());
    if (step.what == AjpStep::What::kMore) {
      in_.consume(step.consumed);
      return true;
    }
    if (!take_step(step)) return false;
  }
  // The head is held back until the end of an answer that has no body.
  sift();
  http::ResponseHead head;
  return response_.complete || !response_.broken.empty() ? parse_head(head) && deliver(head) : true;
}

bool AjpUpstream::take_step(const AjpStep& step) {
  const bool is_pong = step.what == AjpStep::What::kPong;
  if (step.what == AjpStep::What::kRefused) {
    fail(ErrorCode::kProtocol, step.why);
    return false;
  }
  if (!is_pong) response_.received = true;
  if (!is_pong && (request_.waits_for_pong || request_.asks_alive)) {
    fail(ErrorCode::kProtocol, "an AJP packet in place of CPong");
    return false;
  }
  if (step.what == AjpStep::What::kHead) return on_head(step);
  in_.consume(step.consumed);
  if (is_pong) return on_pong();
  if (step.what == AjpStep::What::kAsked) {
    on_asked(step.asked);
    if (response_.broken.empty()) return true;
    fail(ErrorCode::kProtocol, response_.broken);
    return false;
  }
  fail(ErrorCode::kProtocol, "an AJP response without headers");
  return false;
}

bool AjpUpstream::on_pong() {
  ping_.stop();
  if (request_.asks_alive) {
    user_->on_alive();
    return false;
  }
  if (!request_.waits_for_pong) return true;
  request_.waits_for_pong = false;
  request_.may_go_on = true;
  flush();
  return true;
}

void AjpUpstream::on_asked(size_t bytes) {
  if (request_.credit != 0) {
    response_.broken = "AJP Get Body Chunk comes before what was asked for is there";
    return;
  }
  const size_t bytes_max = home_.ajp().packet_bytes_max - http::kAjpBodyHeaderBytes;
  request_.credit = bytes == 0 ? bytes_max : std::min(bytes, bytes_max);
  if (request_.done) return end_request();
  request_.may_go_on = true;
  // Nothing is called back from within a call of the user's.
  if (state_ == State::kBody) yield();
}

bool AjpUpstream::on_head(const AjpStep& step) {
  response_.head_text.clear();
  const http::AjpHeadText written = http::ajp_head_text(step.content, response_.head_text);
  in_.consume(step.consumed);
  if (!written.refused.empty()) {
    fail(ErrorCode::kProtocol, written.refused);
    return false;
  }
  const bool is_interim = written.status < 200;
  const bool has_body = request_.method != http::Method::kHead && !is_interim &&
                        written.status != 204 && written.status != 304;
  if (has_body && !written.has_length) {
    // An answer that is here as a whole says its length.
    response_.framing = Framing::kUntilClose;
    sift();
    response_.head_text += response_.complete
                               ? "content-length: " + std::to_string(response_.ready) + "\r\n"
                               : std::string("transfer-encoding: chunked\r\n");
  }
  response_.head_text += "\r\n";
  http::ResponseHead head;
  if (!parse_head(head)) return false;
  if (head.is_interim()) {
    if (++response_.interims > http::kInterimResponsesMax) {
      fail(ErrorCode::kTooLarge, "too many interim responses");
      return false;
    }
    const uint32_t exchange = exchanges_;
    user_->on_interim_response(head);
    return exchange == exchanges_ && state_ == State::kHead;
  }
  response_.has_head = true;
  response_.framing = head.body.kind;
  if (!has_body || written.has_length) {
    response_.left = head.body.length;
    sift();
  }
  return deliver(head);
}

bool AjpUpstream::parse_head(http::ResponseHead& head) {
  http::HeadProgress progress;
  // The line that was added does not count.
  http::HeadLimits limits = home_.limits();
  ++limits.fields_max;
  const auto parsed = http::parse_response_head(
      response_.head_text, request_.method,
      {.limits = limits, .fields = io_.scratch.response_fields}, progress, head);
  if (parsed.progress != http::Progress::kComplete) {
    fail(is_limit(parsed.refusal) ? ErrorCode::kTooLarge : ErrorCode::kProtocol,
         to_text(parsed.refusal));
    return false;
  }
  if (head.status == 101) {
    fail(ErrorCode::kProtocol, "101 in AJP");
    return false;
  }
  return true;
}

bool AjpUpstream::deliver(const http::ResponseHead& head) {
  if (!response_.broken.empty()) {
    fail(ErrorCode::kProtocol, response_.broken);
    return false;
  }
  if (response_.framing == Framing::kNone && !response_.complete) return true;
  state_ = State::kBody;
  user_->on_response_head(head);
  return false;
}

// ---- Receiving a body.

// Takes the packets out of what has come: the payload moves up behind what is ready.
void AjpUpstream::sift() {
  const std::span<char> fresh = in_.editable().subspan(response_.ready);
  if (fresh.empty()) return;
  size_t from = 0;
  size_t to = 0;
  while (!response_.complete && response_.broken.empty()) {
    const AjpStep step = reader_.next({fresh.data() + from, fresh.size() - from});
    from += step.consumed;
    if (step.what == AjpStep::What::kMore) break;
    switch (step.what) {
      case AjpStep::What::kPayload:
        to += take_payload(step.content, fresh.data() + to);
        break;
      case AjpStep::What::kAsked:
        on_asked(step.asked);
        break;
      case AjpStep::What::kEnd:
        on_end(step.may_go_on);
        break;
      case AjpStep::What::kRefused:
        response_.broken = step.why;
        break;
      default:
        response_.broken = "an AJP packet that does not belong into a body";
    }
  }
  const size_t rest = fresh.size() - from;
  std::memmove(fresh.data() + to, fresh.data() + from, rest);
  response_.ready += to;
  in_.truncate(response_.ready + rest);
}

size_t AjpUpstream::take_payload(std::string_view payload, char* to) {
  // Of a servlet that does not know that it answers HEAD, or writes with 304.
  if (response_.framing == Framing::kNone) return 0;
  if (response_.framing == Framing::kLength) {
    if (payload.size() > response_.left) {
      response_.broken = "the body is longer than its Content-Length";
      return 0;
    }
    response_.left -= payload.size();
  }
  if (to != payload.data()) std::memmove(to, payload.data(), payload.size());
  return payload.size();
}

void AjpUpstream::on_end(bool keeps_connection) {
  response_.complete = true;
  response_.keeps_connection = keeps_connection;
  if (response_.framing == Framing::kLength && response_.left != 0) {
    response_.broken = "the body is shorter than its Content-Length";
  }
}

BodyBytes AjpUpstream::body(BodyForm form) {
  if (response_.framing == Framing::kNone) return {.last = true};
  response_.gave_chunks = form == BodyForm::kChunked;
  const std::string_view ready = in_.readable().substr(0, response_.ready);
  if (form == BodyForm::kPayload) return {.bytes = ready, .last = response_.complete};
  std::string& framed = response_.framed;
  if (framed.empty() && !ready.empty()) {
    std::array<char, http::kChunkHeaderBytesMax> header;
    framed.append(header.data(), http::write_chunk_header(ready.size(), header.data()));
    framed.append(ready).append(http::kChunkEnd);
    in_.consume(ready.size());
    response_.ready = 0;
  }
  if (response_.complete && response_.ready == 0 && !response_.framed_end) {
    response_.framed_end = true;
    framed.append(http::kLastChunk);
  }
  return {.bytes = std::string_view(framed).substr(response_.framed_taken),
          .last = response_.framed_end};
}

void AjpUpstream::consume_body(size_t bytes) {
  if (!response_.gave_chunks) {
    in_.consume(bytes);
    response_.ready -= bytes;
    return;
  }
  response_.framed_taken += bytes;
  if (response_.framed_taken < response_.framed.size()) return;
  response_.framed.clear();
  response_.framed_taken = 0;
}

Fetched AjpUpstream::fetch() {
  if (!response_.broken.empty()) return Fetched::kBroken;
  if (!readable_ || response_.complete) return Fetched::kNone;
  if (turn_bytes_ >= kReadPerTurnBytesMax) {
    yield();
    return Fetched::kNone;
  }
  // There is much of it when a read has filled a small block.
  if (in_.empty() && turn_bytes_ >= io_.blocks.options().small_bytes) in_.grow();
  const IoResult result = read_some();
  switch (result.state) {
    case IoResult::State::kOk:
      if (result.bytes == 0) return Fetched::kNone;
      sift();
      return response_.broken.empty() ? Fetched::kSome : Fetched::kBroken;
    case IoResult::State::kWouldBlock:
      return Fetched::kNone;
    case IoResult::State::kEnd:
    case IoResult::State::kError:
      break;
  }
  response_.broken = "closed within the response";
  return Fetched::kBroken;
}

}  // namespace understudy
