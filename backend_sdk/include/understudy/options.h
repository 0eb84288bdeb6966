// SPDX-License-Identifier: Apache-2.0
// Options: everything a member can be told, with the defaults of conf/directives.md. Filled from an
// Apache-style file by load(), or by hand; either way Node::open() validates it again. Each field
// carries the directive's name in its comment. A value; any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "understudy/export.h"
#include "understudy/failure.h"

namespace understudy {

struct UNDERSTUDY_API Options {
  enum class Messaging : std::uint8_t { kUnicast };
  // What happens to a session for which no other member can hold a copy.
  enum class Solo : std::uint8_t { kAllow, kDeny };
  // What the survivor of two does when no third machine can witness that it may go on.
  enum class NoWitness : std::uint8_t { kAvailable, kRefuse };

  // What happens to a request that another member serves, and that our proxy did not send.
  enum class ThirdServer : std::uint8_t { kRelay, kRedirect, kPull };

  // Whether browsers send the session's cookie over TLS only; kAuto: when the client's side is TLS.
  enum class CookieSecure : std::uint8_t { kAuto, kOn, kOff };
  // How the cookie looks to a balancer. All looks hold the same signed value, and all are read.
  enum class CookieFormat : std::uint8_t { kNative, kWeblogic, kRoute };
  enum class CookieSameSite : std::uint8_t { kLax, kStrict, kNone, kUnset };

  // Who this member is.
  std::string member_name;     // MemberName: stable, unique in the cluster; required
  std::string machine;         // Machine: what fails together; empty: the host's name
  std::uint32_t weight = 100;  // MemberWeight, 1..100
  std::string listen;          // Listen: where proxies reach this member's HTTP; required.
                               // The application binds it, the SDK only announces it.
  std::string cluster_name = "understudy";  // ClusterName: goes into every signature

  // The cluster.
  std::string cluster_listen;                 // ClusterListen "host:port"; required; port 0: any
  std::vector<std::string> cluster_members;   // ClusterMembers: one that lives is enough to join
  bool found_alone = false;                   // FoundAlone: start one where others answer
  std::size_t members_max = 1000;             // MaxMembers: who wants to join beyond is refused
  Messaging messaging = Messaging::kUnicast;  // ClusterMessagingMode
  std::string cluster_key_file;               // ClusterKeyFile, mode 0600
  bool cluster_insecure = false;              // ClusterInsecure: no key; loopback only
  std::chrono::milliseconds heartbeat_interval{1000};  // HeartbeatInterval

  // Where copies go.
  std::string replication_group;                 // ReplicationGroup
  std::string preferred_secondary_group;         // PreferredSecondaryGroup
  Solo solo = Solo::kAllow;                      // SoloPolicy
  NoWitness no_witness = NoWitness::kAvailable;  // NoWitness
  std::chrono::milliseconds ack_timeout{250};    // AckTimeout: then another secondary
  std::chrono::milliseconds ack_deadline{2000};  // AckDeadline: then SoloPolicy decides
  std::size_t channel_window_bytes = 4u << 20;   // ChannelWindowBytes
  std::uint32_t channel_window_frames = 1024;    // ChannelWindowFrames
  std::uint64_t replica_bytes_max = 1u << 30;    // MaxReplicaBytes

  // Sessions.
  std::string session_cookie = "JSESSIONID";                   // SessionCookie
  CookieFormat session_cookie_format = CookieFormat::kNative;  // SessionCookieFormat
  std::string
      session_parameter;  // SessionParameter: ;NAME= in the path, where the cookie is absent
  std::string
      session_form_field;  // SessionFormField: in the query, or a form that its door has whole
  std::string session_cookie_path = "/";                           // SessionCookiePath
  std::string session_cookie_domain;                               // SessionCookieDomain
  CookieSecure session_cookie_secure = CookieSecure::kAuto;        // SessionCookieSecure
  bool session_cookie_http_only = true;                            // SessionCookieHttpOnly
  CookieSameSite session_cookie_same_site = CookieSameSite::kLax;  // SessionCookieSameSite
  std::chrono::milliseconds session_timeout{30 * 60 * 1000};       // SessionTimeout
  std::size_t sessions_max = 1'000'000;                            // MaxSessions
  std::uint64_t served_bytes_max = 4ull << 30;        // MaxServedBytes: sessions this member serves
  std::size_t session_bytes_soft = 256u << 10;        // SoftSessionBytes: beyond, a log line
  std::size_t session_bytes_max = 4u << 20;           // MaxSessionBytes: beyond, refused
  std::size_t stored_response_max = 16u << 10;        // StoredResponseMax
  std::uint32_t exclusive_queue = 32;                 // ExclusiveQueue
  std::chrono::milliseconds exclusive_wait{5000};     // ExclusiveWait
  std::uint32_t requests_remembered = 128;            // RequestsRemembered
  std::chrono::milliseconds request_memory{120'000};  // RequestMemory
  std::chrono::milliseconds drain_timeout{30'000};    // DrainTimeout
  std::chrono::milliseconds slow_handler{1000};       // SlowHandler: then a log line; 0: never

  // Requests that another member serves (PROTOCOL 1.4). ThirdServer: kPull is refused at open.
  ThirdServer third_server = ThirdServer::kRelay;
  std::uint32_t relay_connections = 1024;                 // RelayConnections
  std::size_t relay_buffer_bytes = 64u << 10;             // RelayBufferBytes
  std::chrono::milliseconds relay_connect_timeout{1000};  // RelayConnectTimeout
  std::chrono::milliseconds relay_timeout{300'000};       // RelayTimeout: of silence

  // Logs. The log is one per process: Node::open() leaves it alone when error_log is empty.
  std::string error_log;           // ErrorLog: a path or "stderr"
  std::string log_level = "info";  // LogLevel, Apache's words

  // Reads a configuration file. The failure's text holds every error found, each with
  // file:line:column, the line and a caret. Paths come back absolute or relative to the file.
  static Outcome<Options> load(const std::string& path);

  // What is wrong, one sentence per item and naming the directive; empty when all is well. Checks
  // the same ranges as load() and the relations between fields; touches neither disk nor network.
  std::vector<std::string> validate() const;
};

}  // namespace understudy
