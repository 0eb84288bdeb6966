// SPDX-License-Identifier: Apache-2.0
// ViewBoard: the cluster's member list as proxies get it, encoded and signed once per change, of
// the list or of the keys, and then shown to every thread that answers requests, as an immutable
// snapshot. It decides nothing about members. current() from any thread, all else on the node's.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cookies/contract.h"
#include "cookies/view_header.h"
#include "understudy/node.h"

namespace understudy {

struct MemberView;

struct PublishedView {
  std::uint64_t hash = 0;
  Hex64 hash_text{};
  std::string text;  // "<hash>;<list>", or the hash alone if there are more members than fit
  std::vector<MemberStatus> members;

  std::string_view hash_view() const { return {hash_text.data(), hash_text.size()}; }
};

class ViewBoard final {
 public:
  // `keyring` need not outlive the board.
  ViewBoard(const Keyring& keyring, std::string cluster, std::chrono::milliseconds beat)
      : cluster_(std::move(cluster)), beat_(beat), codec_(std::in_place, keyring, cluster_) {}

  // True when proxies have something new to see: another hash, not merely another version.
  bool publish(const MemberView& view, std::uint32_t self);
  // Signs the list anew. Its hash stays: a proxy that has the list is sent nothing.
  void use_keys(const Keyring& keyring);
  // Null before the first view.
  std::shared_ptr<const PublishedView> current() const;

 private:
  void encode_into(PublishedView& out) const;

  // Constant after construction.
  const std::string cluster_;
  const std::chrono::milliseconds beat_;

  // State of the node's thread.
  std::optional<ViewCodec> codec_;  // always there
  ClusterView shown_;               // what current_ says, before it was signed

  mutable std::mutex mutex_;
  std::shared_ptr<const PublishedView> current_;  // guarded by mutex_
};

}  // namespace understudy
