// SPDX-License-Identifier: Apache-2.0
// Http1Upstream: one HTTP/1.1 connection to a member, from its first request to its close. Its
// descriptor is registered once; between exchanges only the user changes. Request heads are
// composed here, response heads parsed in place. Owned by MemberConnections; worker thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "base/fd_watcher.h"
#include "base/stream.h"
#include "proxy/http/http1/chunked.h"
#include "proxy/http/http1/http1_parser.h"
#include "proxy/io/io_context.h"
#include "proxy/upstream/acknowledgement_watch.h"
#include "proxy/upstream/kept_upstream.h"
#include "proxy/upstream/receive_low_water.h"

namespace understudy {

class MemberConnections;

class Http1Upstream final : public KeptUpstream, private FdWatcher::Handler {
 public:
  // `stream` is ready for the first request.
  Http1Upstream(MemberConnections& home, const IoContext& io, std::unique_ptr<Stream> stream);
  ~Http1Upstream() override;

  void attach(User& user) override;
  void close() override;
  Place& place() override { return place_; }

  Taken send_head(const http::RequestHead& head, const http::RequestRewrite& rewrite,
                  BodyBytes body) override;
  Taken send_body(BodyBytes body) override;
  BodyBytes body(BodyForm form) override;
  void consume_body(size_t bytes) override;
  Fetched fetch() override;
  SpliceEnd splice_source() override;
  void on_spliced(size_t bytes, bool drained) override;
  void yield() override;
  void check() override;
  Duration unacknowledged_for() override;
  void release() override;
  bool has_sent() const override { return sent_; }
  bool has_received() const override { return received_; }
  bool can_tunnel() const override { return true; }
  bool was_reused() const override { return reused_; }

 private:
  enum class State : uint8_t { kNew, kIdle, kHead, kBody, kClosed };

  void on_ready(bool readable, bool writable) override;
  void on_idle_ready();
  void receive_head();
  bool parse_head();
  void begin_body(const http::ResponseHead& head, uint32_t head_bytes);
  void fail(ErrorCode code, std::string_view detail);
  IoResult read_some();
  std::string_view reason_of(const IoResult& result) const;
  size_t write_some(std::span<const iovec> pieces);
  bool flush();
  void close_tunnel_side();
  bool is_body_complete() const;
  bool is_reusable() const;
  BodyBytes chunks_as_received();
  BodyBytes chunk_payload();

  // Constant after construction.
  MemberConnections& home_;
  const IoContext io_;

  // Owned.
  std::unique_ptr<Stream> stream_;
  FdWatcher watcher_;
  ReceiveLowWater low_water_;
  Buffer in_;
  Buffer out_;  // the rest of a request's head that the socket did not take

  // State of the worker thread, of the connection.
  User* user_ = nullptr;
  Place place_;
  State state_ = State::kNew;
  bool reused_ = false;
  bool readable_ = false;        // there has been an edge, and no read since came up short
  bool had_large_body_ = false;  // so that the next read starts with a large block
  uint32_t exchanges_ = 0;       // tells a callback's exchange from the next one

  // Of the present exchange.
  bool sent_ = false;
  bool received_ = false;
  bool send_blocked_ = false;
  bool send_broken_ = false;
  bool unreachable_ = false;  // why sending broke, where it told
  bool request_done_ = false;
  bool upgrade_asked_ = false;
  bool tunnel_ = false;   // a 101 has come
  bool closing_ = false;  // tunnel_: our side ends as soon as out_ is empty
  bool keep_alive_ = false;
  bool ended_ = false;   // the member has closed
  bool broken_ = false;  // the body cannot be completed
  uint8_t interims_ = 0;
  http::Method method_ = http::Method::kGet;
  http::Framing framing_ = http::Framing::kNone;
  http::HeadProgress progress_;
  uint64_t left_ = 0;      // kLength: not yet consumed
  size_t lead_ = 0;        // bytes of in_ in front of the body's: head, chunk framing
  size_t ready_ = 0;       // chunked: bytes behind lead_ that are checked and not consumed
  size_t turn_bytes_ = 0;  // read since the last edge
  http::ChunkScanner scanner_;

  AcknowledgementWatch acknowledgements_;  // of the connection
};

}  // namespace understudy
