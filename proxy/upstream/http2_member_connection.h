// SPDX-License-Identifier: Apache-2.0
// Http2MemberConnection: one HTTP/2 connection to a member, shared by the exchanges of a worker.
// It moves bytes between the socket and the codec, makes an Http2Upstream of each request, and lets
// the streams share the room for output: what goes out in one turn of the loop goes out in one
// write. Owned by MemberConnections; worker thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/fd_watcher.h"
#include "base/stream.h"
#include "base/turn_task.h"
#include "proxy/http/http2/http2_member_codec.h"
#include "proxy/io/io_context.h"
#include "proxy/upstream/acknowledgement_watch.h"
#include "proxy/upstream/http2_upstream.h"

namespace understudy {

class MemberConnections;

// A stream that is given up after the whole connection was silent for so long takes the connection
// out of use: it may be dead, and no read would show it.
inline constexpr Duration kHttp2SilenceMax = std::chrono::seconds(1);

class Http2MemberConnection final : public ClosedList::Item, private FdWatcher::Handler {
 public:
  // `stream` is ready for our preface.
  Http2MemberConnection(MemberConnections& home, const IoContext& io,
                        std::unique_ptr<Stream> stream);
  ~Http2MemberConnection() override;

  bool can_open() const;
  Upstream& open(Upstream::User& user);
  std::size_t stream_count() const { return streams_.size(); }
  TimePoint idle_since() const { return idle_since_; }  // with no stream
  // No further streams; it goes when the last one has ended, or at once.
  void retire();

 private:
  friend class Http2Upstream;
  friend class MemberConnections;

  void on_ready(bool readable, bool writable) override;
  void receive();
  void process();
  void settle();
  void serve_waiting_streams();
  void tell_ended_streams();
  bool flush();
  std::span<char> room_for_output();
  void lose(ErrorCode code, std::string_view why);
  void close();

  // By Http2Upstream.
  http::Http2MemberCodec& codec() { return codec_; }
  const http::HeadLimits& limits() const;
  std::string_view scheme() const;
  bool is_lost() const { return lost_; }
  void pump();
  void settle_later() { settling_.run_at_turn_end(); }
  void wants_turn(Http2Upstream& stream) { waiting_.push_back(&stream); }
  void refuse_later(Http2Upstream& stream);
  bool falls_back_to_http1();
  void watch_anew();
  void check() { on_ready(true, false); }
  Duration unacknowledged_for();
  void forget(Http2Upstream& stream);

  // Constant after construction.
  MemberConnections& home_;
  const IoContext io_;

  // Owned.
  std::unique_ptr<Stream> stream_;
  FdWatcher watcher_;
  Buffer in_;   // empty between turns, unless out_ is full
  Buffer out_;  // empty between turns, unless the socket is full
  http::Http2MemberCodec codec_;
  TurnTask settling_;
  std::vector<std::unique_ptr<Http2Upstream>> streams_;

  // State of the worker thread.
  std::vector<Http2Upstream*> waiting_;  // for a turn to send, in order
  std::vector<Http2Upstream*> refused_;  // could not begin, and do not know yet
  AcknowledgementWatch acknowledgements_;
  TimePoint heard_;  // when the member said something last
  TimePoint idle_since_;
  std::size_t index_ = 0;       // in home_.http2_
  std::size_t turn_bytes_ = 0;  // read since the last edge
  bool readable_ = false;       // there has been an edge, and no read since came up short
  bool blocked_ = false;        // the socket is full
  bool has_served_ = false;
  bool retired_ = false;
  bool lost_ = false;  // the socket has failed, or the member has closed or said goodbye
  ErrorCode lost_code_ = ErrorCode::kClosed;
  bool closed_ = false;
};

}  // namespace understudy
