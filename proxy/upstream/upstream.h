// SPDX-License-Identifier: Apache-2.0
// Upstream: the member's side of one exchange. One implementation for each protocol that members
// speak; exchange/ knows only this. Back-pressure: body bytes that are not consumed stay where they
// are, and the connection reads no more than its buffer holds; send_* say how much they took.
// Owned by the member's connections, borrowed by an exchange until release(). Worker thread only.
//
// Trailers have no calls of their own: they travel in bodies of the form kChunked, behind the last
// chunk, as HTTP/1.1 writes them (RFC 9112 7.1.2), in both directions. A protocol with another
// framing makes that form of what it receives, and its own of what it is given.
//
// A tunnel (can_tunnel): send_head was given `add_upgrade`, and the response's head has status 101.
// From then on body(kPayload) gives the member's bytes as they are until it closes its side, and
// send_body takes the client's; `last` closes ours. No further exchange follows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "proxy/http/head_rewrite.h"
#include "proxy/http/message.h"
#include "proxy/io/body.h"

namespace understudy {

class Upstream {
 public:
  // Who uses the connection. Called from the loop only, never from within a call to Upstream
  // (check() excepted), and not after release(). Any call may end in release().
  class User {
   public:
    // connect() has succeeded: send_head of `connection` may be called. What connect() returned is
    // of no use any more.
    virtual void on_connected(Upstream& connection) = 0;
    // A 1xx. The head dies with the call.
    virtual void on_interim_response(const http::ResponseHead& head) = 0;
    // The final response; what came along of its body is in body(). The head dies with the call,
    // or with consume_body.
    virtual void on_response_head(const http::ResponseHead& head) = 0;
    // Fetch: there may be more of the body.
    virtual void on_response_body() = 0;
    // The member's process has answered ask_alive().
    virtual void on_alive() {}
    // send_body may take more.
    virtual void on_upstream_writable() = 0;
    // Before the response's head was complete: kConnectRefused, kConnectTimeout, kConnectFailed,
    // kTls, kReset, kReadTimeout, kClosed, kProtocol or kTooLarge. The connection is of no use any
    // more.
    virtual void on_upstream_failed(ErrorCode code, std::string_view detail) = 0;

   protected:
    ~User() = default;
  };

  virtual ~Upstream() = default;

  // A request's head and as much of its body as is here. What does not go out at once of the head
  // is kept. A broken connection takes everything and reports later, for the member may have
  // answered before it closed.
  virtual Taken send_head(const http::RequestHead& head, const http::RequestRewrite& rewrite,
                          BodyBytes body) = 0;
  virtual Taken send_body(BodyBytes body) = 0;

  // The bytes of the response's body that are here, in the form wanted. kChunked only where the
  // head said chunked, and one form only during a response.
  virtual BodyBytes body(BodyForm form) = 0;
  virtual void consume_body(size_t bytes) = 0;
  // Reads more where there may be some.
  virtual Fetched fetch() = 0;

  // Where payload can be moved from by splice(2), and how many bytes of it are to come; no
  // descriptor where that is not possible now. on_spliced tells what was moved.
  virtual SpliceEnd splice_source() = 0;
  virtual void on_spliced(size_t bytes, bool drained) = 0;
  // Others want a turn: on_response_body comes in the next one, whether there is news or not.
  virtual void yield() = 0;
  // Looks once for what an edge may have hidden (a reset right behind data); calls the user.
  virtual void check() = 0;

  // For how long the member's machine has not acknowledged what it was sent, as far as asking for
  // it every now and then can tell; a slow member's machine does acknowledge. A system call.
  virtual Duration unacknowledged_for() { return {}; }

  // Instead of a request: the protocol's own question whether the member's process is there, which
  // on_alive() or on_upstream_failed() follows. False: the protocol has none.
  virtual bool ask_alive() { return false; }

  // The exchange is done with it. A connection on which both messages are complete is kept for the
  // next exchange, any other is closed.
  virtual void release() = 0;

  // Whether this connection's protocol can become a tunnel. Where not, Upgrade is not sent.
  virtual bool can_tunnel() const { return false; }

  // Of the present exchange.
  virtual bool has_sent() const = 0;      // at least a byte has left
  virtual bool has_received() const = 0;  // at least a byte has come
  virtual bool was_reused() const = 0;    // it has served another exchange before
  // The member says that it has not looked at the request (RFC 9113 8.7).
  virtual bool was_refused() const { return false; }
};

}  // namespace understudy
