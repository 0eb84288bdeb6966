// SPDX-License-Identifier: Apache-2.0
// ConnectionList: owns a worker's client connections. They hang in it by pointers of their own, so
// that a connection comes and goes without an allocation or a search. Owned by server/; worker
// thread only.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "proxy/downstream/client_connection.h"

namespace understudy {

class ConnectionList final {
 public:
  ConnectionList() = default;
  ~ConnectionList();
  ConnectionList(const ConnectionList&) = delete;

  ClientConnection& add(std::unique_ptr<ClientConnection> connection);
  // `connection` must be in the list.
  std::unique_ptr<ClientConnection> take(ClientConnection& connection);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  ClientConnection* front() const { return first_; }
  // As they are now: each may go while the others are visited.
  std::vector<ClientConnection*> all() const;

 private:
  ClientConnection* first_ = nullptr;
  size_t size_ = 0;
};

}  // namespace understudy
