// SPDX-License-Identifier: Apache-2.0
#include "conf/modules.h"

#include <algorithm>

namespace understudy::conf {

namespace {

// By what both names have in common.
constexpr std::string_view kModules[] = {
    // The server itself.
    "core", "http", "so", "unixd", "version", "watchdog", "understudy",
    // The plug-in, as it is called in its versions.
    "weblogic", "wl", "wl_20", "wl_22", "wl_24", "wl_ohs",
    // Proxying.
    "proxy", "proxy_http", "proxy_http2", "proxy_balancer", "proxy_wstunnel", "proxy_hcheck",
    "proxy_ajp", "lbmethod_byrequests", "lbmethod_bybusyness", "lbmethod_bytraffic", "slotmem_shm",
    "jk",
    // The others of mod_cluster, so that what they are told is answered where it stands.
    "manager", "proxy_cluster", "lbmethod_cluster", "advertise", "slotmem", "cluster_slotmem",
    // Access.
    "authz_core", "authz_host", "authz_user", "authn_core", "authn_file", "auth_basic",
    "access_compat",
    // Requests and responses.
    "headers", "rewrite", "alias", "setenvif", "env", "remoteip", "reqtimeout", "http2", "status",
    // TLS and logs.
    "ssl", "socache_shmcb", "log_config", "logio"};

std::string_view common_part(std::string_view name) {
  constexpr std::string_view kPrefix = "mod_";
  constexpr std::string_view kFile = ".c";
  constexpr std::string_view kIdentifier = "_module";
  if (name.ends_with(kIdentifier)) return name.substr(0, name.size() - kIdentifier.size());
  if (!name.ends_with(kFile)) return {};
  name.remove_suffix(kFile.size());
  if (name.starts_with(kPrefix)) return name.substr(kPrefix.size());
  return name == "core" || name == "http_core" ? std::string_view("core") : std::string_view();
}

}  // namespace

bool is_module_present(std::string_view name) {
  const std::string_view part = common_part(name);
  return !part.empty() &&
         std::find(std::begin(kModules), std::end(kModules), part) != std::end(kModules);
}

}  // namespace understudy::conf
