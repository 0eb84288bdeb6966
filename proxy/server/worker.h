// SPDX-License-Identifier: Apache-2.0
// Worker: one thread with its loop and all that is reachable from it: acceptors, client
// connections, clusters with their pools, access logs, counters. It shares nothing mutable with
// other workers; letters and immutable snapshots are the only way in and out. Owned by the Server,
// which makes it and destroys it while its thread does not run.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "base/buffer.h"
#include "base/event_loop.h"
#include "base/mailbox.h"
#include "base/random.h"
#include "proxy/downstream/connection_list.h"
#include "proxy/downstream/http1_connection.h"
#include "proxy/downstream/http1_downstream.h"
#include "proxy/downstream/http2_connection.h"
#include "proxy/downstream/http2_downstream.h"
#include "proxy/downstream/proxied_connection.h"
#include "proxy/exchange/routes.h"
#include "proxy/exchange/worker_cluster.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/server/acceptor.h"
#include "proxy/server/snapshot.h"
#include "proxy/server/status.h"

namespace understudy {

// From the Server to a worker.
namespace to_worker {
struct Order {          // of an operator; nothing: as the configuration says
  std::string cluster;  // its label
  std::string address_text;
  std::optional<routing::OperatorOrder> order;
};
struct CheckResult {  // of a health check
  uint64_t generation;
  std::size_t cluster;
  std::string address_text;
  routing::Checked checked;
};
struct Adopt {  // a reload, with what still holds from before
  std::shared_ptr<const Snapshot> snapshot;
  std::vector<Order> orders;
  std::vector<CheckResult> results;
};
struct Learn {  // a view that another worker has believed
  uint64_t generation;
  std::size_t cluster;
  routing::ViewKeeper::Shared view;
};
struct Resolve {  // a host's name has been looked up
  std::string address_text;
  std::vector<Address> addresses;
};
struct Report {
  uint64_t question;
};
struct Explain {
  uint64_t question;
  std::string cookie;
};
struct FlushLogs {};
struct Stop {  // accept no more; end when the last connection has gone, at the latest after `limit`
  Duration limit;
};
}  // namespace to_worker
using LetterToWorker = std::variant<to_worker::Adopt, to_worker::Order, to_worker::CheckResult,
                                    to_worker::Learn, to_worker::Resolve, to_worker::Report,
                                    to_worker::Explain, to_worker::FlushLogs, to_worker::Stop>;

// From a worker to the Server.
namespace to_server {
struct NewView {
  std::size_t worker;
  uint64_t generation;
  std::size_t cluster;
  routing::ViewKeeper::Shared view;
};
struct Status {
  uint64_t question;
  WorkerStatus status;
};
struct Explanation {
  uint64_t question;
  std::vector<CookieExplanation> clusters;
};
struct Stopped {  // the thread is about to end
  std::size_t worker;
  std::size_t abandoned;  // connections that were cut
};
}  // namespace to_server
using LetterToServer =
    std::variant<to_server::NewView, to_server::Status, to_server::Explanation, to_server::Stopped>;

class Worker final : private Acceptor::Owner,
                     private ClientConnection::Owner,
                     private ProxiedConnection::Next,
                     private ViewListener {
 public:
  struct Options {
    std::size_t index = 0;
    std::size_t connections_max = 1;
    std::size_t workers = 1;  // of the process
    std::shared_ptr<Quarantine> quarantine = std::make_shared<Quarantine>();  // theirs
    std::shared_ptr<const Snapshot> snapshot = {};
    std::vector<Fd> listeners = {};             // as config->listens
    Mailbox<LetterToServer>* server = nullptr;  // borrowed; outlives the thread
  };
  static Result<std::unique_ptr<Worker>> open(Options options);
  ~Worker() override;
  Worker(const Worker&) = delete;

  // The thread begins to serve.
  void start();
  // Any thread.
  void post(LetterToWorker letter) { mailbox_.post(std::move(letter)); }
  // Waits for the thread's end, after Stopped.
  void join();
  bool has_joined() const { return !thread_.joinable(); }

 private:
  // One configuration as this worker uses it. Kept until no exchange needs it.
  struct Adopted {
    std::shared_ptr<const Snapshot> snapshot;
    Routes routes;
    std::vector<std::shared_ptr<WorkerCluster>> clusters;  // shared with the configuration before
    std::vector<std::unique_ptr<BufferedAccessLog>> logs;  // by host; null: none
  };

  Worker(std::unique_ptr<EventLoop> loop, Options options);
  void run();

  void on_letter(LetterToWorker letter);
  void on(const to_worker::Adopt& letter);
  void on(const to_worker::Order& letter);
  void on(const to_worker::CheckResult& letter);
  void on(const to_worker::Learn& letter);
  void on(const to_worker::Resolve& letter);
  void on(const to_worker::Report& letter);
  void on(const to_worker::Explain& letter);
  void on(const to_worker::FlushLogs& letter);
  void on(const to_worker::Stop& letter);

  void on_accepted(std::size_t site, Accepted accepted) override;
  bool may_accept() const override;
  void on_client(Fd fd, ClientConnection::Options options) override;
  void begin(std::unique_ptr<ClientConnection> connection);
  void on_closed(ClientConnection& connection) override;
  void on_http2(ClientConnection::Options options, std::unique_ptr<Stream> stream,
                std::string_view received) override;
  void on_new_view(WorkerCluster& cluster, const routing::ViewKeeper::Shared& view) override;

  void adopt(std::shared_ptr<const Snapshot> snapshot);
  std::shared_ptr<WorkerCluster> cluster_for(const Snapshot& snapshot, std::size_t index);
  void drop_unused();
  void shrink_pools();
  void on_stop_deadline();
  void end_if_idle();
  Adopted& current() { return *adopted_.back(); }

  // Constant after construction.
  const std::size_t index_;
  const std::size_t connections_max_;
  Mailbox<LetterToServer>& server_;

  // Owned; state of the worker thread. The order matters: what stands below uses what stands above.
  std::unique_ptr<EventLoop> loop_;
  BlockPool blocks_;
  std::unique_ptr<HeadScratch> scratch_;
  ClosedList closed_;
  PipePool pipes_;
  SeededRandom request_ids_;
  WorkerContext context_;
  std::vector<std::unique_ptr<Adopted>> adopted_;  // the last one is in force
  std::unique_ptr<Http1DownstreamPool> downstreams_;
  std::unique_ptr<Http2DownstreamPool> http2_downstreams_;
  ConnectionList connections_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  Timer stop_deadline_;
  Timer sweep_;
  Timer shrink_;
  bool accepting_paused_ = false;
  bool has_ended_ = false;
  std::size_t abandoned_ = 0;
  Mailbox<LetterToWorker> mailbox_;
  std::thread thread_;
};

}  // namespace understudy
