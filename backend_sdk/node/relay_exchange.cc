// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/relay_exchange.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <sys/time.h>

#include <array>
#include <utility>

namespace understudy {
namespace {

timeval to_timeval(Duration duration) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return {.tv_sec = us / 1'000'000, .tv_usec = us % 1'000'000};
}

}  // namespace

RelayExchange::RelayExchange(Owner& owner, const RelayLimits& limits, RelayOrder order, Begun begun)
    : owner_(owner),
      limits_(limits),
      order_(std::move(order)),
      begun_(std::move(begun)),
      answer_(order_.is_head) {}

RelayExchange::~RelayExchange() {
  if (stream_ != nullptr) bufferevent_free(stream_);
}

void RelayExchange::start(bufferevent* stream, bool is_kept) {
  stream_ = stream;
  bufferevent_setcb(stream_, &on_read, nullptr, &on_event, this);
  if (is_kept) return send();
  const timeval wait = to_timeval(limits_.connect_timeout);
  bufferevent_set_timeouts(stream_, nullptr, &wait);
  if (bufferevent_socket_connect(stream_, order_.address.raw(),
                                 static_cast<int>(order_.address.raw_size())) != 0) {
    close(RelayFault::kUnreachable);
  }
}

void RelayExchange::send() {
  is_sent_ = true;
  const timeval wait = to_timeval(limits_.timeout);
  bufferevent_set_timeouts(stream_, &wait, &wait);
  bufferevent_enable(stream_, EV_READ | EV_WRITE);
  bufferevent_write(stream_, order_.text.data(), order_.text.size());
}

void RelayExchange::on_read(bufferevent*, void* self) {
  static_cast<RelayExchange*>(self)->take_input();
}

void RelayExchange::on_event(bufferevent*, short what, void* self) {
  auto& exchange = *static_cast<RelayExchange*>(self);
  if ((what & BEV_EVENT_CONNECTED) != 0) return exchange.send();
  if (!exchange.is_sent_) return exchange.close(RelayFault::kUnreachable);
  if ((what & BEV_EVENT_EOF) == 0) return exchange.close(RelayFault::kBroken);
  exchange.answer_.end();
  exchange.settle();
}

void RelayExchange::take_input() {
  evbuffer* input = bufferevent_get_input(stream_);
  std::array<char, 16384> piece;
  while (evbuffer_get_length(input) > 0) {
    const int size = evbuffer_remove(input, piece.data(), piece.size());
    if (size <= 0) break;
    answer_.read({piece.data(), static_cast<std::size_t>(size)}, body_);
  }
  settle();
}

// After new input: tells the head, ends what is done, gives what is waited for.
void RelayExchange::settle() {
  using State = AnswerReader::State;
  const State state = answer_.state();
  if (state == State::kBad) return close(RelayFault::kBroken);
  if (state == State::kDone) {
    const bool is_sent = evbuffer_get_length(bufferevent_get_output(stream_)) == 0;
    finish(true, answer_.is_kept() && is_sent ? std::exchange(stream_, nullptr) : nullptr);
  }
  if (state != State::kHead && begun_) std::exchange(begun_, nullptr)(RelayFault::kNone);
  give();
  const bool should_pause = !is_over_ && body_.size() >= limits_.buffer_bytes_max;
  if (should_pause && !is_paused_) {
    is_paused_ = true;
    bufferevent_disable(stream_, EV_READ);
  }
}

void RelayExchange::read(std::function<void(RelayedChunk)> callback) {
  reader_ = std::move(callback);
  give();
  if (is_paused_ && !is_over_ && body_.size() < limits_.buffer_bytes_max) {
    is_paused_ = false;
    bufferevent_enable(stream_, EV_READ);
  }
}

void RelayExchange::give() {
  if (!reader_ || (body_.empty() && !is_over_)) return;
  RelayedChunk chunk{.kind = RelayedChunk::Kind::kMore, .bytes = std::exchange(body_, {})};
  if (is_over_) {
    chunk.kind = is_broken_ ? RelayedChunk::Kind::kBroken : RelayedChunk::Kind::kLast;
  }
  std::exchange(reader_, nullptr)(std::move(chunk));
}

void RelayExchange::close(RelayFault fault) {
  if (is_over_) return;
  is_broken_ = true;
  finish(false, nullptr);
  if (begun_) std::exchange(begun_, nullptr)(fault);
  give();
}

void RelayExchange::finish(bool is_whole, bufferevent* kept) {
  is_over_ = true;
  if (stream_ != nullptr) bufferevent_free(std::exchange(stream_, nullptr));
  owner_.on_over(*this, is_whole, kept);
}

}  // namespace understudy
