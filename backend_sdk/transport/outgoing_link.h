// SPDX-License-Identifier: Apache-2.0
// OutgoingLink: the connection that this member opened to another, for its frames or only as a
// probe: connect, TLS, HELLO, then frames from a bounded queue. Frames may be given before it is
// greeted; they follow the HELLO at once. It reads only the answer to the HELLO, and the end.
// Owned by ClusterTransport. Loop thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "backend_sdk/transport/frame_reader.h"
#include "backend_sdk/transport/hello.h"
#include "backend_sdk/transport/link_security.h"
#include "backend_sdk/transport/transport.h"
#include "base/event_loop.h"
#include "base/fd_watcher.h"
#include "base/timer_wheel.h"

namespace understudy {

class OutgoingLink final : FdWatcher::Handler {
 public:
  // Never called before the call that caused it has returned, except from the loop. The owner may
  // not destroy the link in here.
  class Owner {
   public:
    virtual ~Owner() = default;
    // The process answered, and it is the one we expect.
    virtual void on_greeted(OutgoingLink& link) = 0;
    // Over. `detail` is empty when the reason says it all.
    virtual void on_broken(OutgoingLink& link, LinkDown why, const std::string& detail) = 0;
    // The other side did not understand a frame; the link goes on.
    virtual void on_complaint(OutgoingLink& link, const std::string& detail) = 0;
  };
  struct Options {
    Duration greeting_timeout;  // connect, TLS and the answer to the HELLO together
    Duration link_timeout;      // bytes that stay unacknowledged
    size_t queue_bytes_max;
  };

  OutgoingLink(EventLoop& loop, Owner& owner, std::shared_ptr<const LinkSecurity> security,
               const Options& options, const Peer& peer, const Hello& hello);

  // Begins to connect.
  void start();
  // Dropped when the link is broken.
  void send(const Frame& frame);
  // Ends it without a word to the owner.
  void abandon();

  const Peer& peer() const { return peer_; }
  Hello::Purpose purpose() const { return purpose_; }
  bool is_broken() const { return is_broken_; }
  size_t queued_bytes() const { return out_.size() - sent_; }

 private:
  void on_ready(bool readable, bool writable) override;
  void on_late();
  bool finish_connect();
  void read();
  void on_answer(const DecodedFrame& answer);
  void flush();
  void fail(const IoResult& result);
  void on_end();
  void on_nonsense(const std::string& detail);
  void break_off(LinkDown why, const std::string& detail = {});

  // Constant after construction.
  EventLoop& loop_;
  Owner& owner_;
  const std::shared_ptr<const LinkSecurity> security_;
  const Options options_;
  const Peer peer_;
  const Hello::Purpose purpose_;

  // State of the loop thread.
  Fd connecting_;
  std::unique_ptr<Stream> stream_;  // null until connected
  FdWatcher watcher_;
  Timer late_;
  FrameReader answers_{kHelloBytesMax};
  std::string out_;
  size_t sent_ = 0;
  bool is_greeted_ = false;
  bool is_broken_ = false;
};

}  // namespace understudy
