// SPDX-License-Identifier: Apache-2.0
// Http1Downstream: the part of a client's HTTP/1.1 connection that exists only while a request is
// on its way. It parses requests in place, one at a time (a pipelined one waits in the buffer),
// keeps the bytes of the present one until no re-send can need them, and writes what its Exchange
// gives it. Owned by an Http1Connection, else by the worker's pool; worker thread only.
//
// in_:   [head][body, as far as it is kept for a re-send][next requests]
// more_: the body behind that, kept for a re-send too as far as the location allows it.
// A tunnel has no requests any more: in_ holds what the client sent and the member has not taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "proxy/downstream/client_connection.h"
#include "proxy/downstream/kept_body.h"
#include "proxy/downstream/spares.h"
#include "proxy/exchange/downstream.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/http/http1/chunked.h"
#include "proxy/http/http1/http1_parser.h"

namespace understudy {

class Http1Connection;

// An early answer's request body is read to its end, and the connection kept, when no more than
// this is to come.
inline constexpr std::size_t kDrainBytesMax = std::size_t{64} * 1024;

class Http1Downstream final : public Downstream, public ClosedList::Item {
 public:
  explicit Http1Downstream(WorkerContext& worker);
  ~Http1Downstream() override;

  // By Http1Connection.
  void attach(Http1Connection& connection);
  void detach();
  void on_readable();
  void on_writable();
  void on_head_timeout();
  void on_body_timeout();
  // The connection ends, and the exchange with it.
  void on_connection_lost();
  bool is_blocked() const { return blocked_; }
  std::string_view received() const { return in_.readable(); }

  const http::RequestHead& request_head() override;
  BodyBytes request_body() override;
  uint64_t request_body_bytes() const override;
  void keep_request_body(const BodyKeeping& keeping) override { keeping_ = keeping; }
  size_t hold_request_body(size_t bytes_max) override;
  void let_go_request_body() override;
  void consume_request_body(size_t bytes) override;
  Fetched fetch_request_body() override;
  bool can_rewind() const override;
  void rewind_request_body() override;
  void send_interim(const http::ResponseHead& head, const http::ResponseRewrite& rewrite) override;
  bool takes_chunks() const override { return version_ == http::Version::kHttp11; }
  Taken send_head(const http::ResponseHead& head, const http::ResponseRewrite& rewrite,
                  BodyForm form, BodyBytes body) override;
  Taken send_body(BodyBytes body) override;
  void send_page(const Page& page) override;
  unsigned begin_tunnel(const http::ResponseHead& head,
                        const http::ResponseRewrite& rewrite) override;
  SpliceEnd splice_sink() override;
  void on_spliced(size_t bytes, bool blocked) override;
  void finish() override;
  void abort() override;
  const Client& client() const override;
  ResponseTraits response_traits() const override;
  std::string_view head_text() const override;

 private:
  enum class State : uint8_t {
    kHead,      // waits for a request
    kExchange,  // is answering one
    kFlushing,  // has answered; the last bytes wait for the socket
    kDraining,  // has answered early; the rest of the request's body is read and forgotten
  };
  // How the response's body is delimited towards the client.
  enum class Outgoing : uint8_t { kAsIs, kOurChunks, kUntilClose };

  // Requests: http1_downstream.cc.
  void receive();
  void process();
  bool begin_next();
  void begin(const http::RequestHead& head, uint32_t head_bytes);
  void refuse(unsigned status, std::string_view sentence);
  http::HeadLimits limits() const;
  void settle();
  void look_ahead();
  void check_kept();
  struct Checked {
    size_t of_body = 0;
    size_t bytes = 0;
  };
  Checked check_body(std::span<char> fresh);
  size_t put_cut_name_into(std::span<char> room);
  uint64_t whole_body_bytes() const;
  KeptBody::Keep how_to_keep() const;
  std::span<char> room_for_body();
  Fetched fetch_from_tunnel();
  void end_request();
  void drain();
  void drop_request();

  // Responses: http1_response.cc.
  bool may_keep_alive() const;
  http::ConnectionLine connection_line() const;
  Taken send_through_tunnel(BodyBytes body);
  Taken write_chunks(BodyBytes body);
  size_t write_chunk(std::string_view bytes, bool last);
  size_t write(std::span<const iovec> pieces);
  void keep_for_later(std::span<const iovec> pieces, size_t from, size_t to);
  bool flush();

  // Constant after construction.
  WorkerContext& worker_;

  // Owned.
  Buffer in_;
  KeptBody more_;
  Buffer out_;  // what the socket did not take of heads, chunk framing and pages
  Exchange exchange_;

  // State of the worker thread, of the connection.
  Http1Connection* connection_ = nullptr;
  http::HeadProgress progress_;
  size_t turn_bytes_ = 0;    // read since the last edge
  bool processing_ = false;  // process() is on the stack
  bool blocked_ = false;     // the socket is full
  bool broken_ = false;      // the socket has failed

  // Of the present request.
  State state_ = State::kHead;
  http::RequestHead head_;  // filled anew by request_head()
  http::Method method_ = http::Method::kGet;
  http::Version version_ = http::Version::kHttp11;
  http::Framing framing_ = http::Framing::kNone;
  bool client_keeps_alive_ = false;
  bool awaits_continue_ = false;  // it will send its body after a 100, and none has been sent
  bool complete_ = false;         // the body is here to its end
  bool body_broken_ = false;      // its framing is wrong, or the client closed within it
  uint32_t head_at_ = 0;          // an empty line may stand before it
  uint32_t head_bytes_ = 0;       // to its end
  BodyKeeping keeping_;
  size_t held_room_ = 0;     // of hold_request_body(), in worker_.replay_bytes
  size_t kept_ = 0;          // body bytes in in_
  size_t kept_sent_ = 0;     // of them consumed
  uint64_t body_bytes_ = 0;  // received so far
  uint64_t left_ = 0;        // kLength: not received yet
  http::ChunkScanner scanner_;
  std::string cut_name_;  // of a trailer, behind what is in more_

  // Of the present response.
  Outgoing outgoing_ = Outgoing::kAsIs;
  bool keep_alive_ = false;
  size_t chunk_left_ = 0;        // kOurChunks: announced and not sent
  uint64_t overhead_bytes_ = 0;  // of the head and of kOurChunks

  // Of the present tunnel.
  bool tunnel_ = false;
  bool closing_ = false;     // our side ends as soon as out_ is empty
  std::string tunnel_head_;  // the request's, so that in_ need not hold it
};

// What the HTTP/1.1 connections of a worker have in common: whose they are, and the
// Http1Downstreams that wait for a request, which hold no buffers. Owned by the worker.
class Http1DownstreamPool final {
 public:
  Http1DownstreamPool(WorkerContext& worker, ClientConnection::Owner& owner)
      : worker_(worker), owner_(owner) {}
  Http1DownstreamPool(const Http1DownstreamPool&) = delete;

  WorkerContext& worker() { return worker_; }
  ClientConnection::Owner& owner() { return owner_; }
  std::unique_ptr<Http1Downstream> take();
  // Detached; it may still be on the call stack.
  void give_back(std::unique_ptr<Http1Downstream>&& downstream);
  // See Spares.
  void shrink() { spares_.shrink(); }
  std::size_t spare_count() const { return spares_.size(); }

 private:
  WorkerContext& worker_;
  ClientConnection::Owner& owner_;
  Spares<Http1Downstream> spares_;
};

}  // namespace understudy
