// SPDX-License-Identifier: Apache-2.0
// The requests' bodies: what is kept of them, and what is read.
#include "proxy/downstream/http1_downstream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "proxy/downstream/http1_connection.h"
#include "proxy/exchange/routes.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/upstream/http1_upstream.h"

namespace understudy {

using http::Framing;
using http::Progress;

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
    // A large body that stands still holds no large block.
    if (!more_.has_unsent() && !can_rewind()) more_.give_back_sent();
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

}  // namespace understudy
