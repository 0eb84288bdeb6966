// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "conf/values.h"
#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPluginIoTimeoutMin = std::chrono::seconds(10);

Resend bind_resend(std::string_view text) {
  if (text == "ALL") return Resend::kAll;
  return text == "NONE" ? Resend::kNone : Resend::kIdempotent;
}

// A directory that takes no files is found now and not under load.
// The plug-in's directives have the plug-in's default, On, where files can be kept.
void bind_file_caching(const conf::Settings& settings, bool is_plugin, const conf::Word& where,
                       Failover& failover, Binding& binding) {
  const bool is_default = is_plugin && !settings.is_set("FileCaching");
  if (!is_default && !settings.flag("FileCaching")) return;
  failover.replay_file_bytes_max = settings.bytes("ReplayFileSize");
  failover.temp_directory = settings.text("TempDir");
  const conf::Directive* directive = settings.directive("TempDir");
  if (directive != nullptr) {
    failover.temp_directory = binding.source.resolved_path(directive->arguments.front());
  }
  if (::access(failover.temp_directory.c_str(), W_OK | X_OK) == 0) return;
  if (is_default) {
    failover.replay_file_bytes_max = 0;
    return;
  }
  binding.diagnostics().error(
      directive != nullptr ? directive->arguments.front() : where,
      "FileCaching cannot keep files in " + failover.temp_directory + ": " + std::strerror(errno));
}

// Of the member's URL, else IOTimeoutSecs, else Apache's ProxyTimeout.
milliseconds bind_io_timeout(const conf::Settings& settings, const Seeds& seeds,
                             conf::Diagnostics& diagnostics) {
  if (seeds.tuning.timeout && seeds.tuning.timeout->count() > 0) return *seeds.tuning.timeout;
  const bool has_own = settings.is_set("IOTimeoutSecs") || !settings.is_set("ProxyTimeout");
  const conf::Directive* const own = settings.directive("IOTimeoutSecs");
  const bool is_of_plugin =
      own != nullptr && !conf::equal_ignoring_case(own->name.text, "IOTimeoutSecs");
  if (is_of_plugin && settings.duration("IOTimeoutSecs") < kPluginIoTimeoutMin) {
    diagnostics.warning(own->arguments.front(), own->name.text + " is at least " +
                                                    conf::duration_text(kPluginIoTimeoutMin) +
                                                    ", as in the plug-in");
    return kPluginIoTimeoutMin;
  }
  return settings.duration(has_own ? "IOTimeoutSecs" : "ProxyTimeout");
}

}  // namespace

std::size_t Failover::rounds_max() const {
  constexpr std::size_t kLeast = 2;
  if (connect_retry <= milliseconds(0)) return kLeast;
  return std::max(kLeast, static_cast<std::size_t>(connect_timeout / connect_retry));
}

bool Failover::fails_on(unsigned status) const {
  return std::find(failing_statuses.begin(), failing_statuses.end(), status) !=
         failing_statuses.end();
}

Failover bind_failover(const conf::Settings& settings, const Seeds& seeds, const conf::Word& where,
                       Binding& binding) {
  conf::Diagnostics& diagnostics = binding.diagnostics();
  Failover failover;
  failover.connect_timeout = settings.duration("ConnectTimeoutSecs");
  failover.connect_retry = settings.duration("ConnectRetrySecs");
  failover.io_timeout = bind_io_timeout(settings, seeds, diagnostics);
  failover.idempotent = settings.flag("Idempotent");
  failover.on_timeout = bind_resend(settings.text("RetryOnTimeout"));
  failover.on_dropped = bind_resend(settings.text("RetryAfterDroppedConnection"));
  failover.on_503 = bind_resend(settings.text("ServerInitiatedFailover"));
  failover.on_503_is_said = settings.is_set("ServerInitiatedFailover");
  failover.sticky_only = settings.flag("StickyOnly");
  if (seeds.tuning.nofailover && !settings.is_set("StickyOnly")) {
    failover.sticky_only = *seeds.tuning.nofailover;
  }
  failover.failing_statuses = seeds.tuning.failing_statuses;
  failover.asks_elsewhere = seeds.tuning.asks_elsewhere;
  if (seeds.tuning.never_again && !settings.is_set("Idempotent")) failover.idempotent = false;
  failover.idempotency_key = settings.flag("IdempotencyKey");
  failover.session_replay = settings.flag("SessionReplay");
  failover.replay_buffer_bytes_max = settings.bytes("ReplayBufferSize");
  bind_file_caching(settings, seeds.is_plugin, where, failover, binding);
  failover.resend_limit = static_cast<unsigned>(settings.integer("ResendLimit"));
  failover.retry_percent = static_cast<unsigned>(settings.integer("RetryBudget"));
  failover.hedge_delay = settings.duration("HedgeDelay");
  failover.retry_floor = static_cast<unsigned>(settings.integer("RetryBudgetFloor"));
  if (failover.connect_timeout >= failover.connect_retry) return failover;

  const conf::Directive* timeout = settings.directive("ConnectTimeoutSecs");
  const conf::Directive* retry = settings.directive("ConnectRetrySecs");
  const conf::Directive* given = timeout != nullptr ? timeout : retry;
  diagnostics.error(given != nullptr ? given->arguments.front() : where,
                    "ConnectTimeoutSecs (" + conf::duration_text(failover.connect_timeout) +
                        ") is shorter than ConnectRetrySecs (" +
                        conf::duration_text(failover.connect_retry) + ")");
  return failover;
}

}  // namespace understudy::config
