// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>

#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

using std::chrono::milliseconds;

// A client that was not told of a limit of its own has this one.
constexpr milliseconds kHandshakeMax = std::chrono::seconds(5);

struct ReadTimeout {
  std::string_view part;  // "handshake", "header" or "body"
  milliseconds limit;
};

// "header=20", and Apache's longer "header=20-40,MinRate=500", of which the upper end counts.
std::optional<ReadTimeout> parse_read_timeout(const conf::Word& word,
                                              conf::Diagnostics& diagnostics) {
  const std::string_view text = word.text;
  const std::size_t equals = text.find('=');
  const std::size_t comma = text.find(',');
  const std::string_view part = text.substr(0, equals);
  std::string_view value;
  if (equals != std::string_view::npos && equals < comma) {
    value = text.substr(equals + 1, comma == std::string_view::npos ? comma : comma - equals - 1);
  }
  const std::size_t dash = value.find('-');
  const auto first = conf::parse_duration(value.substr(0, dash), conf::TimeUnit::kSeconds);
  auto last = first;
  if (dash != std::string_view::npos) {
    last = conf::parse_duration(value.substr(dash + 1), conf::TimeUnit::kSeconds);
  }
  const bool is_header = conf::equal_ignoring_case(part, "header");
  const bool is_body = conf::equal_ignoring_case(part, "body");
  const bool is_handshake = conf::equal_ignoring_case(part, "handshake");
  if ((!is_header && !is_body && !is_handshake) || !first || !last || *last < *first) {
    diagnostics.error(word, "expected handshake=SECONDS, header=SECONDS or body=SECONDS, not '" +
                                word.text + "'");
    return std::nullopt;
  }
  if (comma != std::string_view::npos) {
    diagnostics.warning(
        word, "MinRate is ignored: the limit is " + conf::duration_text(*last) + " at any rate");
  }
  return ReadTimeout{.part = is_handshake ? "handshake"
                             : is_header  ? "header"
                                          : "body",
                     .limit = *last};
}

}  // namespace

ClientTimeouts bind_timeouts(const conf::Settings& settings, conf::Diagnostics& diagnostics) {
  ClientTimeouts timeouts;
  timeouts.silence = settings.duration("Timeout");
  timeouts.handshake = kHandshakeMax;
  for (const conf::Word& word : settings.words("RequestReadTimeout")) {
    const auto parsed = parse_read_timeout(word, diagnostics);
    if (!parsed) continue;
    if (parsed->part == "handshake") {
      timeouts.handshake.reset();
      if (parsed->limit != milliseconds(0)) timeouts.handshake = parsed->limit;
      continue;
    }
    if (parsed->limit == milliseconds(0)) continue;
    (parsed->part == "header" ? timeouts.request_head : timeouts.body_silence) = parsed->limit;
  }
  const milliseconds keep_alive = settings.duration("KeepAliveTimeout");
  if (settings.flag("KeepAlive") && keep_alive.count() != 0) timeouts.keep_alive = keep_alive;
  const auto requests = static_cast<std::uint64_t>(settings.integer("MaxKeepAliveRequests"));
  if (requests != 0) timeouts.requests_per_connection = requests;
  return timeouts;
}

RequestLimits bind_limits(const conf::Settings& settings) {
  RequestLimits limits;
  limits.line_bytes_max = settings.bytes("LimitRequestLine");
  limits.fields_max = static_cast<std::size_t>(settings.integer("LimitRequestFields"));
  limits.field_bytes_max = settings.bytes("LimitRequestFieldSize");
  return limits;
}

}  // namespace understudy::config
