// SPDX-License-Identifier: Apache-2.0
// WorkerCluster: a cluster as one worker uses it: the routing decisions of proxy/routing joined to
// the connections of proxy/upstream. It makes a new view act at once, on exchanges that wait too,
// and asks for one when they wait too long. Made and owned by server/; worker thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/timer_wheel.h"
#include "cookies/affinity.h"
#include "proxy/config/cluster.h"
#include "proxy/routing/cluster.h"
#include "proxy/upstream/member_connections.h"
#include "proxy/upstream/view_probe.h"

namespace understudy {

struct WorkerContext;
class WorkerCluster;

// Hears what the other workers should know. Called on the worker's thread.
class ViewListener {
 public:
  virtual ~ViewListener() = default;
  virtual void on_new_view(WorkerCluster& cluster, std::shared_ptr<const ClusterView> view) = 0;
};

class WorkerCluster final : private ViewProbe::User {
 public:
  struct Options {
    routing::ClusterOptions routing;
    config::Connections connections;
    ViewListener* listener = nullptr;  // borrowed; null: nobody is told
  };
  WorkerCluster(WorkerContext& worker, const Options& options);
  ~WorkerCluster() override;
  WorkerCluster(const WorkerCluster&) = delete;

  routing::Cluster& routing() { return routing_; }
  const routing::Cluster& routing() const { return routing_; }
  const config::Connections& connection_options() const { return options_.connections; }
  // Whether members are told request ids and views in the native dialect.
  bool speaks_native() const { return speaks_native_; }

  // What the cookie says. Values that were verified are remembered by this worker, so that a known
  // client costs a comparison. The token's views point into `value`.
  DecodedAffinity decode(std::string_view value);

  // Valid until the member vanishes from the table, and while somebody holds it.
  MemberConnections& connections(const routing::Member& member);

  // The waiter has asked the member, and leaves by itself.
  void begin_waiting(Waiter& waiter, const routing::Member& member, MemberConnections& connections);

  // A response of `from` had this Understudy-View. Exchanges that wait for members which are gone
  // are freed within the call, and `from` itself may be gone afterwards.
  void on_view(const routing::Member& from, std::string_view header);
  // The same in the weblogic dialect.
  void on_weblogic_view(const routing::Member& from, const routing::ViewKeeper::WeblogicView& view);
  // From another worker of this process.
  void on_shared_view(std::shared_ptr<const ClusterView> view);
  // A graceful end: idle connections are closed, no more are kept.
  void retire();
  // True while exchanges use it or remember its members.
  bool is_in_use() const;

 private:
  static constexpr std::size_t kMemos = 256;

  struct Slot {
    uint64_t serial = 0;
    std::unique_ptr<MemberConnections> connections;
  };

  void apply(routing::ViewOutcome outcome);
  void drop(const routing::Member& member, bool for_good);
  void discard_unused();
  void on_watch();
  void on_view_text(uint64_t serial, std::string_view text) override;

  // Constant after construction.
  WorkerContext& worker_;
  const Options options_;
  const bool speaks_native_;

  // Owned; state of the worker thread.
  routing::Cluster routing_;
  std::vector<Slot> slots_;                                  // by Member::slot
  std::vector<std::unique_ptr<MemberConnections>> retired_;  // of members that vanished
  std::vector<AffinityMemo> memos_;  // by the value's last bytes; empty until a cookie comes
  ViewProbe probe_;
  Timer watch_;  // runs only while exchanges wait
};

}  // namespace understudy
