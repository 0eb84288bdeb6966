// SPDX-License-Identifier: Apache-2.0
// Http2Upstream: one HTTP/2 stream to a member, that is, one request and its response. What has
// come of the response's body waits here, at most the stream's window; what is to go out waits at
// the client's side and is copied once, behind its frame's head. Owned by an Http2MemberConnection;
// worker thread only.
//
// A body without Content-Length is given in chunks, with its trailers, as HTTP/1.1 members do:
// the rest of the proxy cannot tell which protocol it came by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "proxy/http/http1/chunked.h"
#include "proxy/http/http2/http2_member_codec.h"
#include "proxy/io/io_context.h"
#include "proxy/upstream/upstream.h"

namespace understudy {

class Http2MemberConnection;

class Http2Upstream final : public Upstream,
                            public ClosedList::Item,
                            private http::Http2BodySource {
 public:
  Http2Upstream(Http2MemberConnection& connection, const IoContext& io, User& user, bool reused);
  ~Http2Upstream() override;

  Taken send_head(const http::RequestHead& head, const http::RequestRewrite& rewrite,
                  BodyBytes body) override;
  Taken send_body(BodyBytes body) override;
  BodyBytes body(BodyForm form) override;
  void consume_body(size_t bytes) override;
  Fetched fetch() override { return broken_ ? Fetched::kBroken : Fetched::kNone; }
  SpliceEnd splice_source() override { return {}; }
  void on_spliced(size_t, bool) override {}
  void yield() override;
  void check() override;
  Duration unacknowledged_for() override;
  void release() override;
  bool has_sent() const override { return sent_ && !refused_; }
  bool has_received() const override { return received_; }
  bool was_reused() const override { return reused_ || refused_; }
  bool was_refused() const override { return refused_; }

 private:
  friend class Http2MemberConnection;
  enum class State : uint8_t { kNew, kHead, kBody };

  // By Http2MemberConnection, from the loop.
  void on_answer(const http::Http2Answer& answer);
  void on_head(const http::Http2Answer& answer);
  void on_end(std::string_view trailers);
  void on_ended(uint32_t error);
  void on_turn();
  void on_lost(ErrorCode code, std::string_view why);
  void fail(ErrorCode code, std::string_view detail);
  bool is_finished() const { return complete_ && request_ended_; }

  // Http2BodySource.
  Offer offer_body(size_t bytes_max) override;
  void take_body(char* out, size_t bytes) override;
  std::string_view trailers() override;
  void on_body_wanted() override;
  void scan_chunks();

  const IoContext io_;
  Http2MemberConnection* const connection_;
  User* user_;
  const TimePoint began_;
  size_t place_ = 0;    // in the connection's list
  int32_t stream_ = 0;  // 0: it has not begun, or has ended
  State state_ = State::kNew;
  http::Method method_ = http::Method::kGet;

  // Of the request.
  std::string_view offered_;  // what send_body() was given and has not been taken
  std::string tail_;          // in chunks: what has come behind the last payload
  size_t payload_left_ = 0;   // in chunks: at the front of offered_, the scanner has passed it
  http::ChunkScanner scanner_;
  bool in_chunks_ = false;
  bool ends_ = false;           // the body ends behind offered_
  bool request_ended_ = false;  // and that has been said, or there was none
  bool is_short_ = false;       // send_body() was not taken whole
  bool waits_ = false;          // for a turn to send

  // Of the response.
  std::string head_text_;
  std::string body_;      // payload
  std::string framed_;    // the same as it is given in chunks
  std::string trailers_;  // lines
  size_t taken_ = 0;      // of body_ or framed_, consumed
  size_t unread_ = 0;     // payload that the stream's window lacks
  http::Framing framing_ = http::Framing::kNone;
  uint8_t interims_ = 0;
  bool gave_chunks_ = false;  // by the last body()
  bool framed_end_ = false;
  bool complete_ = false;
  bool broken_ = false;
  bool yields_ = false;

  bool sent_ = false;
  bool received_ = false;
  bool refused_ = false;  // the member has not looked at the request
  const bool reused_;
};

}  // namespace understudy
