// SPDX-License-Identifier: Apache-2.0
// MemberConnections: the connections of one worker to one member: those in use, the idle ones (last
// used first, watched, so that one which the member closes goes at once), and who waits for an
// answer. Over HTTP/2 exchanges share them. A member may have several addresses; the one that
// answered last is tried first. It chooses nothing and counts no failures. Owned by
// exchange/worker_cluster; worker thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/stream.h"
#include "base/timer_wheel.h"
#include "base/tls_dialer.h"
#include "proxy/config/member_way.h"
#include "proxy/http/limits.h"
#include "proxy/io/io_context.h"
#include "proxy/upstream/answered_requests.h"
#include "proxy/upstream/upstream.h"
#include "proxy/upstream/waiting.h"

namespace understudy {

class AjpUpstream;
class Connecting;
class Http1Upstream;
class Http2MemberConnection;
class KeptUpstream;

// LimitResponseFieldSize and LimitResponseFields, where nothing is said.
inline constexpr http::HeadLimits kAnswerLimits{.first_line_bytes_max = http::kHeadBytesMax,
                                                .field_bytes_max = http::kHeadBytesMax,
                                                .fields_max = 500};

// What an exchange needs of a connection.
enum class Wants : uint8_t { kAny, kTunnel };

// What a new connection is for.
struct ConnectFor {
  Wants wants = Wants::kAny;
  // Whose request it is, and where that came in; borrowed for the call. Null: the proxy's own.
  const Address* client = nullptr;
  const Address* server = nullptr;
};

class MemberConnections final {
 public:
  class Owner {
   public:
    // A connection is idle again, or there is room for a new one. In the middle of something.
    virtual void on_room(MemberConnections& connections) = 0;

   protected:
    ~Owner() = default;
  };

  struct Options {
    std::string name;   // the member's, in access logs and answers
    std::string label;  // "name (mid)", in error logs
    Address address;
    std::vector<Address> more_addresses = {};  // of the same name
    Address local = {};                        // to connect from; unset: the kernel chooses
    config::MemberProtocol protocol = config::MemberProtocol::kHttp1;
    config::Ajp ajp = {};                                           // with MemberProtocol::kAjp
    config::ProxyHeader proxy_header = config::ProxyHeader::kNone;  // then none is kept alive
    std::shared_ptr<const TlsDialer> tls = {};                      // null: plain
    std::string tls_name = {};                           // whom its certificate must name
    Duration connect_timeout = std::chrono::seconds(2);  // of all addresses together
    Duration unreachable_timeout{};                      // UnreachableTimeout; 0: never
    bool keep_alive = true;                              // KeepAliveEnabled
    Duration idle_max = std::chrono::seconds(20);        // KeepAliveSecs
    std::size_t open_max = 1024;                         // MaxConnections, of this worker
    std::size_t idle_count_max = 1024;                   // MaxIdleConnections, of this worker
    http::HeadLimits limits = kAnswerLimits;             // of an answer's head
    std::uint64_t serial = 0;                            // of the member
    Owner* owner = nullptr;                              // borrowed; null: no waiter queues
    std::size_t* queued = nullptr;                       // counts who queues, here and elsewhere
  };
  MemberConnections(const IoContext& io, Options options);
  // No connection is in use any more.
  ~MemberConnections();
  MemberConnections(const MemberConnections&) = delete;

  // A connection that can be used at once, or null: the idle one that was used last, or a stream of
  // one that is shared.
  Upstream* take_idle(Upstream::User& user, Wants wants = Wants::kAny);
  // Begins to connect; the user hears on_connected or on_upstream_failed. kUnavailable: open_max.
  Result<Upstream*> connect(Upstream::User& user, const ConnectFor& purpose = {});
  // A connection was not answered in time: nor are the others of before, which end as it did
  // (kConnectTimeout). One whose turn comes in doing so may begin another.
  void fail_unanswered();
  // The member is gone, or refuses: what is idle is worthless. Nothing is kept idle after retire().
  void close_idle();
  void retire();

  // The name's other addresses have been looked up anew.
  void set_more_addresses(std::vector<Address> addresses);

  // Whether take_idle() or connect() will do.
  bool has_room() const;
  // Those that may ask no other member, in the order in which they came.
  WaitingList& queue() { return queue_; }
  WaitingList& waiting() { return waiting_; }
  // What the member is told with the next request. Another life has other connections, and an empty
  // list.
  AnsweredRequests& answered() { return answered_; }
  std::uint64_t serial() const { return options_.serial; }
  const std::string& name() const { return options_.name; }
  const std::string& label() const { return options_.label; }
  // A view has told what the member of an address is called.
  void rename(std::string name, std::string label);
  const http::HeadLimits& limits() const { return options_.limits; }
  const config::Ajp& ajp() const { return options_.ajp; }
  const Address& address() const { return options_.address; }
  const Address& local() const { return options_.local; }
  // In use, idle, and those that are not there yet.
  std::size_t open_count() const { return open_.size() + connecting_.size() + http2_.size(); }
  std::size_t http2_stream_count() const { return http2_streams_; }
  std::size_t idle_count() const { return idle_.size(); }

  // Exchanges that remember this member; with 0 of them and nothing in use it may be destroyed.
  void hold() { ++holders_; }
  void let_go() { --holders_; }
  bool is_in_use() const {
    return holders_ != 0 || http2_streams_ != 0 ||
           open_.size() + connecting_.size() != idle_.size();
  }

 private:
  friend class Connecting;
  friend class AjpUpstream;
  friend class Http1Upstream;
  friend class Http2MemberConnection;

  // For Connecting.
  std::size_t address_count() const { return 1 + options_.more_addresses.size(); }
  const Address& address_to_try(std::size_t turn) const;
  Duration patience_with_address() const;
  void probe(const Fd& fd, const Address& address) const;
  std::unique_ptr<Stream> make_stream(Fd fd, Wants wants);
  std::string_view tls_name() const;
  void on_connected(Connecting& connecting, std::unique_ptr<Stream> stream, std::size_t turn);
  void on_connect_failed(Connecting& connecting, ErrorCode code, std::string_view detail);
  void remove(Connecting& connecting);
  Connecting* one_to_join(Wants wants);
  void begin_kept(Connecting& connecting, std::unique_ptr<KeptUpstream> connection);
  void begin_http2(Connecting& connecting, std::unique_ptr<Stream> stream);

  // For Http2MemberConnection.
  bool keeps_alive() const { return options_.keep_alive && !retired_; }
  // The member wants HTTP/1.1 for what it was asked; false: it cannot have it.
  bool fall_back_to_http1();
  void on_http2_stream(Http2MemberConnection& connection, bool begins);
  void remove(Http2MemberConnection& connection);
  void close_idle_http2(TimePoint idle_since_max);

  void park(KeptUpstream& connection);
  void remove(KeptUpstream& connection, bool was_idle);
  void on_expiry();

  // Constant after construction.
  const IoContext io_;
  Options options_;

  // State of the worker thread.
  std::optional<TlsTarget> tls_;
  std::size_t preferred_address_ = 0;  // that answered last
  std::vector<std::unique_ptr<Connecting>> connecting_;
  std::vector<std::unique_ptr<Http2MemberConnection>> http2_;
  std::size_t http2_streams_ = 0;
  bool speaks_http2_ = false;  // when it was asked last
  bool only_http1_ = false;    // it said so, or HTTP/2 is not asked for
  std::vector<std::unique_ptr<KeptUpstream>> open_;
  std::vector<KeptUpstream*> idle_;  // the longest idle first
  Timer expiry_;
  WaitingList waiting_;
  WaitingList queue_;
  AnsweredRequests answered_;
  std::size_t holders_ = 0;
  bool retired_ = false;
};

}  // namespace understudy
