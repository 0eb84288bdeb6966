// SPDX-License-Identifier: Apache-2.0
// AjpUpstream: one AJP 1.3 connection to a member, from its first request to its close. The member
// asks for a request's body piece by piece; of the first one it is given a packet unasked. What it
// sends of a response's body is freed of its packets where it lies, so that it goes on as if it had
// come by HTTP. A body without Content-Length is given in chunks. Owned by MemberConnections;
// worker thread only.
//
// ping=: before each request the member is asked whether it is there (CPing), and the request
// leaves when it has said so. Then a member that is stopped costs no request that may not be sent
// twice.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/fd_watcher.h"
#include "base/stream.h"
#include "base/timer_wheel.h"
#include "proxy/http/ajp/ajp_reader.h"
#include "proxy/http/http1/chunked.h"
#include "proxy/io/io_context.h"
#include "proxy/upstream/acknowledgement_watch.h"
#include "proxy/upstream/kept_upstream.h"

namespace understudy {

class MemberConnections;

class AjpUpstream final : public KeptUpstream, private FdWatcher::Handler {
 public:
  // `stream` is ready for the first request.
  AjpUpstream(MemberConnections& home, const IoContext& io, std::unique_ptr<Stream> stream);
  ~AjpUpstream() override;

  void attach(User& user) override;
  void close() override;
  Place& place() override { return place_; }

  Taken send_head(const http::RequestHead& head, const http::RequestRewrite& rewrite,
                  BodyBytes body) override;
  Taken send_body(BodyBytes body) override;
  BodyBytes body(BodyForm form) override;
  void consume_body(size_t bytes) override;
  Fetched fetch() override;
  SpliceEnd splice_source() override { return {}; }
  void on_spliced(size_t, bool) override {}
  void yield() override;
  void check() override;
  Duration unacknowledged_for() override;
  bool ask_alive() override;
  void release() override;
  bool has_sent() const override { return request_.sent; }
  bool has_received() const override { return response_.received; }
  bool was_reused() const override { return reused_; }

 private:
  enum class State : uint8_t { kNew, kIdle, kHead, kBody, kClosed };

  // Of the present exchange.
  struct Request {
    http::Method method = http::Method::kGet;
    http::ChunkScanner scanner = http::ChunkScanner();
    size_t payload_left = 0;  // in chunks: at the front of what is given, the scanner has passed it
    size_t credit = 0;        // so many bytes may go in the next packet; 0: not now
    bool in_chunks = false;
    bool done = false;            // its last byte has been taken
    bool sent = false;            // a byte of it has left, CPing not counted
    bool blocked = false;         // the socket takes no more
    bool broken = false;          // nor will it
    bool unreachable = false;     // why, where it told
    bool owes_continue = false;   // the client waits for 100, and is told when the member wants it
    bool may_go_on = false;       // the user is to be told
    bool closes = false;          // no further request on this connection
    bool waits_for_pong = false;  // and nothing of it leaves before
    bool asks_alive = false;      // there is no request, but ask_alive()
  };
  struct Response {
    std::string head_text;
    std::string framed;  // its payload in chunks, where those are wanted
    size_t framed_taken = 0;
    size_t ready = 0;   // bytes of payload at the front of in_
    uint64_t left = 0;  // kLength: not yet received
    http::Framing framing = http::Framing::kNone;
    uint8_t interims = 0;
    bool has_head = false;
    bool framed_end = false;
    bool gave_chunks = false;  // by the last body()
    bool complete = false;
    bool keeps_connection = false;
    bool received = false;
    std::string_view broken = {};  // why
  };

  void on_ready(bool readable, bool writable) override;
  void on_idle_ready();
  void on_ping_timeout();
  void tell();
  void fail(ErrorCode code, std::string_view detail);

  bool compose(const http::RequestHead& head, const http::RequestRewrite& rewrite);
  size_t send_chunks(std::string_view bytes);
  size_t send_payload(std::string_view bytes);
  void send_ping();
  void end_request();
  size_t write_some(std::span<const iovec> pieces);
  bool flush();

  IoResult read_some();
  void receive_head();
  bool take_steps();
  bool take_step(const http::AjpStep& step);
  bool on_pong();
  void on_asked(size_t bytes);
  bool on_head(const http::AjpStep& step);
  bool parse_head(http::ResponseHead& head);
  bool deliver(const http::ResponseHead& head);
  void sift();
  size_t take_payload(std::string_view payload, char* to);
  void on_end(bool keeps_connection);
  bool is_reusable() const;

  // Constant after construction.
  MemberConnections& home_;
  const IoContext io_;

  // Owned.
  std::unique_ptr<Stream> stream_;
  FdWatcher watcher_;
  Buffer in_;   // in front what is ready of a body, behind it what is not understood yet
  Buffer out_;  // packets, or the rest of one, that the socket did not take
  Timer ping_;

  // State of the worker thread, of the connection.
  User* user_ = nullptr;
  Place place_;
  State state_ = State::kNew;
  bool reused_ = false;
  bool readable_ = false;   // there has been an edge, and no read since came up short
  uint32_t exchanges_ = 0;  // tells a callback's exchange from the next one
  size_t turn_bytes_ = 0;   // read since the last edge
  http::AjpReader reader_;
  Request request_;
  Response response_;
  AcknowledgementWatch acknowledgements_;
};

}  // namespace understudy
