// SPDX-License-Identifier: Apache-2.0
// The responses' half of Http2Downstream.
#include <algorithm>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "proxy/downstream/http2_connection.h"
#include "proxy/downstream/http2_downstream.h"
#include "proxy/http/char_class.h"

namespace understudy {
namespace {

constexpr size_t kUnlimited = std::numeric_limits<size_t>::max();

}  // namespace

ResponseTraits Http2Downstream::response_traits() const {
  return {.head_bytes = head_bytes_,
          .keeps_alive = !connection_->refusing_,
          .earlier_requests = connection_->requests_ - 1};
}

void Http2Downstream::send_interim(const http::ResponseHead& head,
                                   const http::ResponseRewrite& rewrite) {
  connection_->codec().send_interim(stream_, head, rewrite.dropped);
  connection_->settle_later();
}

Taken Http2Downstream::send_head(const http::ResponseHead& head,
                                 const http::ResponseRewrite& rewrite, BodyForm form,
                                 BodyBytes body) {
  if (connection_->is_broken()) return {.broken = true};
  stop_keeping_for_good();
  form_ = form;
  scanner_ = http::ChunkScanner();
  has_head_ = true;
  const bool has_body = head.body.has_bytes();
  head_bytes_ = head.bytes.size() + rewrite.added.size();
  connection_->codec().send_head(stream_, head, rewrite, has_body ? this : nullptr);
  if (has_body) return send_body(body);
  ended_ = true;
  connection_->pump();
  return {};
}

// RFC 8441 5: the member's 101 is the client's 200, and who has asked with a key of its own checks
// the answer to it.
unsigned Http2Downstream::begin_tunnel(const http::ResponseHead& head,
                                       const http::ResponseRewrite& rewrite) {
  if (!head_->is_websocket() || connection_->is_broken()) return 0;
  const http::WebSocketAccept wanted = http::websocket_accept(head_->websocket_key());
  http::FieldMask dropped = rewrite.dropped;
  size_t accepted = 0;
  for (size_t i = 0; i < head.fields.size(); ++i) {
    const http::Field& field = head.fields[i];
    if (!http::equals_ignoring_case(field.name, http::kWebSocketAcceptName)) continue;
    if (field.value != std::string_view(wanted.data(), wanted.size())) return 0;
    dropped.set(i);
    ++accepted;
  }
  if (accepted != 1) return 0;
  tunnel_ = has_head_ = true;
  form_ = BodyForm::kPayload;
  http::ResponseHead answer = head;
  answer.status = 200;
  connection_->codec().set_tunnel(stream_);
  connection_->codec().send_head(stream_, answer, {.dropped = dropped, .added = rewrite.added},
                                 this);
  connection_->pump();
  return answer.status;
}

Taken Http2Downstream::send_body(BodyBytes body) {
  if (connection_->is_broken()) return {.broken = true};
  offered_ = body.bytes;
  turn_left_ = connection_->waiting_.empty() ? kUnlimited : kHttp2TurnBytesMax;
  if (form_ == BodyForm::kChunked) {
    scan_chunks();
  } else {
    ends_ = body.last;
  }
  connection_->codec().resume(stream_);
  connection_->pump();
  const size_t taken = body.bytes.size() - offered_.size();
  is_short_ = !offered_.empty();
  if (is_short_ && form_ == BodyForm::kPayload) ends_ = false;
  offered_ = {};
  taken_in_time_ += taken;
  if (is_short_ && wait_ != Wait::kWindow) {
    taken_in_time_ = 0;
    wait_for(Wait::kWindow);
  }
  if (!is_short_ && wait_ == Wait::kWindow)
    wait_for(complete_ || tunnel_ ? Wait::kNothing : Wait::kBody);
  return {.body_bytes = taken, .broken = connection_->is_broken()};
}

// Up to the next payload. The member's connection has checked the framing already.
void Http2Downstream::scan_chunks() {
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

void Http2Downstream::send_page(const Page& page) {
  stop_keeping_for_good();
  form_ = BodyForm::kPayload;
  has_head_ = true;
  page_ = head_->method() == http::Method::kHead ? std::string_view() : page.body;
  const std::string lines =
      std::string(page.lines) + "content-length: " + std::to_string(page.body.size()) + "\r\n";
  head_bytes_ = lines.size();
  const http::FieldMask nothing;
  const http::ResponseHead head{.status = static_cast<uint16_t>(page.status)};
  offered_ = page_;
  ends_ = true;
  ended_ = page_.empty();
  turn_left_ = kUnlimited;
  connection_->codec().send_head(stream_, head, {.dropped = nothing, .added = lines},
                                 ended_ ? nullptr : this);
  connection_->pump();
}

// ---- As the codec asks for it.

Http2Downstream::Offer Http2Downstream::offer_body(size_t bytes_max) {
  const bool chunked = form_ == BodyForm::kChunked;
  // The client may open its window while nothing is offered.
  const size_t here = chunked ? std::min(payload_left_, offered_.size()) : offered_.size();
  const size_t bytes = std::min({bytes_max, here, turn_left_});
  const bool last = ends_ && bytes == offered_.size();
  ended_ = last;
  return {.bytes = bytes, .last = last};
}

void Http2Downstream::take_body(char* out, size_t bytes) {
  DCHECK(bytes <= offered_.size());
  if (bytes == 0) return;
  std::memcpy(out, offered_.data(), bytes);
  offered_.remove_prefix(bytes);
  turn_left_ -= bytes;
  if (form_ != BodyForm::kChunked) return;
  payload_left_ -= bytes;
  scan_chunks();
}

// Behind the last payload stand its CRLF, the last chunk's line, the trailers and an empty line.
std::string_view Http2Downstream::trailers() {
  if (form_ != BodyForm::kChunked) return {};
  std::string_view lines = tail_;
  if (lines.starts_with("\r\n")) lines.remove_prefix(2);
  lines.remove_prefix(std::min(lines.find("\r\n"), lines.size() - 2) + 2);
  return lines.substr(0, lines.size() - 2);
}

void Http2Downstream::on_body_wanted() {
  const bool has_more = is_short_ || !offered_.empty() || (ends_ && !ended_);
  if (!has_more || waits_) return;
  waits_ = true;
  connection_->wants_turn(*this);
}

void Http2Downstream::on_turn() {
  if (!finished_ && (is_short_ || !ends_)) return exchange_.on_downstream_writable();
  // A page, or an end for which there was no room.
  turn_left_ = kUnlimited;
  connection_->codec().resume(stream_);
  connection_->pump();
}

// ---- The end.

void Http2Downstream::finish() {
  finished_ = true;
  if (!ended_) wait_for(Wait::kWindow);
  connection_->codec().open_connection_window(std::exchange(unread_, 0));
  connection_->settle_later();
}

void Http2Downstream::abort() {
  finished_ = true;
  connection_->codec().reset(stream_,
                             tunnel_ ? http::Http2Error::kCancel : http::Http2Error::kInternal);
  connection_->settle_later();
}

}  // namespace understudy
