// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/session_values.h"

#include <algorithm>

#include "cookies/cookie_header.h"

namespace understudy {
namespace {

using http::FieldId;

// Empty behind a value that was decoded, and so does not lie in `text`.
std::string_view behind(std::string_view value, std::string_view text) {
  const auto end = static_cast<std::size_t>(value.data() + value.size() - text.data());
  return end <= text.size() ? text.substr(end) : std::string_view();
}

}  // namespace

std::optional<std::string_view> find_query_parameter(std::string_view query,
                                                     std::string_view name) {
  if (name.empty()) return std::nullopt;
  if (query.starts_with('?')) query.remove_prefix(1);
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=') {
      return one.substr(name.size() + 1);
    }
    query.remove_prefix(std::min(one.size() + 1, query.size()));
  }
  return std::nullopt;
}

SessionValues::SessionValues(const http::RequestHead& head, const WorkerCluster& cluster,
                             std::span<char> room)
    : head_(head),
      cluster_(cluster),
      room_(room),
      field_(head.fields.has(FieldId::kCookie) && !cluster.session_cookie().empty()
                 ? head.fields.begin()
                 : head.fields.end()),
      target_(cluster.session_parameter().empty() ? std::string_view() : head.target),
      query_(cluster.has_session_in_query() ? head.query : std::string_view()) {}

std::optional<std::string_view> SessionValues::next() {
  if (cluster_.has_session_in_query()) {
    if (const auto value = next_of_path()) return value;
    if (const auto value = next_of_query()) return value;
    return next_of_cookies();
  }
  if (const auto value = next_of_cookies()) return value;
  return next_of_path();
}

std::optional<std::string_view> SessionValues::next_of_cookies() {
  for (; field_ != head_.fields.end(); ++field_) {
    if (field_->id != FieldId::kCookie) continue;
    const std::string_view text = rest_.empty() ? field_->value : rest_;
    rest_ = {};
    const auto value = find_cookie(text, cluster_.session_cookie());
    if (!value) continue;
    rest_ = behind(*value, text);
    if (rest_.empty()) ++field_;
    return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> SessionValues::next_of_path() {
  if (target_.empty()) return std::nullopt;
  const auto value = find_path_parameter(target_, cluster_.session_parameter(), room_);
  target_ = value ? behind(*value, target_) : std::string_view();
  return value;
}

std::optional<std::string_view> SessionValues::next_of_query() {
  const auto value = find_query_parameter(query_, cluster_.session_parameter());
  query_ = value ? behind(*value, query_) : std::string_view();
  return value;
}

}  // namespace understudy
