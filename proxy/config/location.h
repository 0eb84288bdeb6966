// SPDX-License-Identifier: Apache-2.0
// One <Location>: a path or a pattern of paths, the cluster behind it, what is changed on the way,
// and what happens when a member fails. A value of the immutable Config; any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/pattern.h"
#include "proxy/config/error_pages.h"
#include "proxy/config/forwarding.h"
#include "proxy/config/path_rules.h"
#include "proxy/http/field_edits.h"

namespace understudy::apache {
struct Rules;
}

namespace understudy::config {

// Which requests may be sent again after a byte of them was sent.
enum class Resend : std::uint8_t { kAll, kIdempotent, kNone };

struct Failover {
  std::chrono::milliseconds connect_timeout{};  // ConnectTimeoutSecs: then 503
  std::chrono::milliseconds connect_retry{};    // ConnectRetrySecs: pause after a fruitless round
  std::chrono::milliseconds io_timeout{};       // IOTimeoutSecs: silence of a member
  bool idempotent = true;                       // Idempotent; Off: never again once sent
  Resend on_timeout = Resend::kIdempotent;      // RetryOnTimeout
  Resend on_dropped = Resend::kIdempotent;      // RetryAfterDroppedConnection
  Resend on_503 = Resend::kIdempotent;          // ServerInitiatedFailover
  bool on_503_is_said = false;                  // or it is the default
  bool sticky_only = false;                     // StickyOnly: Apache's nofailover
  // failonstatus=: a member that answers so is left alone for a while. With `asks_elsewhere`
  // (fail_on_status of mod_jk) another one is asked, as after 503.
  std::vector<std::uint16_t> failing_statuses = {};
  bool asks_elsewhere = false;
  bool fails_on(unsigned status) const;
  bool idempotency_key = false;             // IdempotencyKey: such a POST counts as idempotent
  bool session_replay = false;              // SessionReplay: any request may be sent again
  std::size_t replay_buffer_bytes_max = 0;  // ReplayBufferSize: of one request's body
  std::uint64_t replay_file_bytes_max = 0;  // ReplayFileSize; 0 with FileCaching Off
  std::string temp_directory;               // TempDir

  unsigned resend_limit = 1;  // ResendLimit: after the connection broke on the request

  // Whether any request that is not idempotent may be sent a second time.
  bool resends_all() const {
    const bool by_knob =
        on_timeout == Resend::kAll || on_dropped == Resend::kAll || on_503 == Resend::kAll;
    return session_replay || (idempotent && by_knob);
  }
  std::chrono::milliseconds hedge_delay{};  // HedgeDelay; 0: no second tries
  unsigned retry_percent = 20;              // RetryBudget: of the exchanges under way
  unsigned retry_floor = 3;                 // RetryBudgetFloor: so many always may

  // Rounds over all members before 503; at least two, as the plug-in does.
  std::size_t rounds_max() const;
};

// What a section says about header fields, in the order written.
struct HeaderEdits {
  http::FieldEdits request;   // RequestHeader
  http::FieldEdits response;  // Header
};

struct Location {
  // In this order they are asked which of them answers a request.
  enum class Kind : std::uint8_t {
    kExpression,  // <LocationMatch>: the first that matches
    kPath,        // "/shop" matches itself and what is below it; the longest
    kGlob,        // MatchExpression "*.jsp": the first that matches
    kChosen,      // by the rules of the host only
  };
  std::string path;    // or the pattern as written
  std::string origin;  // "site.conf:12": of what names its members
  Kind kind = Kind::kPath;
  std::shared_ptr<const Pattern> expression;  // kExpression

  bool is_proxied = true;   // false: `ProxyPass !`, and nothing below counts
  std::size_t cluster = 0;  // index into Config::clusters
  // ProxyPreserveHost; false: members get `host`, or their own name where it is empty, in Host.
  bool preserves_host = true;
  std::string host = {};
  Failover failover;
  std::uint64_t body_bytes_max = 0;                 // kUnlimitedBodyBytes: no limit
  std::chrono::milliseconds tunnel_idle_timeout{};  // WebSocketIdleTimeout

  // JkEnvVar: variables that members are told in AJP, and what they are where nothing sets them.
  struct Attribute {
    std::string name;
    std::optional<std::string> otherwise;
  };
  std::vector<Attribute> attributes;

  // ProxyErrorOverride: answers of members that the proxy's own pages take the place of.
  bool overrides_errors = false;
  std::vector<std::uint16_t> overridden;  // empty: all from 400 on, but 401
  bool overrides(unsigned status) const;

  PathRules paths;
  bool forwards_raw = false;           // nocanon: members get the path as the client wrote it
  bool refuses_slash_escapes = false;  // ProxyPass without AllowEncodedSlashes: %2F is 404
  std::vector<ReverseRule> reverse;    // the first that fits a redirect
  std::vector<CookieRule> cookies;     // the first that fits an attribute
  std::vector<std::string> excluded;   // WLExcludePathOrMimeType: not proxied all the same
  Forwarding forwarding;

  // Said in this very section; what the host says comes before, or counts where this is silent.
  HeaderEdits edits;
  ErrorPages errors;

  // Null: none of Apache's rules is about its requests. Otherwise they hold the edits as well.
  std::shared_ptr<const apache::Rules> rules;
};

}  // namespace understudy::config
