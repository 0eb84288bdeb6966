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
#include "proxy/server/letters.h"
#include "proxy/server/snapshot.h"
#include "proxy/server/status.h"

namespace understudy {

class Worker final : private Acceptor::Owner,
                     private ClientConnection::Owner,
                     private ProxiedConnection::Next,
                     private ViewListener {
 public:
  struct Options {
    std::size_t index = 0;
    std::size_t connections_max = 1;
    std::size_t workers = 1;                                                  // of the process
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
