// SPDX-License-Identifier: Apache-2.0
// A worker small enough for a unit test: the product's connections, exchanges and routing on one
// loop that the test turns by hand, with one cluster whose members the test plays. No threads, no
// fixed ports, no sleeping: run_until turns the loop until something has happened.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.h"
#include "base/fd.h"
#include "base/random.h"
#include "proxy/downstream/http1_connection.h"
#include "proxy/downstream/http1_downstream.h"
#include "proxy/downstream/http2_connection.h"
#include "proxy/downstream/http2_downstream.h"
#include "proxy/exchange/routes.h"
#include "proxy/exchange/worker_cluster.h"
#include "proxy/exchange/worker_context.h"
#include "tests/proxy/support/cut.h"

namespace understudy::test {

// A socket that the test reads and writes as it likes.
class Peer {
 public:
  explicit Peer(Fd fd) : fd_(std::move(fd)) {}
  void send(std::string_view text);
  // As much as the socket takes; returns how much.
  std::size_t send_some(std::string_view text);
  // Reads what has come; at most `bytes_max` in this call.
  void pump(std::size_t bytes_max = SIZE_MAX);
  // What has come and was not taken yet.
  const std::string& received() const { return received_; }
  std::string take();
  bool is_closed() const { return closed_; }
  bool was_reset() const { return reset_; }
  void close() { fd_.reset(); }
  // The other side gets a reset instead of an orderly end.
  void reset();
  void shutdown_write();
  bool is_open() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.value(); }
  bool reads_by_itself = true;  // false: only when the test calls pump()

 private:
  Fd fd_;
  std::string received_;
  bool closed_ = false;
  bool reset_ = false;
};

// A backend on a port of its own, which does only what the test says.
class Member {
 public:
  Member();
  uint16_t port() const { return port_; }
  std::string address_text() const;
  void pump();
  // Refuses connections from now on, and resets those that are open.
  void kill();
  // No connection to it is answered any more, nor refused.
  void cut_off() { test::cut_off(listener_.value()); }
  // Listens again at the same port.
  void restart();
  std::vector<std::unique_ptr<Peer>>& connections() { return connections_; }
  // The connection that was accepted last.
  Peer& connection() { return *connections_.back(); }
  // All bytes of all connections that were not taken.
  std::string received() const;
  std::size_t accepted() const { return accepted_; }

  // Answers each complete request by itself: gets the request, returns the response.
  std::function<std::string(std::string_view)> answer;
  std::size_t requests = 0;  // answered so

 private:
  void answer_all(Peer& peer);

  // Bound, never listening: while this member is killed its port refuses, and no other process gets
  // it, neither to listen on nor to connect from.
  Fd reserved_;
  Fd listener_;
  uint16_t port_ = 0;
  std::vector<std::unique_ptr<Peer>> connections_;
  std::size_t accepted_ = 0;
};

// Keeps what was logged.
class RecordingLog final : public AccessLog {
 public:
  struct Line {
    std::string method, target, version, member, why, failure;
    unsigned status = 0;
    uint64_t bytes = 0;
    bool aborted = false;
    unsigned tries = 0;
    std::string remote_host, kept_request_id, response_fields;
    uint64_t head_bytes = 0, earlier_requests = 0;
    bool keeps_alive = false;
    HedgeOutcome hedge = HedgeOutcome::kNone;
  };
  const std::vector<std::string>& response_fields() const override { return wanted; }
  void write(const AccessRecord& record) override;
  std::vector<std::string> wanted;
  std::vector<Line> lines;
};

class TestProxy final : private ClientConnection::Owner, private ViewListener {
 public:
  struct Options {
    std::size_t members = 1;
    config::Failover failover = default_failover();
    config::Connections connections = default_connections();
    config::Balancing balancing = {};
    config::ClientTimeouts timeouts = default_timeouts();
    config::RequestLimits limits = {8190, 100, 8190};
    uint64_t body_bytes_max = config::kUnlimitedBodyBytes;
    std::size_t tunnels_max = 100;
    std::chrono::milliseconds tunnel_idle_timeout = std::chrono::seconds(20);
    Dialect dialect = Dialect::kRoute;
    std::string session_cookie = "JSESSIONID";
    std::string session_parameter = "jsessionid";
    std::string session_form_field = {};
    config::InsertedCookie inserted = {};
    std::shared_ptr<const Keyring> keyring = {};
    uint64_t replay_memory_bytes_max = uint64_t{64} * 1024 * 1024;
    uint64_t replay_file_bytes_max = uint64_t{64} * 1024 * 1024;
    bool logs = true;
    bool http2 = false;  // on the listener
    config::MemberProtocol protocol = config::MemberProtocol::kHttp1;
    config::Ajp ajp = {};
    BlockPool::Options blocks = {};
    // What a test wants to be configured besides; the location is "/".
    std::function<void(config::VirtualHost& host, config::Location& location)> adjust = {};
  };
  static config::Failover default_failover();
  static config::Connections default_connections();
  static config::ClientTimeouts default_timeouts();

  TestProxy() : TestProxy(Options{}) {}
  explicit TestProxy(const Options& options);
  ~TestProxy() override;

  // A new client, over a TCP connection or over a pair of unix sockets.
  Peer& connect();
  Peer& connect_in_memory();
  Member& member(std::size_t index = 0) { return *members_[index]; }

  // Turns the loop and moves the peers' bytes until `done`; false when that took too long.
  bool run_until(const std::function<bool()>& done);
  // A few turns, for what must not happen.
  void run_a_little();

  EventLoop& loop() { return *loop_; }
  WorkerContext& worker() { return *context_; }
  WorkerCluster& cluster() { return *cluster_; }
  BlockPool& blocks() { return *blocks_; }
  Http1DownstreamPool& downstreams() { return *pool_; }
  RecordingLog& log() { return log_; }
  std::size_t open_connections() const { return connections_.size(); }
  ClientConnection& connection(std::size_t index = 0) { return *connections_[index]; }
  std::size_t views_told = 0;

 private:
  void on_closed(ClientConnection& connection) override;
  void on_http2(ClientConnection::Options options, std::unique_ptr<Stream> stream,
                std::string_view received) override;
  void on_new_view(WorkerCluster&, const routing::ViewKeeper::Shared&) override { ++views_told; }
  Peer& adopt(Fd proxy_side, Fd client_side);
  void turn();

  const bool http2_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<BlockPool> blocks_;
  std::unique_ptr<HeadScratch> scratch_;
  std::unique_ptr<ClosedList> closed_;
  PipePool pipes_;
  SeededRandom ids_{1};
  RecordingLog log_;
  std::vector<std::unique_ptr<Member>> members_;
  std::unique_ptr<WorkerContext> context_;
  std::unique_ptr<WorkerCluster> cluster_;
  Routes routes_;
  std::unique_ptr<Http1DownstreamPool> pool_;
  std::unique_ptr<Http2DownstreamPool> http2_pool_;
  std::vector<std::unique_ptr<ClientConnection>> connections_;
  std::vector<std::unique_ptr<Peer>> clients_;
};

// "HTTP/1.1 200 OK" with a Content-Length.
std::string ok(std::string_view body, std::string_view more_lines = {});
// Counts how often `needle` stands in `text`.
std::size_t count_of(std::string_view text, std::string_view needle);
// Whether `text` begins with a complete message with head and Content-Length or chunked body; its
// size, or 0.
std::size_t message_bytes(std::string_view text);

}  // namespace understudy::test
