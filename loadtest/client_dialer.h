// SPDX-License-Identifier: Apache-2.0
// ClientDialer: opens a client's connections to one address, over TCP or TLS. Outlives them. Loop
// thread only.
#pragma once

#include <memory>

#include "base/address.h"
#include "base/stream.h"
#include "base/tls_dialer.h"
#include "loadtest/load_client.h"

namespace understudy::loadtest {

class ClientDialer final {
 public:
  ClientDialer(Address server, const ClientOptions& options);

  // The connection becomes writable when it is there.
  Result<std::unique_ptr<Stream>> open();
  bool is_tls() const { return tls_ != nullptr; }
  const Address& server() const { return server_; }

 private:
  const Address server_;
  const bool resumes_tls_;
  std::unique_ptr<TlsTarget> tls_;
};

// Why a stream has failed, in words.
std::string failure_of(const Stream& stream, const IoResult& result);

}  // namespace understudy::loadtest
