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
        return on_end();
      case IoResult::State::kError:
        return fail(result);
    }
    answers_.append({chunk.data(), result.bytes});
    for (;;) {
      auto answer = answers_.next();
      if (!answer) return on_nonsense(answer.error().detail);
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
      if (!refusal) return on_nonsense("an answer that breaks the protocol");
      if (refusal->why == HelloNo::Why::kOtherCluster) {
        return break_off(LinkDown::kOtherCluster, refusal->text);
      }
      // Where we answer ourselves no other member lives.
      return break_off(LinkDown::kOtherLife);
    }
    case FrameType::kUnknown: {
      const auto unknown = decode_unknown(answer.frame.payload);
      if (!unknown) return on_nonsense("an answer that breaks the protocol");
      const std::string text = "it does not understand our frame of type " +
                               std::to_string(unknown->type) + ", version " +
                               std::to_string(unknown->their_version) + "; it speaks version " +
                               std::to_string(unknown->our_version);
      if (!is_greeted_) return on_nonsense(text);
      return owner_.on_complaint(*this, text);
    }
    default:
      return on_nonsense("a frame on the wrong side of a link");
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
      return fail(result);
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
// reset itself. So is one that ends without a byte: a forwarder does that where no process listens.
void OutgoingLink::fail(const IoResult& result) {
  if (result.error_number != EPROTO) return break_off(LinkDown::kReset);
  const std::string text = LinkSecurity::failure_of(*stream_);
  const LinkDown why = is_greeted_ ? LinkDown::kReset : LinkSecurity::verdict_on(*stream_);
  switch (why) {
    case LinkDown::kOtherKey:
      return break_off(why, "it does not hold our cluster key (" + text + ")");
    case LinkDown::kOtherProtocol:
      return break_off(why, "it does not speak our protocol (" + text + ")");
    default:
      return break_off(LinkDown::kReset, is_greeted_ ? text : std::string());
  }
}

void OutgoingLink::on_end() {
  if (answers_.buffered() > 0) return on_nonsense("an answer that breaks the protocol");
  break_off(LinkDown::kReset);
}

// Once greeted it is a member, whatever it says.
void OutgoingLink::on_nonsense(const std::string& detail) {
  break_off(is_greeted_ ? LinkDown::kReset : LinkDown::kOtherProtocol, detail);
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
