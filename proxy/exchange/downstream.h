// SPDX-License-Identifier: Apache-2.0
// Downstream: the client's side of one exchange. One implementation for each protocol that clients
// speak; exchange.h knows only this. Back-pressure as with Upstream: request bytes that are not
// consumed stay, and the connection reads no more than its buffers hold; send_* say what they took,
// and Exchange::on_downstream_writable follows when it was not all. Owns its Exchange. Worker
// thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/address.h"
#include "proxy/http/message.h"
#include "proxy/io/body.h"

namespace understudy {

namespace http {
struct ResponseRewrite;
}
class TlsStream;

// Who asks; constant for a connection.
struct Client {
  Address address;
  // Where it connected to; null unless members are to be told.
  std::unique_ptr<const Address> local = {};
  const TlsStream* tls = nullptr;  // as long as the connection; null: plain
  uint16_t local_port = 0;         // of the listener
};

// How much of a request's body is kept for a re-send.
struct BodyKeeping {
  size_t bytes_max = 0;                    // in memory
  uint64_t file_bytes_max = 0;             // beyond that in a file; 0: none
  const std::string* directory = nullptr;  // for the file; lives as long as the exchange
};

// A complete answer of our own.
struct Page {
  unsigned status = 500;
  std::string_view reason = {};
  std::string_view lines = {};  // header lines with their CRLF; neither framing nor connection
  std::string_view body = {};
  bool close = false;  // no further request on this connection
};

// What the access log says of a response beyond its body.
struct ResponseTraits {
  uint64_t head_bytes = 0;  // and of framing that was added; under HTTP/2 before compression
  bool keeps_alive = false;
  uint64_t earlier_requests = 0;  // of the connection
};

class Downstream {
 public:
  virtual ~Downstream() = default;

  // The request's head once more, from its bytes, for a re-send. It dies when the caller returns.
  virtual const http::RequestHead& request_head() = 0;
  // The bytes of its body that are here and not consumed, in the form the client sent.
  virtual BodyBytes request_body() = 0;
  // Payload of the body that has come so far, sent on or not; in chunks, what they announce.
  virtual uint64_t request_body_bytes() const = 0;
  // How much of the body is to stay here for a re-send, at most.
  virtual void keep_request_body(const BodyKeeping& keeping) = 0;
  // From now on all of the body is kept, whatever was said above, so that it can be read and
  // rewound before a member is asked; until let_go_request_body(), or the end of the request.
  // Returns for how many bytes of payload there is room, at most `bytes_max`; 0: not now.
  virtual size_t hold_request_body(size_t bytes_max) = 0;
  virtual void let_go_request_body() = 0;
  virtual void consume_request_body(size_t bytes) = 0;
  virtual Fetched fetch_request_body() = 0;
  // Whether all that was consumed is still here; and begin again at the body's first byte.
  virtual bool can_rewind() const = 0;
  virtual void rewind_request_body() = 0;

  // A 1xx; dropped where the client cannot understand it.
  virtual void send_interim(const http::ResponseHead& head,
                            const http::ResponseRewrite& rewrite) = 0;
  // Whether a body may be handed over in kChunked form.
  virtual bool takes_chunks() const = 0;
  // The final response. `rewrite` leaves its connection and framing to the implementation. When the
  // body's last byte has been taken the response is complete, though still on its way.
  virtual Taken send_head(const http::ResponseHead& head, const http::ResponseRewrite& rewrite,
                          BodyForm form, BodyBytes body) = 0;
  virtual Taken send_body(BodyBytes body) = 0;
  virtual void send_page(const Page& page) = 0;
  // `head` is the 101 that answers this request's Upgrade. The client is told that it may begin, by
  // the status that is returned; 0: the answer does not fit, and nothing was sent. From then on the
  // request's body is what the client sends, as it is, until it closes its side, and send_body
  // gives it the member's bytes; `last` closes ours.
  virtual unsigned begin_tunnel(const http::ResponseHead& head,
                                const http::ResponseRewrite& rewrite) = 0;
  // Whether the client, having asked for an upgrade, takes a 2xx for a plain answer.
  virtual bool takes_answer_for_upgrade() const { return true; }
  // Where payload can be moved to by splice(2) now; on_spliced tells what was moved.
  virtual SpliceEnd splice_sink() = 0;
  virtual void on_spliced(size_t bytes, bool blocked) = 0;

  // The last call of an exchange is one of these. finish: the response is complete, and the next
  // exchange may begin within the call. abort: it cannot be completed, and the client must see it.
  virtual void finish() = 0;
  virtual void abort() = 0;

  virtual const Client& client() const = 0;
  // Of the present response, as far as it has got.
  virtual ResponseTraits response_traits() const = 0;
  // The request's head as received, for the access log; empty when it was not HTTP/1 text.
  virtual std::string_view head_text() const = 0;
};

}  // namespace understudy
