// SPDX-License-Identifier: Apache-2.0
// The responses' half of Http1Downstream.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/check.h"
#include "proxy/downstream/http1_connection.h"
#include "proxy/downstream/http1_downstream.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/io/output.h"

namespace understudy {
namespace {

using http::Framing;

iovec piece_of(std::string_view text) {
  return {const_cast<char*>(text.data()), text.size()};
}

}  // namespace

// Whether another request may follow this one. After an early answer the rest of its body must be
// read first, and a client that was never told to continue may leave its body out: it cannot be
// told which bytes come next (RFC 9110 10.1.1).
bool Http1Downstream::may_keep_alive() const {
  if (!client_keeps_alive_ || broken_ || body_broken_) return false;
  if (worker_.stopping || connection_->stopping_) return false;
  const config::ClientTimeouts& timeouts = connection_->first_host().timeouts;
  if (!timeouts.keep_alive) return false;
  if (timeouts.requests_per_connection &&
      connection_->requests_ >= *timeouts.requests_per_connection) {
    return false;
  }
  return complete_ ||
         (framing_ == Framing::kLength && left_ <= kDrainBytesMax && !awaits_continue_);
}

http::ConnectionLine Http1Downstream::connection_line() const {
  if (!keep_alive_) return http::ConnectionLine::kClose;
  return version_ == http::Version::kHttp10 ? http::ConnectionLine::kKeepAlive
                                            : http::ConnectionLine::kNone;
}

ResponseTraits Http1Downstream::response_traits() const {
  return {
      .head_bytes = overhead_bytes_,
      .keeps_alive = keep_alive_,
      .earlier_requests = connection_->requests_ - std::min<uint64_t>(connection_->requests_, 1)};
}

void Http1Downstream::send_interim(const http::ResponseHead& head,
                                   const http::ResponseRewrite& rewrite) {
  if (version_ == http::Version::kHttp10) return;
  auto& spans = worker_.io.scratch.spans;
  if (!http::compose_response(head, rewrite, worker_.io.scratch.lines, spans)) return;
  if (head.status == 100) awaits_continue_ = false;
  const size_t written = flush() ? write(spans.pieces()) : 0;
  if (written < spans.bytes()) keep_for_later(spans.pieces(), written, spans.bytes());
}

Taken Http1Downstream::send_head(const http::ResponseHead& head,
                                 const http::ResponseRewrite& rewrite, BodyForm form,
                                 BodyBytes body) {
  const Framing framing = head.body.kind;
  const bool is_as_is = framing == Framing::kNone || framing == Framing::kLength ||
                        (framing == Framing::kChunked && form == BodyForm::kChunked);
  outgoing_ = is_as_is                             ? Outgoing::kAsIs
              : version_ == http::Version::kHttp11 ? Outgoing::kOurChunks
                                                   : Outgoing::kUntilClose;
  chunk_left_ = 0;
  keep_alive_ = outgoing_ != Outgoing::kUntilClose && may_keep_alive();

  auto& spans = worker_.io.scratch.spans;
  const http::ResponseRewrite whole{.dropped = rewrite.dropped,
                                    .added = rewrite.added,
                                    .connection = connection_line(),
                                    .add_chunked = outgoing_ == Outgoing::kOurChunks};
  if (!http::compose_response(head, whole, worker_.io.scratch.lines, spans)) {
    return {.too_large = true};
  }
  const size_t head_bytes = spans.bytes();
  overhead_bytes_ = head_bytes;
  const bool body_goes_along = outgoing_ != Outgoing::kOurChunks && out_.empty();
  if (body_goes_along) spans.add(body.bytes);
  const size_t written = flush() ? write(spans.pieces()) : 0;
  if (broken_) return {.broken = true};
  if (written < head_bytes) keep_for_later(spans.pieces(), written, head_bytes);
  if (body_goes_along) return {.body_bytes = std::max(written, head_bytes) - head_bytes};
  return send_body(body);
}

Taken Http1Downstream::send_body(BodyBytes body) {
  if (broken_) return {.broken = true};
  if (tunnel_) return send_through_tunnel(body);
  if (!flush()) return {.broken = broken_};
  if (outgoing_ == Outgoing::kOurChunks) return write_chunks(body);
  if (body.bytes.empty()) return {};
  const iovec piece = piece_of(body.bytes);
  const size_t written = write({&piece, 1});
  return {.body_bytes = written, .broken = broken_};
}

// RFC 9110 7.8: behind the 101 nothing on this connection is HTTP any more. What came behind the
// request is the tunnel's first bytes.
unsigned Http1Downstream::begin_tunnel(const http::ResponseHead& head,
                                       const http::ResponseRewrite& rewrite) {
  auto& spans = worker_.io.scratch.spans;
  if (!http::compose_response(head, rewrite, worker_.io.scratch.lines, spans)) return 0;
  const size_t written = flush() ? write(spans.pieces()) : 0;
  if (written < spans.bytes()) keep_for_later(spans.pieces(), written, spans.bytes());
  outgoing_ = Outgoing::kUntilClose;
  keep_alive_ = complete_ = false;
  tunnel_head_ = head_text();
  in_.consume(head_bytes_);
  tunnel_ = true;
  return head.status;
}

Taken Http1Downstream::send_through_tunnel(BodyBytes body) {
  const bool clear = flush();
  size_t written = 0;
  if (clear && !body.bytes.empty()) {
    const iovec piece = piece_of(body.bytes);
    written = write({&piece, 1});
  }
  if (broken_) return {.broken = true};
  if (body.last && written == body.bytes.size()) {
    closing_ = !out_.empty();
    if (!closing_) connection_->stream_->shutdown_write();
  }
  return {.body_bytes = written};
}

Taken Http1Downstream::write_chunks(BodyBytes body) {
  Taken taken;
  do {
    taken.body_bytes += write_chunk(body.bytes.substr(taken.body_bytes), body.last);
  } while (taken.body_bytes < body.bytes.size() && !blocked_ && !broken_);
  taken.broken = broken_;
  return taken;
}

// One chunk, or the rest of one of which a part was taken before; behind the last one the end.
size_t Http1Downstream::write_chunk(std::string_view bytes, bool last) {
  std::array<char, http::kChunkHeaderBytesMax> header;
  size_t header_bytes = 0;
  if (chunk_left_ == 0 && !bytes.empty()) {
    header_bytes = http::write_chunk_header(bytes.size(), header.data());
    chunk_left_ = bytes.size();
  }
  const std::string_view payload = bytes.substr(0, chunk_left_);
  std::string tail;
  if (!payload.empty() && payload.size() == chunk_left_) tail = http::kChunkEnd;
  if (last && payload.size() == bytes.size()) tail += http::kLastChunk;

  const std::array<iovec, 3> pieces = {piece_of({header.data(), header_bytes}), piece_of(payload),
                                       piece_of(tail)};
  const size_t written = write(pieces);
  const size_t before_tail = header_bytes + payload.size();
  overhead_bytes_ += header_bytes;
  const size_t taken = std::min(std::max(written, header_bytes) - header_bytes, payload.size());
  chunk_left_ -= taken;
  if (written < header_bytes) keep_for_later(pieces, written, header_bytes);
  if (taken < payload.size()) return taken;
  overhead_bytes_ += tail.size();
  keep_for_later(pieces, std::max(written, before_tail), before_tail + tail.size());
  return taken;
}

void Http1Downstream::send_page(const Page& page) {
  outgoing_ = Outgoing::kAsIs;
  keep_alive_ = !page.close && may_keep_alive();
  const std::string_view connection = !keep_alive_ ? "Connection: close\r\n"
                                      : version_ == http::Version::kHttp10
                                          ? "Connection: keep-alive\r\n"
                                          : "";
  const std::string head =
      fmt::format("HTTP/1.1 {} {}\r\n{}Content-Length: {}\r\n{}\r\n", page.status, page.reason,
                  page.lines, page.body.size(), connection);
  const std::string_view body = method_ == http::Method::kHead ? std::string_view() : page.body;
  overhead_bytes_ = head.size();
  if (!keep(out_, head) || !keep(out_, body)) broken_ = true;
  flush();
}

// ---- Writing.

// How many bytes went out. A socket that has failed takes everything; broken_ says so.
size_t Http1Downstream::write(std::span<const iovec> pieces) {
  const size_t wanted = total_bytes(pieces);
  if (broken_ || wanted == 0) return wanted;
  const IoResult result = connection_->stream_->write(pieces);
  size_t written = 0;
  switch (result.state) {
    case IoResult::State::kOk:
      written = result.bytes;
      break;
    case IoResult::State::kWouldBlock:
      break;
    case IoResult::State::kEnd:
    case IoResult::State::kError:
      broken_ = true;
      return wanted;
  }
  if (written < wanted) {
    blocked_ = true;
    connection_->wait_for(Http1Connection::Wait::kWrite);
  }
  return written;
}

void Http1Downstream::keep_for_later(std::span<const iovec> pieces, size_t from, size_t to) {
  if (!keep_rest(out_, pieces, from, to)) broken_ = true;
}

// True when nothing stands in the way of further bytes.
bool Http1Downstream::flush() {
  if (out_.empty()) return true;
  if (broken_) return false;
  const iovec piece = piece_of(out_.readable());
  out_.consume(write({&piece, 1}));
  return out_.empty();
}

void Http1Downstream::on_writable() {
  blocked_ = false;
  const bool waits = !complete_ && !tunnel_ && state_ != State::kFlushing;
  connection_->wait_for(waits ? Http1Connection::Wait::kBody : Http1Connection::Wait::kNothing);
  const bool flushed = flush();
  if (broken_) return connection_->close_now();
  if (!flushed) return;
  if (state_ == State::kFlushing) return end_request();
  if (std::exchange(closing_, false)) connection_->stream_->shutdown_write();
  exchange_.on_downstream_writable();
}

SpliceEnd Http1Downstream::splice_sink() {
  if (broken_ || blocked_ || !out_.empty() || outgoing_ == Outgoing::kOurChunks ||
      !connection_->stream_->is_plain()) {
    return {};
  }
  return {.fd = connection_->stream_->fd()};
}

void Http1Downstream::on_spliced(size_t, bool blocked) {
  if (!blocked) return;
  blocked_ = true;
  connection_->wait_for(Http1Connection::Wait::kWrite);
}

}  // namespace understudy
