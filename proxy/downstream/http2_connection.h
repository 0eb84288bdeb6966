// SPDX-License-Identifier: Apache-2.0
// Http2Connection: a client's HTTP/2 connection, from its preface to its end. It moves bytes
// between the socket and the codec, makes an Http2Downstream of each stream, and lets the streams
// share the room for output: what goes out in one turn of the loop goes out in one write. Owned by
// server/, which hears on_closed; worker thread only.
//
// A response's body is not stored: it waits in the member's connection until the client's windows
// and out_ have room for it, and then it is copied once, behind its frame's head. A request's body
// waits in its stream, and the client may send more when the member has consumed it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/fd_watcher.h"
#include "base/stream.h"
#include "base/timer_wheel.h"
#include "proxy/config/virtual_host.h"
#include "proxy/downstream/client_connection.h"
#include "proxy/http/http2/http2_server_codec.h"

namespace understudy {

class Http2Downstream;
class Http2DownstreamPool;

// Between the first GOAWAY of a graceful stop, which lets requests arrive that are on their way,
// and the one that refuses further ones (RFC 9113 6.8).
inline constexpr Duration kLastRequestsWait = std::chrono::milliseconds(200);
// After the last GOAWAY; the client may still be sending.
inline constexpr Duration kFarewellMax = std::chrono::seconds(1);
// An idle connection's memory is packed so long after its last stream. A page's requests come
// closer together than that.
inline constexpr Duration kRestAfter = std::chrono::milliseconds(500);
// Of requests' bodies that have been forwarded and are kept in case they must be sent again, over
// all streams of a connection; what comes beyond that is sent once only.
inline constexpr std::size_t kKeptPerConnectionBytesMax = std::size_t{256} * 1024;

class Http2Connection final : public ClientConnection, private FdWatcher::Handler {
 public:
  Http2Connection(Http2DownstreamPool& pool, std::unique_ptr<Stream> stream,
                  std::string_view received, Options options, Owner& owner);
  ~Http2Connection() override;

  void start() override;
  void stop() override;
  // The limits that were announced are those of the old configuration, and TLS was agreed upon by
  // it: the client is asked to come back on a new connection when it likes.
  void on_reload() override { stop(); }
  void abandon() override;
  bool is_idle() const override { return streams_.empty(); }

 private:
  friend class Http2Downstream;
  friend class Http2DownstreamPool;
  // What the timer waits for.
  enum class Wait : uint8_t {
    kNothing,
    kRest,  // then for the next request
    kNextRequest,
    kHead,
    kWrite,
    kLastRequests,
    kFarewell
  };

  void on_ready(bool readable, bool writable) override;
  void on_timer();

  // In.
  void receive();
  void process();
  void on_event(const http::Http2Event& event);
  void begin_stream(const http::Http2Event& event);

  // Out.
  // Moves what the codec has into out_, and that to the socket when it is full.
  void pump();
  bool flush();
  std::span<char> room_for_output();
  // The turn's work is done: what is left to send is sent, and what has ended is put away.
  void settle();
  void settle_later();
  void drop_closed_streams();
  void serve_waiting_streams();

  void wait_for(Wait what);
  void choose_wait();
  std::optional<Duration> patience(Wait what) const;
  void refuse_new_streams();
  void leave();
  void end_streams();
  void close_now();
  const config::VirtualHost& first_host() const;
  http::HeadLimits limits() const;

  // By Http2Downstream.
  http::Http2ServerCodec& codec() { return codec_; }
  void wants_turn(Http2Downstream& stream) { waiting_.push_back(&stream); }
  std::unique_ptr<Http2Downstream> remove(Http2Downstream& stream);
  bool is_broken() const { return broken_; }

  // Constant after construction.
  Http2DownstreamPool& pool_;
  Owner& owner_;
  const Options options_;

  // Owned.
  std::unique_ptr<Stream> stream_;
  FdWatcher watcher_;
  Timer timer_;
  Buffer in_;   // empty between turns, unless out_ is full
  Buffer out_;  // empty between turns, unless the socket is full
  http::Http2ServerCodec codec_;

  // State of the worker thread.
  std::vector<std::unique_ptr<Http2Downstream>> streams_;  // from pool_, and back to it
  std::vector<Http2Downstream*> waiting_;                  // for a turn to send, in order
  std::size_t kept_bytes_ = 0;                             // of kKeptPerConnectionBytesMax
  std::size_t turn_bytes_ = 0;                             // read since the last edge
  std::size_t left_bytes_ = 0;  // read and forgotten since the last GOAWAY
  uint64_t requests_ = 0;
  Wait wait_ = Wait::kNothing;
  bool readable_ = false;  // there has been an edge, and no read since came up short
  bool blocked_ = false;   // the socket is full
  bool broken_ = false;    // the socket has failed, or the client has closed
  bool stopping_ = false;
  bool refusing_ = false;  // further streams
  bool leaving_ = false;   // all has been said
  bool settling_ = false;  // settle() comes at the end of this turn, or is on the stack
  bool closed_ = false;
};

}  // namespace understudy
