// SPDX-License-Identifier: Apache-2.0
// Connecting: the way to a new connection with a member: one of its addresses after the other until
// one answers, and then what has to be settled before the first request (TLS). It ends with a
// stream that its home makes a connection of, or with the reason of the last failure. Owned by
// MemberConnections; worker thread only.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd_watcher.h"
#include "base/stream.h"
#include "base/timer_wheel.h"
#include "proxy/http/http2/http2_limits.h"
#include "proxy/io/io_context.h"
#include "proxy/upstream/member_connections.h"
#include "proxy/upstream/upstream.h"

namespace understudy {

class Connecting final : public ClosedList::Item, private FdWatcher::Handler {
 public:
  // Who waits for the connection. An exchange holds it as its Upstream and may let go of it at any
  // time; it gets another one with on_connected, or on_upstream_failed, and then this one is of no
  // use any more.
  class Seat final : public Upstream, public ClosedList::Item {
   public:
    // `joins`: another's attempt, so that its failure may say nothing about the member.
    Seat(Connecting& connecting, User& user, bool joins)
        : connecting_(&connecting), user_(user), joins_(joins) {}
    Taken send_head(const http::RequestHead&, const http::RequestRewrite&, BodyBytes) override;
    Taken send_body(BodyBytes) override { return {}; }
    BodyBytes body(BodyForm) override { return {}; }
    void consume_body(size_t) override {}
    Fetched fetch() override { return Fetched::kNone; }
    SpliceEnd splice_source() override { return {}; }
    void on_spliced(size_t, bool) override {}
    void yield() override {}
    void check() override {}
    void release() override;
    bool has_sent() const override { return false; }
    bool has_received() const override { return false; }
    bool was_reused() const override { return joins_; }

   private:
    friend class Connecting;
    Connecting* connecting_;  // null: it has ended
    User& user_;
    const bool joins_;
  };

  Connecting(MemberConnections& home, const IoContext& io, Wants wants);
  ~Connecting() override;

  // What stands in front of everything else, TLS too.
  void say_first(std::string text) { first_ = std::move(text); }
  // An error when not even an attempt could be made at any address.
  Result<void> begin();
  Upstream& add(Upstream::User& user);
  // Whether another exchange may wait for the same connection.
  bool has_room() const { return wants_ == Wants::kAny && seats_.size() < http::kHttp2StreamsMax; }
  Wants wants() const { return wants_; }
  // The next one who waits, who is thereby released; null when none is left.
  Upstream::User* take_user();
  // An address of the member has taken the connection, and what is left is TLS.
  bool is_answered() const { return connected_; }
  TimePoint began() const { return began_; }
  // As if no address had answered in time.
  void give_up();
  // Tells all that wait.
  void fail_all(ErrorCode code, std::string_view detail);

 private:
  friend class MemberConnections;
  Result<void> try_next();
  void on_ready(bool readable, bool writable) override;
  void on_patience();
  void go_on();
  void fail_address(ErrorCode code, std::string detail);
  void leave(Seat& seat);
  void stop();
  std::string where() const;

  // Constant after construction.
  MemberConnections& home_;
  const IoContext io_;
  const Wants wants_;
  const TimePoint began_;

  // State of the worker thread.
  std::vector<std::unique_ptr<Seat>> seats_;
  std::string first_;
  std::unique_ptr<Stream> stream_;
  FdWatcher watcher_;
  Timer patience_;          // with one address, while others are left
  size_t index_ = 0;        // in home_.connecting_
  size_t tried_ = 0;        // addresses
  bool connected_ = false;  // the present address has answered
};

}  // namespace understudy
