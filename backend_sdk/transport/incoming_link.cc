// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/transport/incoming_link.h"

#include <errno.h>

#include <array>

#include "backend_sdk/transport/broken_pipe.h"

namespace understudy {
namespace {

UnknownFrame unknown(const DecodedFrame& decoded) {
  return {.type = static_cast<uint8_t>(decoded.frame.type),
          .their_version = decoded.version,
          .our_version = kFrameVersion};
}

}  // namespace

IncomingLink::IncomingLink(EventLoop& loop, Owner& owner,
                           std::shared_ptr<const LinkSecurity> security, Fd fd,
                           const Address& remote, Duration greeting_timeout)
    : owner_(owner),
      security_(std::move(security)),
      remote_(remote),
      stream_(security_->wrap(std::move(fd), TlsStream::Role::kServer)),
      late_(Timer::of<&IncomingLink::on_late>(loop.timers(), *this)) {
  silence_broken_pipes();
  late_.start_at(loop.now() + greeting_timeout);
  watcher_.start(loop, stream_->fd(), *this);
}

void IncomingLink::on_ready(bool, bool) {
  resume();
}

void IncomingLink::resume() {
  // On the stack, not in the link: an idle link holds no buffer.
  std::array<char, 16 * 1024> chunk;
  for (int i = 0; i < kReadsPerTurn; ++i) {
    if (is_closed_) return;
    const IoResult result = stream_->read(chunk);
    switch (result.state) {
      case IoResult::State::kOk:
        break;
      case IoResult::State::kWouldBlock:
        return flush();
      case IoResult::State::kEnd:
        return end({});
      case IoResult::State::kError:
        return end(why_failed(result));
    }
    reader_.append({chunk.data(), result.bytes});
    take_frames();
    if (owner_.is_turn_long()) break;
  }
  if (!is_closed_) owner_.on_busy(*this);
}

std::string IncomingLink::why_failed(const IoResult& result) const {
  if (result.error_number != EPROTO) return {};
  const std::string text = LinkSecurity::failure_of(*stream_);
  return is_greeted() ? text : "it does not hold our cluster key (" + text + ")";
}

void IncomingLink::take_frames() {
  while (!is_closed_) {
    auto decoded = reader_.next();
    if (!decoded) {
      // No member spoke, or one that seals where we do not: an answer shows that a process is here.
      if (!is_greeted()) answer_unknown({.our_version = kFrameVersion});
      return end(decoded.error().detail);
    }
    if (!*decoded) return;
    if (!is_greeted()) {
      on_first_frame(**decoded);
    } else if ((*decoded)->version != kFrameVersion) {
      answer_unknown(unknown(**decoded));
      return end("protocol version " + std::to_string((*decoded)->version) + "; ours is " +
                 std::to_string(kFrameVersion));
    } else if (!is_known((*decoded)->frame.type)) {
      answer_unknown(unknown(**decoded));
      if (out_.size() > kHelloBytesMax) return end("it listens to no answer");
    } else {
      owner_.on_frame(*this, std::move((*decoded)->frame));
    }
  }
}

void IncomingLink::on_first_frame(const DecodedFrame& first) {
  if (first.version != kFrameVersion) {
    answer_unknown(unknown(first));
    return end("protocol version " + std::to_string(first.version) + "; ours is " +
               std::to_string(kFrameVersion));
  }
  if (first.frame.type != FrameType::kHello) return end("no HELLO");
  const auto hello = decode_hello(first.frame.payload);
  if (!hello) return end("a HELLO that breaks the protocol");
  purpose_ = hello->purpose;
  if (const auto refusal = owner_.judge(*this, *hello)) {
    answer(FrameType::kHelloNo, encode_hello_no(*refusal));
    return end({});
  }
  peer_ = {hello->mid, hello->address};
  late_.stop();
  reader_.allow(kFramePayloadMax);
  answer(FrameType::kHelloOk, {});
}

void IncomingLink::answer(FrameType type, std::string payload) {
  encode_frame(Frame{.type = type, .payload = std::move(payload)}, out_);
  flush();
}

void IncomingLink::answer_unknown(const UnknownFrame& what) {
  answer(FrameType::kUnknown, encode_unknown(what));
}

void IncomingLink::flush() {
  while (!is_closed_ && !out_.empty()) {
    const iovec piece{out_.data(), out_.size()};
    const IoResult result = stream_->write({&piece, 1});
    if (!result.ok()) return;  // an error shows at the next read as well
    out_.erase(0, result.bytes);
  }
}

void IncomingLink::on_late() {
  end("no HELLO in time");
}

void IncomingLink::close() {
  is_closed_ = true;
  watcher_.stop();
  late_.stop();
  stream_->shutdown_write();
}

void IncomingLink::end(const std::string& detail) {
  if (is_closed_) return;
  close();
  owner_.on_closed(*this, detail);
}

}  // namespace understudy
