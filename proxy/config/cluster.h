// SPDX-License-Identifier: Apache-2.0
// The members behind a location: whom to ask first, how sessions stick to them, and how many
// connections they get. Locations that say the same about all of this share one Cluster, and so one
// member table and one set of pools. A value of the immutable Config; any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/tls_dialer.h"
#include "cookies/affinity.h"
#include "cookies/keyring.h"
#include "cookies/view_header.h"
#include "proxy/config/balancing.h"
#include "proxy/config/inserted_cookie.h"
#include "proxy/config/member_way.h"

namespace understudy::config {

struct MemberSeed {
  std::string address;        // "host:port"; a host name is resolved at the start
  std::string route;          // of the cookie format `route`; may be empty
  std::string redirect = {};  // the route of the member that takes its place
  std::uint32_t load_factor = 1;
  MemberScheme scheme = MemberScheme::kUnsaid;
  OperatorState operator_state = OperatorState::kReady;  // status=D, status=N
  bool is_standby = false;                               // status=H, or not of the first lbset
  std::uint8_t set = 0;                                  // lbset=
  std::optional<HealthCheck> check = {};                 // nothing: that of the cluster
  std::string path = {};                                 // of its URL, without a slash at the end
  std::optional<std::string> secret = {};                // with ajp://
  std::optional<MemberWay> way = {};                     // nothing: that of the cluster

  bool operator==(const MemberSeed&) const = default;
};

struct Connections {
  std::chrono::milliseconds connect_timeout{};      // SocketTimeoutSecs: of one connect()
  std::chrono::milliseconds unreachable_timeout{};  // UnreachableTimeout; 0: never
  std::chrono::milliseconds skip_time{};            // MaxSkipTime: of a member that failed
  bool keep_alive = true;                           // KeepAliveEnabled
  std::chrono::milliseconds idle_max{};             // KeepAliveSecs
  std::size_t per_member_max = 0;                   // of one worker
  std::size_t idle_per_member_max = 0;              // of one worker
  std::size_t waiting_requests_max = 0;             // MaxWaitingRequests: of one worker, in queues
  std::chrono::milliseconds queue_timeout{};        // QueueTimeout
  std::size_t field_bytes_max = 64 * 1024;          // LimitResponseFieldSize
  std::size_t fields_max = 500;                     // LimitResponseFields
  std::string local_ip = {};                        // WLLocalIP; empty: the kernel chooses

  bool operator==(const Connections&) const = default;
};

struct Cluster {
  std::string label;  // for logs and /status: the balancer's name, or the first seed's address
  std::vector<MemberSeed> seeds;                     // never empty
  bool is_dynamic = true;                            // DynamicServerList
  std::size_t members_max = 0;                       // MaxMembers
  std::chrono::milliseconds dns_refresh_interval{};  // DNSRefreshInterval; zero: at the start only

  std::string name;                        // ClusterName: part of every signature
  std::shared_ptr<const Keyring> keyring;  // null without ClusterKeyFile
  std::string key_file;                    // for reload and /status; empty without
  std::string session_cookie;              // SessionCookie
  std::string session_parameter;           // SessionParameter; empty: paths are not looked at
  bool session_in_query = false;           // stickysession: in the path, the query, then the cookie
  bool ranks_routes = true;                // "id.first.second" names two members
  std::string session_form_field;          // SessionFormField; empty: forms are not looked at
  Dialect dialect = Dialect::kAuto;        // SessionCookieFormat
  InsertedCookie inserted;                 // with Dialect::kInsert

  Connections connections;
  MemberProtocol protocol = MemberProtocol::kHttp1;
  Ajp ajp;
  ProxyHeader proxy_header = ProxyHeader::kNone;
  std::shared_ptr<const TlsDialer> tls;  // null: members are spoken to in plain
  std::string tls_name;                  // SSLProxyPeerName; empty: each member's own host name
  Balancing balancing;

  // Of one member; off where it has none.
  const HealthCheck& check_of(const MemberSeed& member) const {
    return member.check ? *member.check : balancing.check;
  }
  bool has_checks() const;
  bool has_ajp() const;  // among its members

  // The same members, sessions and connections; the label and the loaded keys do not count.
  bool is_same_as(const Cluster& other) const;
};

}  // namespace understudy::config
