// SPDX-License-Identifier: Apache-2.0
// ProxiedConnection: a connection from a balancer that speaks the PROXY protocol, until its header
// is here; then the descriptor goes on, with the client it names, as a connection of any other
// client, before TLS and all else. It looks at the bytes and takes only the header's, so nothing
// has to be handed over. Owned by server/; worker thread only.
#pragma once

#include "base/fd.h"
#include "base/fd_watcher.h"
#include "base/timer_wheel.h"
#include "proxy/downstream/client_connection.h"
#include "proxy/exchange/worker_context.h"

namespace understudy {

class ProxiedConnection final : public ClientConnection, private FdWatcher::Handler {
 public:
  class Next {
   public:
    virtual ~Next() = default;
    // `options` with the client that the header names. on_closed follows.
    virtual void on_client(Fd fd, Options options) = 0;
  };

  // As long as a request's head, or any byte of a client, may take.
  ProxiedConnection(const WorkerContext& worker, Fd fd, Options options, Next& next, Owner& owner);

  void start() override;
  void stop() override { end(); }
  void on_reload() override {}
  void abandon() override { end(); }
  bool is_idle() const override { return true; }

 private:
  void on_ready(bool readable, bool writable) override;
  void on_timer();
  void end();

  // Constant after construction.
  const WorkerContext& worker_;
  Options options_;
  Next& next_;
  Owner& owner_;

  // State of the worker thread.
  Fd fd_;
  FdWatcher watcher_;
  Timer timer_;
  bool ended_ = false;
};

}  // namespace understudy
