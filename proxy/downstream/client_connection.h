// SPDX-License-Identifier: Apache-2.0
// ClientConnection: a client's connection from accept to close, whatever it speaks. One
// implementation for each protocol. It begins as an Http1Connection, which hands its stream over
// when the client turns out to speak HTTP/2. Owned by server/; worker thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/stream.h"
#include "proxy/exchange/downstream.h"
#include "proxy/io/io_context.h"

namespace understudy {

class ClientConnection : public ClosedList::Item {
 public:
  struct Options {
    [[no_unique_address]] Client client;  // its tail has room for what follows
    uint32_t site = 0;                    // index into Routes::sites
    // The listener offers HTTP/2: with prior knowledge where it is plain (RFC 9113 3.3), else by
    // ALPN, which then must have chosen it.
    bool http2 = false;
  };

  class Owner {
   public:
    virtual ~Owner() = default;
    // Once, from the loop or from within start(), stop() and abandon(). The owner moves the
    // connection to the worker's ClosedList.
    virtual void on_closed(ClientConnection& connection) = 0;
    // The client speaks HTTP/2: `stream` goes on in an Http2Connection, which begins with what has
    // been received already. on_closed follows. Only where Options::http2 was set.
    virtual void on_http2(Options options, std::unique_ptr<Stream> stream,
                          std::string_view received) = 0;
  };

  // Registers; what has come already is read in the next turn.
  virtual void start() = 0;
  // Graceful: ends when nothing is under way any more.
  virtual void stop() = 0;
  // The worker has new routes. Requests that come from now on use them in any case.
  virtual void on_reload() = 0;
  // At once, whatever is on its way.
  virtual void abandon() = 0;
  virtual bool is_idle() const = 0;

 private:
  friend class ConnectionList;
  ClientConnection* next_ = nullptr;
  ClientConnection** link_ = nullptr;  // what points at this one; null: it is in no list
};

}  // namespace understudy
