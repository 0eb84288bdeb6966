// SPDX-License-Identifier: Apache-2.0
// Stream: bytes to and from one peer, non-blocking. The seam under every connection: TCP, TLS, or
// memory in tests. Says when to try again only through the descriptor's edges. One thread.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string_view>

#include "base/fd.h"

namespace understudy {

struct IoResult {
  enum class State : unsigned char { kOk, kWouldBlock, kEnd, kError };
  State state = State::kOk;
  size_t bytes = 0;      // with kOk; a count below what was asked means: drained, or full
  int error_number = 0;  // with kError: errno, or EPROTO for TLS

  bool ok() const { return state == State::kOk; }
};

class Stream {
 public:
  virtual ~Stream() = default;
  // Into a non-empty span. kEnd when the peer has closed its side.
  virtual IoResult read(std::span<char> into) = 0;
  // kOk with the bytes taken (possibly fewer than given), or kWouldBlock when none were.
  virtual IoResult write(std::span<const iovec> pieces) = 0;
  // What both sides have to settle before the first byte (TLS): kOk when that is done, kWouldBlock
  // while the peer or the socket makes us wait. Reading and writing do the same by themselves.
  virtual IoResult shake_hands() { return {}; }
  // Whether that is done.
  virtual bool is_established() const { return true; }
  // No more bytes from us; reading goes on.
  virtual void shutdown_write() = 0;
  // True when read() may still deliver without a new edge of the descriptor (TLS holds plaintext).
  virtual bool has_buffered() const = 0;
  // True when the last read() stopped because the socket was full (a handshake has to answer
  // first): it goes on with the next edge for writing.
  virtual bool wants_writable() const { return false; }
  // The descriptor to watch.
  virtual int fd() const = 0;
  // True when the bytes on the descriptor are the bytes of the stream, so that splice(2) may be
  // used.
  virtual bool is_plain() const = 0;
  // What both sides agreed to speak inside (ALPN); empty: nothing was said about it.
  virtual std::string_view protocol() const { return {}; }
  // Why the stream has failed, where there is more to say than an errno; else empty.
  virtual std::string_view error_text() const { return {}; }
  // The peer began a TLS connection by a request of HTTP in plain text.
  virtual bool met_plain_http() const { return false; }
};

class TcpStream final : public Stream {
 public:
  explicit TcpStream(Fd fd) : fd_(std::move(fd)) {}

  IoResult read(std::span<char> into) override;
  IoResult write(std::span<const iovec> pieces) override;
  void shutdown_write() override;
  bool has_buffered() const override { return false; }
  int fd() const override { return fd_.value(); }
  bool is_plain() const override { return true; }

 private:
  Fd fd_;
};

}  // namespace understudy
