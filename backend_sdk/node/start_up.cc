// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/start_up.h"

#include <string>

#include "backend_sdk/node/core_options.h"
#include "base/log.h"

namespace understudy {
namespace {

constexpr int kFreeAddressTries = 16;

Outcome<Address> free_address(const Address& any) {
  std::string why;
  for (int i = 0; i < kFreeAddressTries; ++i) {
    const Result<Fd> listener = listen_tcp(any, {});
    if (!listener) {
      why = listener.error().detail;
      continue;
    }
    const Address found = local_address(*listener);
    if (bind_udp(found)) return found;
    why = "no port is free for both TCP and UDP";
  }
  return Failure{FailureCode::kAddress, "ClusterListen: " + why};
}

}  // namespace

std::optional<Failure> open_error_log(const Options& options) {
  if (options.error_log.empty()) return std::nullopt;
  const std::string path = options.error_log == "stderr" ? "-" : options.error_log;
  const Result<LogLevel> level = parse_log_level(options.log_level);
  if (!level) return Failure{FailureCode::kConfiguration, level.error().detail};
  const Result<void> opened = open_log(path, *level, options.member_name);
  if (!opened) return Failure{FailureCode::kSystem, opened.error().detail};
  return std::nullopt;
}

Outcome<Address> cluster_address(const Options& options) {
  Outcome<Address> listen = resolve_one("ClusterListen", options.cluster_listen);
  if (!listen || listen->port() != 0) return listen;
  return free_address(*listen);
}

}  // namespace understudy
