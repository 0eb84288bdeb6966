// SPDX-License-Identifier: Apache-2.0
// Http2Downstream: one HTTP/2 stream of a client, that is, one request and its response. It keeps
// the request's head and so much of its body as no member has consumed, or may be asked for again,
// and gives the response to the codec piece by piece. Owned by an Http2Connection, else by the
// worker's pool; worker thread only.
//
// A body without Content-Length is kept in chunks, as HTTP/1.1 members want it: the rest of the
// proxy cannot tell which protocol it came by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/timer_wheel.h"
#include "proxy/downstream/filed_body.h"
#include "proxy/downstream/spares.h"
#include "proxy/exchange/downstream.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/http/http1/chunked.h"
#include "proxy/http/http2/http2_server_codec.h"

namespace understudy {

class Http2Connection;

// A request's body as it is kept, with the chunk framing that we add: a client that cuts its body
// into frames of a few bytes, while no member consumes them, is not served.
inline constexpr std::size_t kHttp2BodyBytesMax = std::size_t{3} * http::kHttp2StreamWindowBytes;
// One stream writes so much before others that wait get their turn.
inline constexpr std::size_t kHttp2TurnBytesMax = std::size_t{32} * 1024;

class Http2Downstream final : public Downstream,
                              public ClosedList::Item,
                              private http::Http2BodySource {
 public:
  explicit Http2Downstream(WorkerContext& worker);
  ~Http2Downstream() override;

  // By Http2Connection.
  void attach(Http2Connection& connection, int32_t stream, std::unique_ptr<http::Http2Head>& head,
              bool ended);
  void begin();
  void on_data(std::string_view data);
  // The request's body is complete; `trailers`: lines with their CRLF.
  void on_end(std::string_view trailers);
  // The client's windows and our output have room again.
  void on_turn();
  // The stream is gone, and with it the exchange.
  void detach();

  const http::RequestHead& request_head() override;
  BodyBytes request_body() override;
  uint64_t request_body_bytes() const override { return received_; }
  void keep_request_body(const BodyKeeping& keeping) override { keeping_ = keeping; }
  size_t hold_request_body(size_t bytes_max) override;
  void let_go_request_body() override;
  void consume_request_body(size_t bytes) override;
  Fetched fetch_request_body() override;
  bool can_rewind() const override { return !lost_; }
  void rewind_request_body() override;
  void send_interim(const http::ResponseHead& head, const http::ResponseRewrite& rewrite) override;
  bool takes_chunks() const override { return true; }
  Taken send_head(const http::ResponseHead& head, const http::ResponseRewrite& rewrite,
                  BodyForm form, BodyBytes body) override;
  Taken send_body(BodyBytes body) override;
  void send_page(const Page& page) override;
  unsigned begin_tunnel(const http::ResponseHead& head,
                        const http::ResponseRewrite& rewrite) override;
  bool takes_answer_for_upgrade() const override { return !head_->is_websocket(); }
  SpliceEnd splice_sink() override { return {}; }
  void on_spliced(size_t, bool) override {}
  void finish() override;
  void abort() override;
  const Client& client() const override;
  ResponseTraits response_traits() const override;
  std::string_view head_text() const override { return head_->text(); }

 private:
  // What the timer waits for.
  enum class Wait : uint8_t { kNothing, kBody, kWindow };

  Offer offer_body(size_t bytes_max) override;
  void take_body(char* out, size_t bytes) override;
  std::string_view trailers() override;
  void on_body_wanted() override;

  // Requests: http2_downstream.cc.
  bool keep_chunk(std::string_view data);
  bool may_keep() const;
  bool may_file() const;
  void stop_keeping();
  void stop_keeping_for_good();
  void on_timer();
  void wait_for(Wait what);
  bool takes_too_little() const;

  // Responses: http2_response.cc.
  void scan_chunks();

  // Constant after construction.
  WorkerContext& worker_;

  // Owned.
  Exchange exchange_;
  Timer timer_;
  std::unique_ptr<http::Http2Head> head_ = std::make_unique<http::Http2Head>();
  FiledBody file_;    // of the request's body: what was consumed and is kept no longer in body_
  std::string body_;  // of the request: what was consumed and is kept, then the rest
  std::string page_;  // the body of a page
  std::string tail_;  // kChunked: what has come behind the last payload

  // Of the present stream.
  Http2Connection* connection_ = nullptr;
  std::size_t place_ = 0;  // in the connection's list
  int32_t stream_ = 0;
  http::RequestHead view_;  // filled anew by request_head()
  http::Framing framing_ = http::Framing::kNone;

  BodyKeeping keeping_;
  size_t held_room_ = 0;   // of hold_request_body(), in the connection's kept_bytes_
  uint64_t length_ = 0;    // of the body; kLength
  uint64_t received_ = 0;  // of the body, so far
  size_t sent_ = 0;        // of body_, consumed
  size_t unread_ = 0;  // DATA bytes that no member has consumed: the connection's window lacks them
  size_t held_ = 0;    // DATA bytes that were consumed and are kept: the stream's window lacks them
  bool complete_ = false;
  bool lost_ = false;      // not all that was consumed is here
  bool dropping_ = false;  // what is consumed is not kept in body_
  bool tunnel_ = false;    // the body is a WebSocket's bytes (RFC 8441)
  bool body_broken_ = false;

  // Of the present response.
  std::string_view offered_;  // what send_body() was given and has not been taken
  size_t payload_left_ = 0;   // kChunked: at the front of offered_, the scanner has passed it
  size_t turn_left_ = 0;
  http::ChunkScanner scanner_;
  BodyForm form_ = BodyForm::kPayload;
  Wait wait_ = Wait::kNothing;
  uint64_t taken_in_time_ = 0;  // kWindow: since the timer was started
  bool ends_ = false;           // the body ends behind offered_
  bool ended_ = false;          // and that has been said
  bool is_short_ = false;       // send_body() was not taken whole: the exchange waits for a turn
  bool has_head_ = false;       // the response's head has been given to the codec
  bool waits_ = false;          // stands in the connection's list
  bool finished_ = false;       // the exchange has ended
  uint64_t head_bytes_ = 0;

  friend class Http2Connection;
};

// Http2Downstreams that wait for a stream, and the connections that have something to do at the end
// of the loop's turn. Owned by the worker.
class Http2DownstreamPool final {
 public:
  explicit Http2DownstreamPool(WorkerContext& worker) : worker_(worker) {}
  Http2DownstreamPool(const Http2DownstreamPool&) = delete;

  WorkerContext& worker() { return worker_; }
  std::unique_ptr<Http2Downstream> take();
  // Detached; it may still be on the call stack.
  void give_back(std::unique_ptr<Http2Downstream>&& downstream);
  // See Spares.
  void shrink() { spares_.shrink(); }

  void settle_later(Http2Connection& connection);
  // The connection is about to end.
  void forget(Http2Connection& connection);

 private:
  void settle();

  WorkerContext& worker_;
  Spares<Http2Downstream> spares_;
  std::vector<Http2Connection*> settling_;
};

}  // namespace understudy
