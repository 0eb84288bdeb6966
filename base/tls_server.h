// SPDX-License-Identifier: Apache-2.0
// TlsServer: the TLS side of one listening address: the hosts that clients can mean, and the choice
// among them by the name a client sends (SNI). The choice is made before anything else of a
// handshake, the look at a session ticket included, so every rule that holds is that of the chosen
// host. Made once for each configuration; immutable, any thread. Streams keep what they need of it.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/tls_host.h"
#include "base/tls_tickets.h"

struct ssl_ctx_st;
struct ssl_st;

namespace understudy {

class TlsServer final {
 public:
  // The first host is for clients that name none, or one that no host has. Of hosts with one name
  // the first gets it. `tickets` outlives all streams.
  static Result<std::shared_ptr<const TlsServer>> make(
      std::vector<std::shared_ptr<const TlsHost>> hosts, TlsTickets& tickets);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;

  // In any letter case, with or without the dot at the end.
  const TlsHost& host_named(std::string_view name) const;

  ssl_ctx_st* raw() const { return context_; }
  // The one a handshake has chosen; null before that. For TlsStream.
  static const TlsHost* chosen_by(const ssl_st* handshake);

 private:
  friend struct TlsServerCallbacks;
  struct Directory;
  TlsServer() = default;
  ssl_ctx_st* context_ = nullptr;
  Directory* directory_ = nullptr;  // owned by the context: handshakes outlive a TlsServer
};

}  // namespace understudy
