// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/http2_upstream.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "proxy/http/http1/http1_parser.h"
#include "proxy/upstream/http2_member_connection.h"

namespace understudy {
namespace {

using http::Framing;

constexpr uint32_t kNoError = 0;
constexpr uint32_t kHttp11Required = 0xd;

// RFC 9110 6.4.1; 1xx are no final answers.
bool may_have_body(http::Method method, std::string_view head) {
  const std::string_view status = head.substr(std::min<size_t>(9, head.size()), 3);
  return method != http::Method::kHead && !status.starts_with('1') && status != "204" &&
         status != "304";
}

}  // namespace

Http2Upstream::Http2Upstream(Http2MemberConnection& connection, const IoContext& io, User& user,
                             bool reused)
    : io_(io), connection_(&connection), user_(&user), began_(io.loop.now()), reused_(reused) {}

Http2Upstream::~Http2Upstream() = default;

// ---- The request.

Taken Http2Upstream::send_head(const http::RequestHead& head, const http::RequestRewrite& rewrite,
                               BodyBytes body) {
  DCHECK(state_ == State::kNew);
  if (!io_.scratch.lines.ok()) return {.too_large = true};
  state_ = State::kHead;
  method_ = head.method;
  in_chunks_ = head.body.kind == Framing::kChunked;
  const bool has_body = head.body.has_bytes();
  request_ended_ = !has_body;
  sent_ = true;
  // A connection that is lost says so at the end of the turn.
  if (connection_->is_lost()) return {.body_bytes = body.bytes.size()};
  stream_ = connection_->codec().send_head({.head = head,
                                            .rewrite = rewrite,
                                            .scheme = connection_->scheme(),
                                            .source = has_body ? this : nullptr,
                                            .user = this});
  if (stream_ == 0) {
    refused_ = true;
    connection_->refuse_later(*this);
    return {.body_bytes = body.bytes.size()};
  }
  if (has_body) return send_body(body);
  connection_->pump();
  return {.body_bytes = body.bytes.size()};
}

// A request that the member reads no longer is taken whole: the answer is there, or will be missed.
Taken Http2Upstream::send_body(BodyBytes body) {
  if (connection_->is_lost() || request_ended_ || stream_ == 0) {
    return {.body_bytes = body.bytes.size()};
  }
  offered_ = body.bytes;
  if (in_chunks_) {
    scan_chunks();
  } else {
    ends_ = body.last;
  }
  connection_->codec().resume(stream_);
  connection_->pump();
  const size_t taken = body.bytes.size() - offered_.size();
  is_short_ = !offered_.empty();
  if (is_short_ && !in_chunks_) ends_ = false;
  offered_ = {};
  return {.body_bytes = taken};
}

// Up to the next payload. The client's connection has checked the framing already.
void Http2Upstream::scan_chunks() {
  while (payload_left_ == 0 && !offered_.empty() && !scanner_.is_complete()) {
    const http::ChunkPiece piece = scanner_.next(offered_);
    if (piece.consumed == 0) return;
    const size_t framing = piece.consumed - piece.payload.size();
    if (piece.payload.empty()) {
      tail_.append(offered_.substr(0, framing));
    } else {
      tail_.clear();
    }
    offered_.remove_prefix(framing);
    payload_left_ = piece.payload.size();
  }
  ends_ = scanner_.is_complete();
}

Http2Upstream::Offer Http2Upstream::offer_body(size_t bytes_max) {
  // The member may open its window while nothing is offered.
  const size_t here = in_chunks_ ? std::min(payload_left_, offered_.size()) : offered_.size();
  const size_t bytes = std::min(bytes_max, here);
  const bool last = ends_ && bytes == offered_.size();
  request_ended_ = last;
  return {.bytes = bytes, .last = last};
}

void Http2Upstream::take_body(char* out, size_t bytes) {
  DCHECK(bytes <= offered_.size());
  if (bytes == 0) return;
  std::memcpy(out, offered_.data(), bytes);
  offered_.remove_prefix(bytes);
  if (!in_chunks_) return;
  payload_left_ -= bytes;
  scan_chunks();
}

// Behind the last payload stand its CRLF, the last chunk's line, the trailers and an empty line.
std::string_view Http2Upstream::trailers() {
  if (!in_chunks_) return {};
  std::string_view lines = tail_;
  if (lines.starts_with("\r\n")) lines.remove_prefix(2);
  lines.remove_prefix(std::min(lines.find("\r\n"), lines.size() - 2) + 2);
  return lines.substr(0, lines.size() - 2);
}

void Http2Upstream::on_body_wanted() {
  const bool has_more = is_short_ || !offered_.empty() || (ends_ && !request_ended_);
  if (!has_more || waits_) return;
  waits_ = true;
  connection_->wants_turn(*this);
}

void Http2Upstream::on_turn() {
  if (is_short_) return user_->on_upstream_writable();
  // An end for which there was no room.
  connection_->codec().resume(stream_);
  connection_->pump();
}

// ---- The response comes.

void Http2Upstream::on_answer(const http::Http2Answer& answer) {
  received_ = true;
  if (!answer.refused.empty()) {
    return fail(answer.too_large ? ErrorCode::kTooLarge : ErrorCode::kProtocol, answer.refused);
  }
  if (!answer.head.empty()) return on_head(answer);
  const bool was_dry = body_.empty() && framed_.empty();
  if (!answer.data.empty()) {
    unread_ += answer.data.size();
    body_ += answer.data;
  }
  if (answer.end) on_end(answer.trailers);
  // Otherwise the client does not take what is here already, and the exchange will ask.
  if (state_ == State::kBody && (was_dry || complete_ || broken_)) user_->on_response_body();
}

void Http2Upstream::on_head(const http::Http2Answer& answer) {
  if (state_ != State::kHead) return fail(ErrorCode::kProtocol, "a second response head");
  head_text_ = answer.head;
  if (!answer.has_length && may_have_body(method_, answer.head)) {
    head_text_ += answer.end ? "content-length: 0\r\n" : "transfer-encoding: chunked\r\n";
  }
  head_text_ += "\r\n";
  http::HeadProgress progress;
  http::ResponseHead head;
  // The line that was added above does not count.
  http::HeadLimits limits = connection_->limits();
  ++limits.fields_max;
  const auto parsed = http::parse_response_head(
      head_text_, method_, {.limits = limits, .fields = io_.scratch.response_fields}, progress,
      head);
  if (parsed.progress != http::Progress::kComplete) {
    return fail(is_limit(parsed.refusal) ? ErrorCode::kTooLarge : ErrorCode::kProtocol,
                to_text(parsed.refusal));
  }
  if (head.status == 101) return fail(ErrorCode::kProtocol, "101 in HTTP/2");
  if (head.is_interim()) {
    if (answer.end) return fail(ErrorCode::kProtocol, "an interim response at the end");
    if (++interims_ > http::kInterimResponsesMax) {
      return fail(ErrorCode::kTooLarge, "too many interim responses");
    }
    return user_->on_interim_response(head);
  }
  state_ = State::kBody;
  framing_ = head.body.kind;
  complete_ = answer.end;
  user_->on_response_head(head);
}

// nghttp2 has compared the body with its Content-Length. Trailers are checked as those of HTTP/1.1.
void Http2Upstream::on_end(std::string_view trailers) {
  if (state_ != State::kBody) return fail(ErrorCode::kProtocol, "an end without a response");
  if (!trailers.empty()) {
    std::string end = std::string("0\r\n").append(trailers).append("\r\n");
    const http::SiftedChunks sifted = http::ChunkScanner().sift(end);
    if (sifted.progress != http::Progress::kComplete) {
      broken_ = true;
      return;
    }
    // Without "0" CRLF in front and the empty line behind.
    trailers_.assign(end, 3, sifted.body_bytes - 5);
  }
  complete_ = true;
}

void Http2Upstream::on_ended(uint32_t error) {
  stream_ = 0;
  if (complete_) {
    // What is left of the request is of no use to the member.
    request_ended_ = true;
    if (!is_short_) return;
    is_short_ = false;
    return user_->on_upstream_writable();
  }
  const bool is_for_http1 = error == kHttp11Required && connection_->falls_back_to_http1();
  refused_ = !received_ &&
             (error == static_cast<uint32_t>(http::Http2Error::kRefusedStream) || is_for_http1);
  if (refused_) return fail(ErrorCode::kClosed, "the member did not look at the request");
  if (error == kNoError) return fail(ErrorCode::kClosed, "the stream ended before the response");
  fail(ErrorCode::kReset, "the stream was reset");
}

void Http2Upstream::on_lost(ErrorCode code, std::string_view why) {
  stream_ = 0;
  request_ended_ = true;
  if (!complete_) fail(code, why);
}

void Http2Upstream::fail(ErrorCode code, std::string_view detail) {
  broken_ = true;
  if (state_ == State::kBody) return user_->on_response_body();
  user_->on_upstream_failed(code, detail);
}

// ---- The response's body goes.

BodyBytes Http2Upstream::body(BodyForm form) {
  if (framing_ == Framing::kNone) return {.last = true};
  gave_chunks_ = form == BodyForm::kChunked;
  if (form == BodyForm::kPayload) {
    return {.bytes = std::string_view(body_).substr(taken_), .last = complete_};
  }
  if (!body_.empty()) {
    std::array<char, http::kChunkHeaderBytesMax> header;
    framed_.append(header.data(), http::write_chunk_header(body_.size(), header.data()));
    framed_.append(body_).append(http::kChunkEnd);
    body_.clear();
  }
  if (complete_ && !framed_end_) {
    framed_end_ = true;
    framed_.append("0\r\n").append(trailers_).append("\r\n");
  }
  return {.bytes = std::string_view(framed_).substr(taken_), .last = complete_};
}

void Http2Upstream::consume_body(size_t bytes) {
  std::string& from = gave_chunks_ ? framed_ : body_;
  taken_ += bytes;
  DCHECK(taken_ <= from.size());
  // The framing that we added makes this a little more than came, or all of it.
  const size_t data = taken_ == from.size() ? unread_ : std::min(bytes, unread_);
  unread_ -= data;
  if (taken_ == from.size()) {
    from.clear();
    taken_ = 0;
  } else if (taken_ > from.size() / 2) {
    from.erase(0, taken_);
    taken_ = 0;
  }
  if (data == 0 || stream_ == 0 || complete_) return;
  connection_->codec().open_window(stream_, data);
  connection_->settle_later();
}

void Http2Upstream::yield() {
  yields_ = true;
  connection_->watch_anew();
}

void Http2Upstream::check() {
  connection_->check();
}

Duration Http2Upstream::unacknowledged_for() {
  return connection_->is_lost() ? Duration{} : connection_->unacknowledged_for();
}

void Http2Upstream::release() {
  user_ = nullptr;
  connection_->forget(*this);
}

}  // namespace understudy
