// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/log_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>
#include <optional>

#include "cookies/contract.h"
#include "cookies/cookie_header.h"

namespace understudy {
namespace {

const std::string kDefaultTime = "[%d/%b/%Y:%H:%M:%S %z]";

Error unknown(std::string_view what, std::string_view format) {
  return {.code = ErrorCode::kInvalid,
          .detail = fmt::format("the log format '{}' has '{}', which is not known", format, what)};
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

Result<LogFormat::Item> LogFormat::letter(char c, std::string_view argument,
                                          std::string_view format) {
  const std::string name(argument);
  if (argument.empty()) {
    switch (c) {
      case 'h':
      case 'a':
        return Item{What::kClientHost};
      case 'l':
      case 'u':
        return Item{What::kNothing};
      case 't':
        return Item{What::kTime};
      case 'r':
        return Item{What::kRequestLine};
      case 's':
        return Item{What::kStatus};
      case 'b':
        return Item{What::kBodySentOrDash};
      case 'B':
        return Item{What::kBodySent};
      case 'I':
        return Item{What::kBytesReceived};
      case 'D':
        return Item{What::kMicroseconds};
      case 'T':
        return Item{What::kSeconds};
      case 'H':
        return Item{What::kVersion};
      case 'm':
        return Item{What::kMethod};
      case 'U':
        return Item{What::kPath};
      case 'q':
        return Item{What::kQuery};
      case 'v':
        return Item{What::kServerName};
      case 'V':
        return Item{What::kHost};
      case 'p':
        return Item{What::kLocalPort};
      case '%':
        return Item{What::kText, "%"};
      default:
        return unknown(std::string("%") + c, format);
    }
  }
  if (c == 'i') return Item{What::kRequestField, name};
  if (c == 'C') return Item{What::kCookie, name};
  if (c == 't') return Item{What::kTimeInFormat, name};
  if (c == 'T' && name == "us") return Item{What::kMicroseconds};
  if (c == 'T' && name == "ms") return Item{What::kMilliseconds};
  if (c == 'T' && name == "s") return Item{What::kSeconds};
  if (c == 'p' && (name == "local" || name == "canonical")) return Item{What::kLocalPort};
  if (c == 'p' && name == "remote") return Item{What::kRemotePort};
  if (c == 'u' && name == "primary") return Item{What::kPrimary};
  if (c == 'u' && name == "secondary") return Item{What::kSecondary};
  if (c == 'u' && name == "member") return Item{What::kMember};
  if (c == 'u' && name == "why") return Item{What::kWhy};
  if (c == 'u' && name == "failure") return Item{What::kFailure};
  if (c == 'u' && name == "tries") return Item{What::kTries};
  if (c == 'u' && name == "id") return Item{What::kRequestId};
  return unknown("%{" + name + "}" + c, format);
}

Result<LogFormat> LogFormat::compile(std::string_view format) {
  LogFormat out;
  std::string text;
  const auto end_text = [&] {
    if (!text.empty()) out.items_.push_back({What::kText, std::exchange(text, {})});
  };
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] == '\\' && i + 1 < format.size()) {
      const char c = format[++i];
      if (c == 'n' || c == 't') {
        text += c == 'n' ? '\n' : '\t';
      } else {
        text += c;
      }
      continue;
    }
    if (format[i] != '%') {
      text += format[i];
      continue;
    }
    const std::size_t begin = i++;
    while (i < format.size() && (format[i] == '<' || format[i] == '>')) ++i;
    std::string_view argument;
    if (i < format.size() && format[i] == '{') {
      const std::size_t close = format.find('}', i);
      if (close == std::string_view::npos) return unknown(format.substr(begin), format);
      argument = format.substr(i + 1, close - i - 1);
      i = close + 1;
      if (argument.empty()) return unknown("%{}", format);
    }
    if (i >= format.size()) return unknown(format.substr(begin), format);
    Result<Item> item = letter(format[i], argument, format);
    if (!item) return std::move(item).error();
    end_text();
    out.items_.push_back(*std::move(item));
  }
  end_text();
  if (out.items_.size() > kLogFormatItemsMax) {
    return Error{.code = ErrorCode::kTooLarge,
                 .detail = fmt::format("a log format has at most {} parts", kLogFormatItemsMax)};
  }
  return out;
}

void LogFormat::append(const AccessRecord& record, const Context& context, std::string& out) const {
  for (const Item& item : items_) append_item(item, record, context, out);
  out += '\n';
}

void LogFormat::append_item(const Item& item, const AccessRecord& record, const Context& context,
                            std::string& out) {
  const int64_t us = std::chrono::duration_cast<std::chrono::microseconds>(record.duration).count();
  switch (item.what) {
    case What::kText:
      out += item.text;
      return;
    case What::kNothing:
      out += '-';
      return;
    case What::kTime:
      return append_default_time(context.wall_us - us, context.memo, out);
    case What::kTimeInFormat:
      return append_time(item.text, context.wall_us - us, out);
    case What::kStatus:
      if (record.status == 0) {
        out += '-';
      } else {
        append_number(record.status, out);
      }
      return;
    case What::kBodySentOrDash:
      if (record.body_bytes_sent == 0) {
        out += '-';
        return;
      }
      return append_number(record.body_bytes_sent, out);
    case What::kBodySent:
      return append_number(record.body_bytes_sent, out);
    case What::kBytesReceived:
      return append_number(record.head.size() + record.body_bytes_received, out);
    case What::kMicroseconds:
      return append_number(static_cast<uint64_t>(us), out);
    case What::kMilliseconds:
      return append_number(static_cast<uint64_t>(us / 1000), out);
    case What::kSeconds:
      return append_number(static_cast<uint64_t>(us / 1'000'000), out);
    case What::kLocalPort:
      return append_number(record.client.local_port, out);
    case What::kRemotePort:
      return append_number(record.client.address.port(), out);
    case What::kPrimary:
      return append_mid(record.primary, out);
    case What::kSecondary:
      return append_mid(record.secondary, out);
    case What::kTries:
      return append_number(record.tries, out);
    case What::kRequestId: {
      const Hex64 id = format_hex64(record.request_id);
      out.append(id.data(), id.size());
      return;
    }
    case What::kServerName:
      out += context.server_name.empty() ? std::string_view("-") : context.server_name;
      return;
    default:
      return append_from_outside(item, record, out);
  }
}

void LogFormat::append_from_outside(const Item& item, const AccessRecord& record,
                                    std::string& out) {
  const std::string_view path = record.target.substr(0, record.target.find('?'));
  std::optional<std::string_view> value;
  switch (item.what) {
    case What::kClientHost:
      value = record.client.host;
      break;
    case What::kRequestLine:
      value = first_line(record.head);
      break;
    case What::kRequestField:
      value = find_line(without_first_line(record.head), item.text);
      break;
    case What::kCookie:
      if (const auto cookies = find_line(without_first_line(record.head), "cookie")) {
        value = find_cookie(*cookies, item.text);
      }
      break;
    case What::kVersion:
      value = record.version;
      break;
    case What::kMethod:
      value = record.method;
      break;
    case What::kPath:
      value = path;
      break;
    case What::kQuery:
      // Nothing at all where there is none, as in Apache.
      return append_escaped(record.target.substr(path.size()), out);
    case What::kHost:
      value = find_line(without_first_line(record.head), "host");
      break;
    case What::kMember:
      value = record.member;
      break;
    case What::kWhy:
      value = record.why;
      break;
    case What::kFailure:
      value = record.failure;
      break;
    default:
      break;
  }
  if (!value || value->empty()) {
    out += '-';
    return;
  }
  append_escaped(*value, out);
}

}  // namespace understudy
