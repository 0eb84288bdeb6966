// SPDX-License-Identifier: Apache-2.0
// Http1Connection: a client's connection from accept to close. It is small, for most connections
// are idle most of the time: all that a request needs lies in an Http1Downstream, which it borrows
// from the worker's pool while a request is on its way. Owned by server/, which hears on_closed;
// worker thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/fd_watcher.h"
#include "base/stream.h"
#include "base/timer_wheel.h"
#include "proxy/config/virtual_host.h"
#include "proxy/downstream/client_connection.h"

namespace understudy {

class Http1Downstream;
class Http1DownstreamPool;

// A connection that was closed while its client still sends is read for this long, so that the
// client sees the answer and not a reset.
inline constexpr Duration kLingerMax = std::chrono::seconds(2);
inline constexpr std::size_t kLingerBytesMax = std::size_t{1024} * 1024;

class Http1Connection final : public ClientConnection, private FdWatcher::Handler {
 public:
  Http1Connection(Http1DownstreamPool& pool, std::unique_ptr<Stream> stream, Options options);
  ~Http1Connection() override;

  void start() override;
  void stop() override;
  void on_reload() override {}
  void abandon() override;
  bool is_idle() const override { return state_ == State::kOpen && active_ == nullptr; }

 private:
  friend class Http1Downstream;
  enum class State : uint8_t { kOpen, kLingering, kClosed };
  // What the timer waits for.
  enum class Wait : uint8_t { kNothing, kHandshake, kNextRequest, kHead, kBody, kWrite, kLinger };

  void on_ready(bool readable, bool writable) override;
  void on_timer();
  void wait_for(Wait what);
  void go_idle();
  // The first bytes decide, RFC 9113 3.3 and 3.4.
  bool may_become_http2() const;
  bool has_agreed_on_http2() const;
  void become_http2();
  // The client may still be sending: it is heard out, so that it sees the answer and no reset.
  void close_gently();
  void close_now();
  void close_after_error();  // of a read
  // So that a body which ends with the connection is seen to be broken off.
  void reset();
  void linger();
  void abandon_quietly();
  IoResult read(std::span<char> into);
  // Others want a turn: on_ready comes in the next one.
  void yield();
  const config::VirtualHost& first_host() const;
  std::optional<Duration> patience(Wait what) const;

  // Constant after construction.
  Http1DownstreamPool& pool_;  // which knows the owner
  Options options_;            // until a successor takes them

  // Owned.
  std::unique_ptr<Stream> stream_;
  [[no_unique_address]] FdWatcher watcher_;  // its tail has room for what follows

  // State of the worker thread.
  State state_ = State::kOpen;
  Wait wait_ = Wait::kNothing;
  bool readable_ = false;        // there has been an edge, and no read since came up short
  bool had_large_body_ = false;  // so that the next read starts with a large block
  bool stopping_ = false;
  Timer timer_;
  std::unique_ptr<Http1Downstream> active_;  // from pool_, and back to it
  uint32_t requests_ = 0;
  uint32_t lingered_bytes_ = 0;  // at most kLingerBytesMax and a read more
};

}  // namespace understudy
