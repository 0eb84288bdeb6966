// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/transport/outgoing_link.h"

#include <errno.h>

#include <array>

#include "backend_sdk/transport/broken_pipe.h"
#include "base/socket.h"

namespace understudy {

OutgoingLink::OutgoingLink(EventLoop& loop, Owner& owner,
                           std::shared_ptr<const LinkSecurity> security, const Options& options,
                           const Peer& peer, const Hello& hello)
    : loop_(loop),
      owner_(owner),
      security_(std::move(security)),
      options_(options),
      peer_(peer),
      purpose_(hello.purpose),
      late_(Timer::of<&OutgoingLink::on_late>(loop.timers(), *this)) {
  encode_frame(Frame{.type = FrameType::kHello, .payload = encode_hello(hello)}, out_);
}

void OutgoingLink::start() {
  silence_broken_pipes();
  late_.start_at(loop_.now() + options_.greeting_timeout);
  auto fd = connect_tcp(peer_.address);
  if (!fd) {
    const bool is_refused = fd.error().code == ErrorCode::kConnectRefused;
    return break_off(is_refused ? LinkDown::kRefused : LinkDown::kReset, fd.error().detail);
  }
  connecting_ = *std::move(fd);
  limit_unacknowledged(
      connecting_, std::chrono::duration_cast<std::chrono::milliseconds>(options_.link_timeout));
  watcher_.start(loop_, connecting_.value(), *this);
}

void OutgoingLink::on_ready(bool, bool) {
  if (is_broken_ || (!stream_ && !finish_connect())) return;
  read();
  flush();
}

bool OutgoingLink::finish_connect() {
  if (auto outcome = connect_outcome(connecting_, peer_.address); !outcome) {
    const bool is_refused = outcome.error().code == ErrorCode::kConnectRefused;
    break_off(is_refused ? LinkDown::kRefused : LinkDown::kReset, outcome.error().detail);
    return false;
  }
  // A port of the ephemeral range may connect to itself when no process listens there.
  if (local_address(connecting_) == peer_.address) {
    break_off(LinkDown::kRefused);
    return false;
  }
  // Not decided yet: an edge came without an outcome.
  if (!peer_address(connecting_.value()).is_set()) return false;
  stream_ = security_->wrap(std::move(connecting_), TlsStream::Role::kClient);
  return true;
}

void OutgoingLink::read() {
  std::array<char, 4096> chunk;
  while (!is_broken_) {
    const IoResult result = stream_->read(chunk);
    switch (result.state) {
      case IoResult::State::kOk:
        break;
      case IoResult::State::kWouldBlock:
        return;
      case IoResult::State::kEnd:
        return break_off(LinkDown::kReset);
      case IoResult::State::kError:
        return break_off(LinkDown::kReset, why_failed(result));
    }
    answers_.append({chunk.data(), result.bytes});
    for (;;) {
      auto answer = answers_.next();
      if (!answer) return break_off(LinkDown::kReset, answer.error().detail);
      if (!*answer) break;
      on_answer(**answer);
      if (is_broken_) return;
    }
  }
}

void OutgoingLink::on_answer(const DecodedFrame& answer) {
  switch (answer.frame.type) {
    case FrameType::kHelloOk:
      if (is_greeted_) return;
      is_greeted_ = true;
      late_.stop();
      return owner_.on_greeted(*this);
    case FrameType::kHelloNo: {
      const auto refusal = decode_hello_no(answer.frame.payload);
      if (!refusal) return break_off(LinkDown::kReset, "an answer that breaks the protocol");
      // Where we answer ourselves no other member lives.
      const bool is_other_life =
          refusal->why == HelloNo::Why::kOtherLife || refusal->why == HelloNo::Why::kYourself;
      return break_off(is_other_life ? LinkDown::kOtherLife : LinkDown::kReset,
                       refusal->why == HelloNo::Why::kOtherCluster ? refusal->text : std::string());
    }
    case FrameType::kUnknown: {
      const auto unknown = decode_unknown(answer.frame.payload);
      if (!unknown) return break_off(LinkDown::kReset, "an answer that breaks the protocol");
      return owner_.on_complaint(
          *this, "it does not understand our frame of type " + std::to_string(unknown->type) +
                     ", version " + std::to_string(unknown->their_version) +
                     "; it speaks version " + std::to_string(unknown->our_version));
    }
    default:
      return break_off(LinkDown::kReset, "a frame on the wrong side of a link");
  }
}

void OutgoingLink::send(const Frame& frame) {
  if (is_broken_) return;
  const size_t bytes = kFrameHeaderBytes + frame.payload.size();
  if (queued_bytes() + bytes > options_.queue_bytes_max) {
    return break_off(LinkDown::kOverflow,
                     std::to_string(queued_bytes()) + " bytes wait to be sent");
  }
  encode_frame(frame, out_);
  if (stream_) flush();
}

void OutgoingLink::flush() {
  while (!is_broken_ && sent_ < out_.size()) {
    const iovec piece{out_.data() + sent_, out_.size() - sent_};
    const IoResult result = stream_->write({&piece, 1});
    if (result.state == IoResult::State::kError || result.state == IoResult::State::kEnd) {
      return break_off(LinkDown::kReset, why_failed(result));
    }
    if (result.state == IoResult::State::kWouldBlock) break;
    sent_ += result.bytes;
  }
  if (sent_ == out_.size()) {
    out_.clear();
    sent_ = 0;
  } else if (sent_ > out_.size() / 2) {
    out_.erase(0, sent_);
    sent_ = 0;
  }
}

void OutgoingLink::on_late() {
  break_off(LinkDown::kReset, "no answer in time");
}

// Worth a line is what the operator must repair; connections that merely break are told by the
// reset itself.
std::string OutgoingLink::why_failed(const IoResult& result) const {
  if (result.error_number != EPROTO) return {};
  const std::string text = LinkSecurity::failure_of(*stream_);
  return is_greeted_ ? text : "it does not hold our cluster key (" + text + ")";
}

void OutgoingLink::abandon() {
  is_broken_ = true;
  watcher_.stop();
  late_.stop();
}

void OutgoingLink::break_off(LinkDown why, const std::string& detail) {
  if (is_broken_) return;
  abandon();
  out_.clear();
  sent_ = 0;
  owner_.on_broken(*this, why, detail);
}

}  // namespace understudy
