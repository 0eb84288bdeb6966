// SPDX-License-Identifier: Apache-2.0
// The parts of the loader: each turns one kind of directive of a checked tree into values of Config
// and reports what only the relation between directives can show. Internal to proxy/config; used by
// one thread during one load.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/configuration.h"
#include "proxy/apache/rewrite_text.h"
#include "proxy/apache/sections.h"
#include "proxy/config/config.h"
#include "proxy/config/load.h"

namespace understudy::config {

// What parameters behind members and balancers say in place of directives.
struct Tuning {
  std::optional<std::chrono::milliseconds> retry = {};            // MaxSkipTime
  std::optional<std::chrono::milliseconds> timeout = {};          // IOTimeoutSecs
  std::optional<std::chrono::milliseconds> connect_timeout = {};  // SocketTimeoutSecs
  std::optional<std::chrono::milliseconds> ttl = {};              // KeepAliveSecs
  std::optional<std::chrono::milliseconds> queue_timeout = {};    // QueueTimeout
  std::optional<bool> reuse = {};                                 // KeepAliveEnabled
  std::optional<bool> nofailover = {};                            // StickyOnly
  std::vector<std::uint16_t> failing_statuses = {};               // failonstatus=
  bool asks_elsewhere = false;                                    // fail_on_status of mod_jk
  bool never_again = false;  // recovery_options: nothing is sent twice (Idempotent Off)
  std::optional<MemberProtocol> protocol = {};         // of h2://, h2c://, ajp://
  std::optional<std::chrono::milliseconds> ping = {};  // of members with ajp://
  std::optional<std::size_t> packet_bytes = {};        // ProxyIOBufferSize
};

// Members as the configuration names them, before they are a cluster.
struct Seeds {
  std::string label;
  std::vector<MemberSeed> members;
  bool speak_views = false;               // by BackendCluster or BackendHost: they may send views
  std::string session_cookie;             // of stickysession=; empty: SessionCookie decides
  std::string session_parameter;          // of stickysession=NAME|parameter; empty: none was given
  std::optional<MethodName> method = {};  // of lbmethod=, or in <Proxy>
  bool is_proxied = true;                 // false: `ProxyPass !`
  bool shows_state = false;               // a worker of type status, which has no members
  // Of a ProxyPass with another path than its own, without a slash at the end.
  std::optional<std::string> target_path = {};
  bool ends_in_slash = false;  // as in PathRules
  bool is_raw = false;         // nocanon
  Tuning tuning = {};
  // Named by ProxyPass, as in Apache: members get their own names in Host, sessions stick where
  // stickysession= says so, and certificates are not verified unless SSLProxyVerify says so.
  bool is_apache = false;
  // Named by WebLogicCluster or WebLogicHost, or with the plug-in's handler.
  bool is_plugin = false;
};

// Whether all of them are named with ajp://.
bool all_speak_ajp(const Seeds& seeds);

// A rule with [P], whose `target` is its place among all of a host.
struct ProxiedRule {
  conf::Word where;
  conf::Word url;  // without a path
};
// Of one host.
struct Rewrites {
  apache::RewriteMaps maps;
  std::vector<ProxiedRule> proxied;
};

using Balancers = std::map<std::string, Seeds>;       // by the name in balancer://name
using LogFormats = std::map<std::string, LogFormat>;  // by nickname

// A section and the ones around it.
struct Scope {
  conf::Settings settings;
  const Scope* outer = nullptr;
  bool is_location = false;
  std::string path = {};  // of a location that has one
};

// Of a parameter such as key=value; without '=' the value is empty.
struct KeyValue {
  std::string_view key;
  std::string_view value;
};

// What the parts share.
class JkWorkers;

struct Binding {
  conf::Configuration& source;
  const LoadOptions& options;
  Config& config;
  std::map<std::string, std::shared_ptr<const Keyring>> keyrings;  // by path, read once
  std::shared_ptr<const JkWorkers> jk = {};                        // while hosts are bound

  conf::Diagnostics& diagnostics() { return source.diagnostics(); }

  // "site.conf:12", and "<Location /x> of site.conf:12": for who asks where a rule comes from.
  std::string place_of(const conf::Word& word);
  std::string origin_of(const conf::Directive& section);
};

// bind_server.cc: what holds for the whole process.
void bind_server(const conf::Settings& global, Binding& binding);

// bind_client.cc
ClientTimeouts bind_timeouts(const conf::Settings& settings, conf::Diagnostics& diagnostics);
RequestLimits bind_limits(const conf::Settings& settings);

// bind_access_log.cc
// "stdout", "stderr", "syslog...", "|program" or the path of a file, of an access log or an error
// log; nothing after an error.
std::optional<std::string> bind_log_path(const conf::Word& word, Binding& binding);
LogFormats predefined_formats();
void add_formats(const conf::Settings& settings, LogFormats& formats,
                 conf::Diagnostics& diagnostics);
std::vector<AccessLog> bind_access_logs(const conf::Settings& settings, const LogFormats& formats,
                                        Binding& binding);

// bind_balancers.cc: BalancerMember, <Proxy> and ProxyPass.
void add_member(const conf::Word& word, MemberSeed member, Seeds& seeds,
                conf::Diagnostics& diagnostics);
// Of `BalancerMember URL ...`, with `url` the URL's index.
void add_balancer_member(const conf::Directive& directive, std::size_t url, Seeds& seeds,
                         conf::Diagnostics& diagnostics);
void add_balancer_members(const std::vector<const conf::Directive*>& directives, Seeds& seeds,
                          conf::Diagnostics& diagnostics);
void add_balancers(const Scope& scope, Balancers& balancers, conf::Diagnostics& diagnostics);
// Parameters behind ProxyPass belong to the balancer, wherever it is used.
void add_pass_parameters(const conf::Settings& settings, Balancers& balancers,
                         conf::Diagnostics& diagnostics);
// Of `ProxyPass [PATH] TARGET`, with `target` the TARGET's index; nothing after an error. Without a
// path (of a pattern) the target must not have one either.
std::optional<Seeds> seeds_of_proxy_pass(const conf::Directive& directive, std::size_t target,
                                         std::optional<std::string_view> path,
                                         const Balancers& balancers,
                                         conf::Diagnostics& diagnostics);

// bind_balancing.cc
Balancing bind_balancing(const Seeds& seeds, const conf::Settings& settings,
                         conf::Diagnostics& diagnostics);
MethodName method_of(std::string_view text);  // in the table's spelling
// hcmethod= and its like of BalancerMember. Nothing: it is none of these; false: it is wrong, which
// is reported.
std::optional<bool> set_check_parameter(const conf::Word& word, MemberSeed& member,
                                        conf::Diagnostics& diagnostics);

// bind_checks.cc: what an expression of hcexpr= asks for; nothing: it is not understood.
std::optional<std::vector<CheckRule>> check_rules(std::string_view expression);
// BalancerMember with what hctemplate= and hcexpr= in it stand for.
conf::Directive with_check_words(const conf::Directive& directive, const Scope& scope,
                                 conf::Diagnostics& diagnostics);

// bind_members.cc: the members of the innermost scope that names any. Nothing if none does; no
// members if they could not be understood, which is reported.
std::optional<Seeds> find_seeds(const Scope& innermost, std::optional<std::string_view> path,
                                const Balancers& balancers, conf::Diagnostics& diagnostics);

// bind_cluster.cc: the index of the cluster in Config, shared with the sections that say the same.
std::size_t bind_cluster(Seeds seeds, const Scope& scope, const conf::Word& where,
                         Binding& binding);

// bind_member_tls.cc: how TLS is spoken with the members; nothing is set when they speak plain.
// With `is_apache` Apache's defaults hold.
void bind_member_tls(const Scope& scope, const conf::Word& where, bool is_apache, Cluster& cluster,
                     Binding& binding);

// bind_paths.cc
// "/app": absolute, in the form that requests are brought into before they are matched.
bool is_plain_path(std::string_view text);
std::string_view without_slash(std::string_view path);
// `seeds` may have the target path of ProxyPass at `path`.
Failover bind_failover(const conf::Settings& settings, const Seeds& seeds, const conf::Word& where,
                       Binding& binding);

PathRules bind_path_rules(const conf::Settings& settings, std::string_view path, const Seeds& seeds,
                          conf::Diagnostics& diagnostics);
// Of the scope and of those around it.
std::vector<CookieRule> bind_cookie_rules(const Scope& innermost, conf::Diagnostics& diagnostics);
std::vector<std::string> bind_excluded(const Scope& innermost, conf::Diagnostics& diagnostics);
// Of `balancer://name` with what the members among `seeds` have in their URLs.
std::vector<ReverseRule> bind_reverse_rules(const Scope& innermost, const Seeds& seeds,
                                            conf::Diagnostics& diagnostics);

// bind_error_pages.cc: what this section says; the host's with what is said outside of it.
void add_error_pages(const Scope& scope, ErrorPages& pages, Binding& binding);

// bind_forwarding.cc
std::shared_ptr<const http::TrustedHops> bind_trusted_hops(const Scope& host,
                                                           conf::Diagnostics& diagnostics);
std::optional<ProxyProtocol> bind_proxy_protocol(const Scope& host, conf::Diagnostics& diagnostics);
Forwarding bind_forwarding(const Scope& scope, const Seeds& seeds, conf::Diagnostics& diagnostics);

// bind_header_edits.cc: what this section says, behind what is there. RequestHeader set Host is
// left out where it is known to which requests the section applies, and an error elsewhere.
void add_header_edits(const conf::Settings& settings, HeaderEdits& edits, bool may_set_host,
                      conf::Diagnostics& diagnostics);

// bind_host_field.cc: RequestHeader of Host, and one that can be honoured.
bool names_host(const conf::Directive& directive);
bool sets_host(const conf::Directive& directive);
// Once it is bound whether the client's is preserved.
void bind_host_field(const Scope& innermost, Location& location, conf::Diagnostics& diagnostics);
// ProxyErrorOverride.
void bind_error_override(const conf::Settings& settings, Location& location,
                         conf::Diagnostics& diagnostics);
// JkEnvVar.
void bind_attributes(const Scope& innermost, Location& location);
// ProxyVia.
void bind_via(const conf::Settings& settings, HeaderEdits& edits);

// bind_session.cc: how sessions stick to the members of a cluster, its keys apart.
void bind_session(const conf::Settings& settings, const Seeds& seeds, Cluster& cluster,
                  Binding& binding);

// bind_access.cc: who may ask, as the directives of one section say it.
apache::Access bind_access(const std::vector<conf::Directive>& section, Binding& binding);
// bind_users.cc: what cannot be read, or checked, is reported.
std::shared_ptr<const apache::Users> bind_users(const conf::Word& word, Binding& binding);
std::shared_ptr<const apache::Groups> bind_groups(const conf::Word& word, Binding& binding);
// bind_access.cc: whether there are users where the sections of one location ask for one.
void check_users(const std::vector<apache::Section>& sections, const conf::Word& where,
                 conf::Diagnostics& diagnostics);

// bind_environment.cc: what SetEnvIf and SetEnv put into the environment, as this section says it.
std::vector<apache::EnvironmentRule> bind_early(const conf::Settings& settings,
                                                conf::Diagnostics& diagnostics);
std::vector<apache::EnvironmentRule> bind_late(const conf::Settings& settings,
                                               conf::Diagnostics& diagnostics);
// The condition of an expression in some words; null after an error.
std::shared_ptr<const apache::Expression> bind_condition(const conf::Word& where,
                                                         const std::string& text,
                                                         conf::Diagnostics& diagnostics);

// bind_sections.cc: which paths a <Location> or one of its relatives is about.
std::optional<apache::Where> bind_where(const conf::Directive& section,
                                        conf::Diagnostics& diagnostics);
// What Apache's rules make of a section.
apache::Section bind_section(const std::vector<conf::Directive>& directives, apache::Where where,
                             Rewrites& rewrites, Binding& binding);

// bind_location.cc: into the host, with its rules.
void bind_locations(const Scope& scope, const Balancers& balancers, VirtualHost& host,
                    Binding& binding);

// bind_tls.cc: what a host with SSLEngine On shows to clients; null after an error, and with Off.
std::shared_ptr<const TlsHost> bind_tls(const Scope& host, const std::vector<std::string>& names,
                                        Binding& binding);
// Whether Protocols names it: h2 with SSLEngine On, h2c with Off.
bool speaks_http2(const Scope& host);

// bind_unmapped.cc: the status of paths that are not proxied. In Apache they are files, to which
// <Directory> may close the way.
std::uint16_t bind_unmapped_status(const Scope& host);

// bind_host.cc
VirtualHosts bind_hosts(const Scope& global, Binding& binding);

// hash.cc: 16 hex digits over what is in force.
std::string effective_hash(const conf::Configuration& source);

}  // namespace understudy::config
