// SPDX-License-Identifier: Apache-2.0
// WorkerCluster: a cluster as one worker uses it: the routing decisions of proxy/routing joined to
// the connections of proxy/upstream. It makes a new view act at once, on exchanges that wait too,
// and asks for one when they wait too long. Made and owned by server/; worker thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log_throttle.h"
#include "base/timer_wheel.h"
#include "cookies/affinity.h"
#include "proxy/config/cluster.h"
#include "proxy/config/location.h"
#include "proxy/exchange/inserted_cookie.h"
#include "proxy/http/message.h"
#include "proxy/routing/cluster.h"
#include "proxy/upstream/id_probes.h"
#include "proxy/upstream/member_connections.h"
#include "proxy/upstream/view_probe.h"

namespace understudy {

struct WorkerContext;
class WorkerCluster;

// Hears what the other workers should know. Called on the worker's thread.
class ViewListener {
 public:
  virtual ~ViewListener() = default;
  virtual void on_new_view(WorkerCluster& cluster, const routing::ViewKeeper::Shared& view) = 0;
};

class WorkerCluster final : private ViewProbe::User,
                            private IdProbes::User,
                            private MemberConnections::Owner {
 public:
  struct Options {
    routing::ClusterOptions routing;
    config::Connections connections;
    config::MemberProtocol protocol = config::MemberProtocol::kHttp1;
    config::Ajp ajp = {};  // with MemberProtocol::kAjp
    // By address: of the members that are spoken to otherwise.
    std::map<std::string, config::MemberWay, std::less<>> ways = {};
    config::ProxyHeader proxy_header = config::ProxyHeader::kNone;
    std::shared_ptr<const TlsDialer> tls = {};  // null: members are spoken to in plain
    std::string tls_name = {};                  // empty: each member's own host name
    std::string session_cookie;
    std::string session_parameter;      // empty: paths are not looked at
    bool session_in_query = false;      // queries are, and paths, before cookies
    std::string session_form_field;     // empty: forms are not looked at
    config::InsertedCookie inserted{};  // with Dialect::kInsert
    ViewListener* listener = nullptr;   // borrowed; null: none
  };
  WorkerCluster(WorkerContext& worker, const Options& options);
  ~WorkerCluster() override;
  WorkerCluster(const WorkerCluster&) = delete;

  routing::Cluster& routing() { return routing_; }
  const routing::Cluster& routing() const { return routing_; }
  const config::Connections& connection_options() const { return options_.connections; }
  // Whether members are told request ids and views in the native dialect.
  bool speaks_native() const { return speaks_native_; }
  bool speaks_weblogic() const { return speaks_weblogic_; }
  bool speaks_tls() const { return options_.tls != nullptr; }
  bool speaks_tls(const routing::Member& member) const {
    const config::MemberWay* const way = way_of(member);
    return speaks_tls() && (way == nullptr || !way->is_plain);
  }
  bool speaks_ajp(const routing::Member& member) const {
    const config::MemberWay* const way = way_of(member);
    return (way != nullptr ? way->protocol : options_.protocol) == config::MemberProtocol::kAjp;
  }
  // Some member speaks AJP, or is spoken to otherwise than the others.
  bool has_special_members() const { return has_special_members_; }
  // Null: as the cluster.
  const config::MemberWay* way_of(const routing::Member& member) const;
  // Exchanges whose session names members that are not known here wait until they have told their
  // ids, for a round trip. False: there is none to ask, or all have been asked a moment ago.
  bool wait_for_ids(Waiter& waiter);
  const std::string& session_cookie() const { return options_.session_cookie; }
  // The session's name as path parameter, `;jsessionid=`; empty where there is none.
  const std::string& session_parameter() const { return options_.session_parameter; }
  bool has_session_in_query() const { return options_.session_in_query; }
  const std::string& session_form_field() const { return options_.session_form_field; }
  // The cookie that we set ourselves; null but in dialect insert.
  const InsertedCookie* inserted() const { return inserted_ ? &*inserted_ : nullptr; }
  // Seconds since 1970, for that cookie; read once in a while.
  uint32_t wall_seconds();

  // What the cookie says. Values that were verified are remembered by this worker, so that a known
  // client costs a comparison. The token's views point into `value`. One that we inserted may have
  // expired.
  DecodedAffinity decode(std::string_view value);

  // Valid until the member vanishes from the table, and while an exchange holds it.
  MemberConnections& connections(const routing::Member& member);

  // Connections that are all in use. Who comes later than one that waits does not pass it by.
  bool must_queue(const routing::Member& member, MemberConnections& connections);
  // For this member's, or with null for any; the waiter leaves by itself, or hears on_room at
  // the end of a turn. False: MaxWaitingRequests are waiting already.
  bool join_queue(Waiter& waiter, MemberConnections* connections);
  std::size_t queued() const { return queued_; }

  // How many exchanges are under way, and how many of them have been sent again; counted by them.
  struct Load {
    uint32_t exchanges = 0;
    uint32_t resends = 0;
    bool allows_resend(const config::Failover& policy) const;
  };
  // What a failure, or a view that cannot be read, would have the log say of each request.
  struct Complaints {
    LogThrottle asked_again;
    LogThrottle not_sent_again;
    LogThrottle no_member;
    LogThrottle queue;
    LogThrottle view;
  };
  Complaints& complaints() { return complaints_; }

  Load& load() { return load_; }
  const Load& load() const { return load_; }

  // The waiter has asked this member, and leaves by itself.
  void begin_waiting(Waiter& waiter, MemberConnections& connections);

  // What a response of `from` says to the proxy. Exchanges that wait for members which a new view
  // says are gone are freed when this turn's callbacks are done.
  void hear(routing::Member& from, const http::FieldList& fields);
  // From another worker of this process.
  void on_shared_view(const routing::ViewKeeper::Shared& shared);
  // A host's name has been looked up.
  void on_addresses(const std::string& address_text, const std::vector<Address>& addresses);
  // The process's health check has changed its mind.
  void on_checked(std::string_view address_text, routing::Checked checked);
  // "host:port" without the port and without an IPv6 address's brackets: whom a member's
  // certificate names.
  static std::string host_of(std::string_view address_text);
  // A graceful end: idle connections are closed, no more are kept.
  void retire();
  // True while exchanges use it or remember its members.
  bool is_in_use() const;

 private:
  static constexpr std::size_t kMemos = 256;

  struct Slot {
    uint64_t serial = 0;  // of the member
    std::unique_ptr<MemberConnections> connections;
  };

  static std::size_t memo_of(std::string_view value);
  MemberConnections::Options reach(const routing::Member& member) const;
  void apply(routing::ViewOutcome outcome);
  void rename_members();
  void drop_gone(routing::ViewChange change);
  void drop_all_gone();
  void drop(uint64_t serial, bool for_good);
  MemberConnections* find(uint64_t serial);
  void retire_slot(uint64_t serial);
  void discard_unused();
  void on_view(const routing::Member& from, std::string_view header);
  void on_watch();
  bool ask_for_ids(TimePoint now);
  void on_id_answer(uint64_t serial, const http::FieldList& fields) override;
  void on_id_silence(uint64_t serial) override;
  void hear_others();
  void on_view_text(uint64_t serial, std::string_view text) override;
  void on_room(MemberConnections& connections) override;
  void serve_queues();
  void serve_queue(uint64_t serial);
  void dismiss_retired();

  // Constant after construction.
  WorkerContext& worker_;
  const Options options_;
  const bool has_special_members_;
  const bool speaks_native_;
  const std::optional<InsertedCookie> inserted_;
  // By the configuration, or because a member has answered so.
  bool speaks_weblogic_;

  // Owned; state of the worker thread.
  routing::Cluster routing_;
  std::size_t queued_ = 0;       // in all queues
  WaitingList queue_{&queued_};  // for any member
  std::vector<uint64_t> roomy_;  // serials of members that a waiter may be able to ask now
  Load load_;
  Complaints complaints_;
  std::vector<Slot> slots_;                // by Member::slot
  std::vector<Slot> retired_;              // of members that vanished, while exchanges use them
  std::vector<routing::ViewChange> gone_;  // to be acted upon at the end of the turn
  std::vector<AffinityMemo> memos_;        // by the value's last bytes; empty until a cookie comes
  ViewProbe probe_;
  IdProbes id_probes_;
  WaitingList learners_;  // for ids
  std::optional<TimePoint> ids_asked_at_;
  Timer watch_;  // runs only while exchanges wait
  TimePoint wall_read_at_{};
  uint32_t wall_seconds_ = 0;
};

}  // namespace understudy
