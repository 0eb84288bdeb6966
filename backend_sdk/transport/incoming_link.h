// SPDX-License-Identifier: Apache-2.0
// IncomingLink: a connection that another member opened to this one: TLS, its HELLO, our answer,
// then its frames. It writes nothing else. Owned by ClusterTransport. Loop thread.
#pragma once

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

class IncomingLink final : FdWatcher::Handler {
 public:
  // Called from the loop only. The owner may not destroy the link in here.
  class Owner {
   public:
    virtual ~Owner() = default;
    // Nothing: welcome. Otherwise the answer that is sent before the link is closed.
    virtual std::optional<HelloNo> judge(IncomingLink& link, const Hello& hello) = 0;
    virtual void on_frame(IncomingLink& link, Frame frame) = 0;
    // This turn of the loop has taken long: the rest of what waits is for a later one.
    virtual bool is_turn_long() const = 0;
    // More waits than one turn should take; call resume() in a later one.
    virtual void on_busy(IncomingLink& link) = 0;
    // Over. `detail` is empty when the other side ended it properly.
    virtual void on_closed(IncomingLink& link, const std::string& detail) = 0;
  };
  static constexpr int kReadsPerTurn = 64;

  IncomingLink(EventLoop& loop, Owner& owner, std::shared_ptr<const LinkSecurity> security, Fd fd,
               const Address& remote, Duration greeting_timeout);

  void resume();
  // Without a word to the owner.
  void close();

  const Address& remote() const { return remote_; }
  // By its HELLO; mid kNobody before.
  const Peer& peer() const { return peer_; }
  bool is_greeted() const { return peer_.mid != kNobody; }
  bool is_closed() const { return is_closed_; }
  Hello::Purpose purpose() const { return purpose_; }

 private:
  void on_ready(bool readable, bool writable) override;
  void on_late();
  void take_frames();
  std::string why_failed(const IoResult& result) const;
  void on_first_frame(const DecodedFrame& first);
  void answer(FrameType type, std::string payload);
  void answer_unknown(const UnknownFrame& what);
  void flush();
  void end(const std::string& detail);

  // Constant after construction.
  Owner& owner_;
  const std::shared_ptr<const LinkSecurity> security_;
  const Address remote_;

  // State of the loop thread.
  std::unique_ptr<Stream> stream_;
  FdWatcher watcher_;
  Timer late_;
  FrameReader reader_{kHelloBytesMax};
  std::string out_;  // answers; a few bytes each, at most kHelloBytesMax together
  Peer peer_;
  Hello::Purpose purpose_ = Hello::Purpose::kLink;
  bool is_closed_ = false;
};

}  // namespace understudy
