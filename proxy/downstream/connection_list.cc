// SPDX-License-Identifier: Apache-2.0
#include "proxy/downstream/connection_list.h"

#include <utility>

#include "base/check.h"

namespace understudy {

ConnectionList::~ConnectionList() {
  while (first_ != nullptr) take(*first_);
}

ClientConnection& ConnectionList::add(std::unique_ptr<ClientConnection> connection) {
  ClientConnection& added = *connection.release();
  DCHECK(added.link_ == nullptr, "a connection is in one list only");
  added.next_ = std::exchange(first_, &added);
  added.link_ = &first_;
  if (added.next_ != nullptr) added.next_->link_ = &added.next_;
  ++size_;
  return added;
}

std::unique_ptr<ClientConnection> ConnectionList::take(ClientConnection& connection) {
  CHECK(connection.link_ != nullptr, "a connection is taken that no list holds");
  *connection.link_ = connection.next_;
  if (connection.next_ != nullptr) connection.next_->link_ = connection.link_;
  connection.next_ = nullptr;
  connection.link_ = nullptr;
  --size_;
  return std::unique_ptr<ClientConnection>(&connection);
}

std::vector<ClientConnection*> ConnectionList::all() const {
  std::vector<ClientConnection*> all;
  all.reserve(size_);
  for (ClientConnection* at = first_; at != nullptr; at = at->next_) all.push_back(at);
  return all;
}

}  // namespace understudy
