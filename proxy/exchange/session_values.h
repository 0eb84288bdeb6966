// SPDX-License-Identifier: Apache-2.0
// The values that a request's head has for its session: those of the cookies of that name, one
// after another, then those of the path's parameters. With Apache's stickysession= the path and the
// query go first, as there. Each lives until the next one is asked for. Used by exchange.cc, within
// one call.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "cookies/cookie_header.h"
#include "proxy/exchange/worker_cluster.h"
#include "proxy/http/message.h"
#include "proxy/io/io_context.h"

namespace understudy {

class SessionValues final {
 public:
  SessionValues(const http::RequestHead& head, const WorkerCluster& cluster, std::span<char> room)
      : cluster_(cluster),
        room_(room),
        field_(head.fields.has(http::FieldId::kCookie) && !cluster.session_cookie().empty()
                   ? head.fields.begin()
                   : head.fields.end()),
        fields_end_(head.fields.end()),
        target_(cluster.session_parameter().empty() ? std::string_view() : head.target),
        query_(cluster.has_session_in_query() ? head.query : std::string_view()) {}

  // Within its caller: one call a request costs more than what it does.
  [[gnu::always_inline]] std::optional<std::string_view> next() {
    if (cluster_.has_session_in_query()) {
      if (const auto value = next_of_path()) return value;
      if (const auto value = next_of_query()) return value;
    }
    for (; field_ != fields_end_; ++field_) {
      if (field_->id != http::FieldId::kCookie) continue;
      const std::string_view text = rest_.empty() ? field_->value : rest_;
      rest_ = {};
      const auto value = find_cookie(text, cluster_.session_cookie());
      if (!value) continue;
      rest_ = behind(*value, text);
      if (rest_.empty()) ++field_;
      return value;
    }
    return next_of_path();
  }

 private:
  // Empty behind a value that was decoded, and so does not lie in `text`.
  static std::string_view behind(std::string_view value, std::string_view text) {
    const auto end = static_cast<std::size_t>(value.data() + value.size() - text.data());
    return end <= text.size() ? text.substr(end) : std::string_view();
  }
  std::optional<std::string_view> next_of_path();
  std::optional<std::string_view> next_of_query();

  const WorkerCluster& cluster_;
  const std::span<char> room_;
  const http::Field* field_;
  const http::Field* const fields_end_;
  std::string_view rest_;    // of that field
  std::string_view target_;  // what is left of it
  std::string_view query_;   // the same; empty unless it is looked at
};

// The value of the first `name=value` in a query, which may begin with '?': ends at '&'. Exactly
// this name, nothing decoded, as in mod_proxy_balancer.
std::optional<std::string_view> find_query_parameter(std::string_view query, std::string_view name);

}  // namespace understudy
