// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/log_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>
#include <optional>

#include "base/tls_stream.h"
#include "cookies/contract.h"
#include "cookies/cookie_header.h"

namespace understudy {
namespace {

using config::LogLetter;

const std::string kDefaultTime = "[%d/%b/%Y:%H:%M:%S %z]";

bool is_meant(const config::LogItem& item, unsigned status) {
  if (item.statuses.empty()) return true;
  const bool is_named =
      std::find(item.statuses.begin(), item.statuses.end(), status) != item.statuses.end();
  return is_named != item.is_negated;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// The value of the first line of this name in a head's text, or in lines of the same form.
std::optional<std::string_view> find_line(std::string_view lines, std::string_view name) {
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (equal_ignoring_case(line.substr(0, colon), name)) return trimmed(line.substr(colon + 1));
  }
  return {};
}

std::string_view without_first_line(std::string_view head) {
  const std::size_t end = head.find('\n');
  return end == std::string_view::npos ? std::string_view{} : head.substr(end + 1);
}

std::string_view first_line(std::string_view head) {
  std::string_view line = head.substr(0, head.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

void append_number(uint64_t value, std::string& out) {
  fmt::format_to(std::back_inserter(out), "{}", value);
}

void append_time(const std::string& format, int64_t wall_us, std::string& out) {
  const std::time_t seconds = wall_us / 1'000'000;
  if (format == "sec") return append_number(static_cast<uint64_t>(seconds), out);
  if (format == "msec") return append_number(static_cast<uint64_t>(wall_us / 1000), out);
  if (format == "usec") return append_number(static_cast<uint64_t>(wall_us), out);
  if (format == "msec_frac") {
    fmt::format_to(std::back_inserter(out), "{:03}", wall_us / 1000 % 1000);
    return;
  }
  if (format == "usec_frac") {
    fmt::format_to(std::back_inserter(out), "{:06}", wall_us % 1'000'000);
    return;
  }
  std::tm local{};
  localtime_r(&seconds, &local);
  std::array<char, 256> text;
  out.append(text.data(), std::strftime(text.data(), text.size(), format.c_str(), &local));
}

void append_default_time(int64_t wall_us, LogFormat::TimeMemo* memo, std::string& out) {
  if (memo == nullptr) return append_time(kDefaultTime, wall_us, out);
  if (memo->second != wall_us / 1'000'000) {
    memo->second = wall_us / 1'000'000;
    memo->text.clear();
    append_time(kDefaultTime, wall_us, memo->text);
  }
  out += memo->text;
}

void append_mid(const std::optional<uint32_t>& mid, std::string& out) {
  if (!mid) {
    out += '-';
    return;
  }
  const MidText text = format_mid(*mid);
  out.append(text.data(), text.size());
}

}  // namespace

void append_escaped(std::string_view text, std::string& out) {
  for (const char c : text.substr(0, kLogValueBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
      case '\\':
        out += '\\';
        out += c;
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (byte < 0x20 || byte > 0x7e) {
          fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
        } else {
          out += c;
        }
    }
  }
}

void append_escaped_json(std::string_view text, std::string& out) {
  for (const char c : text.substr(0, kLogValueBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte > 0x7e) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
}

LogFormat::LogFormat(config::LogFormat format) : format_(std::move(format)) {
  for (const config::LogItem& item : format_.items) {
    if (item.letter == LogLetter::kResponseField) response_fields_.push_back(item.text);
  }
}

Result<LogFormat> LogFormat::compile(std::string_view format, config::LogEscape escape) {
  auto items = config::parse_log_format(format);
  if (!items) return std::move(items).error();
  return LogFormat({.text = std::string(format), .items = *std::move(items), .escape = escape});
}

void LogFormat::escape(std::string_view text, std::string& out) const {
  if (format_.escape == config::LogEscape::kJson) return append_escaped_json(text, out);
  append_escaped(text, out);
}

void LogFormat::append(const AccessRecord& record, const Context& context, std::string& out) const {
  for (const config::LogItem& item : format_.items) {
    if (is_meant(item, record.status)) {
      append_item(item, record, context, out);
    } else {
      out += '-';
    }
  }
  out += '\n';
}

void LogFormat::append_item(const config::LogItem& item, const AccessRecord& record,
                            const Context& context, std::string& out) const {
  const int64_t us = std::chrono::duration_cast<std::chrono::microseconds>(record.duration).count();
  switch (item.letter) {
    case LogLetter::kText:
      out += item.text;
      return;
    case LogLetter::kNothing:
      out += '-';
      return;
    case LogLetter::kTime:
      return append_default_time(context.wall_us - (item.is_end ? 0 : us), context.memo, out);
    case LogLetter::kTimeInFormat:
      return append_time(item.text, context.wall_us - (item.is_end ? 0 : us), out);
    case LogLetter::kStatus:
      if (record.status == 0) {
        out += '-';
      } else {
        append_number(record.status, out);
      }
      return;
    case LogLetter::kBodySentOrDash:
      if (record.body_bytes_sent == 0) {
        out += '-';
        return;
      }
      return append_number(record.body_bytes_sent, out);
    case LogLetter::kBodySent:
      return append_number(record.body_bytes_sent, out);
    case LogLetter::kBytesReceived:
      return append_number(record.head.size() + record.body_bytes_received, out);
    case LogLetter::kBytesSent:
      return append_number(record.head_bytes_sent + record.body_bytes_sent, out);
    case LogLetter::kBytesMoved:
      return append_number(record.head.size() + record.body_bytes_received +
                               record.head_bytes_sent + record.body_bytes_sent,
                           out);
    case LogLetter::kEarlierRequests:
      return append_number(record.earlier_requests, out);
    case LogLetter::kConnectionStatus:
      out += record.aborted ? 'X' : record.keeps_alive ? '+' : '-';
      return;
    case LogLetter::kMicroseconds:
      return append_number(static_cast<uint64_t>(us), out);
    case LogLetter::kMilliseconds:
      return append_number(static_cast<uint64_t>(us / 1000), out);
    case LogLetter::kSeconds:
      return append_number(static_cast<uint64_t>(us / 1'000'000), out);
    case LogLetter::kLocalPort:
      return append_number(record.client.local_port, out);
    case LogLetter::kRemotePort:
      return append_number(record.client.address.port(), out);
    case LogLetter::kPrimary:
      return append_mid(record.primary, out);
    case LogLetter::kSecondary:
      return append_mid(record.secondary, out);
    case LogLetter::kTries:
      return append_number(record.tries, out);
    case LogLetter::kHedge:
      out += record.hedge == HedgeOutcome::kNone   ? "-"
             : record.hedge == HedgeOutcome::kLost ? "lost"
                                                   : "won";
      return;
    case LogLetter::kRequestId: {
      if (!record.kept_request_id.empty()) return append_from_outside(item, record, out);
      if (record.request_id == 0) {
        out += '-';
        return;
      }
      const Hex64 id = format_hex64(record.request_id);
      out.append(id.data(), id.size());
      return;
    }
    case LogLetter::kServerName:
      out += context.server_name.empty() ? std::string_view("-") : context.server_name;
      return;
    default:
      return append_from_outside(item, record, out);
  }
}

void LogFormat::append_from_outside(const config::LogItem& item, const AccessRecord& record,
                                    std::string& out) const {
  const std::string_view path = record.target.substr(0, record.target.find('?'));
  std::optional<std::string_view> value;
  Address::HostText room;
  switch (item.letter) {
    case LogLetter::kClientHost:
      value = record.remote_host.empty() ? record.client.address.host(room) : record.remote_host;
      break;
    case LogLetter::kPeerHost:
      value = record.client.address.host(room);
      break;
    case LogLetter::kRequestId:
      value = record.kept_request_id;
      break;
    case LogLetter::kResponseField:
      value = find_line(record.response_fields, item.text);
      break;
    case LogLetter::kTls:
      if (record.client.tls != nullptr && record.client.tls->is_established()) {
        value = record.client.tls->peer().fact(item.fact);
      }
      break;
    case LogLetter::kRequestLine:
      value = first_line(record.head);
      break;
    case LogLetter::kRequestField:
      value = find_line(without_first_line(record.head), item.text);
      break;
    case LogLetter::kCookie:
      if (const auto cookies = find_line(without_first_line(record.head), "cookie")) {
        value = find_cookie(*cookies, item.text);
      }
      break;
    case LogLetter::kVersion:
      value = record.version;
      break;
    case LogLetter::kMethod:
      value = record.method;
      break;
    case LogLetter::kPath:
      value = path;
      break;
    case LogLetter::kQuery:
      // Nothing at all where there is none, as in Apache.
      return escape(record.target.substr(path.size()), out);
    case LogLetter::kHost:
      value = find_line(without_first_line(record.head), "host");
      break;
    case LogLetter::kMember:
      value = record.member;
      break;
    case LogLetter::kWhy:
      value = record.why;
      break;
    case LogLetter::kFailure:
      value = record.failure;
      break;
    default:
      break;
  }
  if (!value || value->empty()) {
    out += '-';
    return;
  }
  escape(*value, out);
}

}  // namespace understudy
