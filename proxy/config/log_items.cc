// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/log_items.h"

#include <unistd.h>

#include <charconv>
#include <optional>
#include <utility>

namespace understudy::config {

namespace {

struct Plain {
  char letter;
  LogLetter what;
};
constexpr Plain kPlain[] = {
    {'h', LogLetter::kClientHost},
    {'a', LogLetter::kClientHost},
    {'l', LogLetter::kNothing},
    {'u', LogLetter::kNothing},
    {'t', LogLetter::kTime},
    {'r', LogLetter::kRequestLine},
    {'s', LogLetter::kStatus},
    {'b', LogLetter::kBodySentOrDash},
    {'B', LogLetter::kBodySent},
    {'I', LogLetter::kBytesReceived},
    {'O', LogLetter::kBytesSent},
    {'S', LogLetter::kBytesMoved},
    {'D', LogLetter::kMicroseconds},
    {'T', LogLetter::kSeconds},
    {'H', LogLetter::kVersion},
    {'m', LogLetter::kMethod},
    {'U', LogLetter::kPath},
    {'q', LogLetter::kQuery},
    {'v', LogLetter::kServerName},
    {'V', LogLetter::kHost},
    {'p', LogLetter::kLocalPort},
    {'k', LogLetter::kEarlierRequests},
    {'X', LogLetter::kConnectionStatus},
    {'L', LogLetter::kRequestId},
};

struct Named {
  char letter;
  std::string_view name;
  LogLetter what;
};
constexpr Named kNamed[] = {
    {'a', "c", LogLetter::kPeerHost},          {'h', "c", LogLetter::kPeerHost},
    {'T', "us", LogLetter::kMicroseconds},     {'T', "ms", LogLetter::kMilliseconds},
    {'T', "s", LogLetter::kSeconds},           {'p', "local", LogLetter::kLocalPort},
    {'p', "canonical", LogLetter::kLocalPort}, {'p', "remote", LogLetter::kRemotePort},
    {'u', "primary", LogLetter::kPrimary},     {'u', "secondary", LogLetter::kSecondary},
    {'u', "member", LogLetter::kMember},       {'u', "why", LogLetter::kWhy},
    {'u', "failure", LogLetter::kFailure},     {'u', "tries", LogLetter::kTries},
    {'u', "id", LogLetter::kRequestId},        {'u', "hedge", LogLetter::kHedge},
};

// Apache's letters, and Oracle's, that mean nothing here, and why: a dash is logged.
struct Meaningless {
  char letter;
  std::string_view why;
};
constexpr Meaningless kMeaningless[] = {
    {'A', "the address a client connected to is that of the Listen"},
    {'e', "there are no environment variables of a request"},
    {'f', "no files are served"},
    {'n', "there are no notes of modules"},
    {'R', "there is one handler only"},
    {'E', "there are no execution context ids"},
};

class Parser final {
 public:
  Parser(std::string_view format, std::string* dashes) : format_(format), dashes_(dashes) {}

  Result<std::vector<LogItem>> run() {
    while (at_ < format_.size()) {
      if (format_[at_] == '\\' && at_ + 1 < format_.size()) {
        take_escape();
      } else if (format_[at_] != '%') {
        text_ += format_[at_++];
      } else if (auto refusal = take_letter()) {
        return std::move(*refusal);
      }
    }
    end_text();
    if (items_.size() > kLogItemsMax) {
      return Error{.code = ErrorCode::kTooLarge,
                   .detail = "a log format has at most " + std::to_string(kLogItemsMax) + " parts"};
    }
    return std::move(items_);
  }

 private:
  std::optional<Error> refuse(std::string_view letter, std::string_view why) const {
    return Error{.code = ErrorCode::kInvalid,
                 .detail = "the log format has '" + std::string(letter) + "', " + std::string(why)};
  }

  void take_escape() {
    const char c = format_[at_ + 1];
    text_ += c == 'n' ? '\n' : c == 't' ? '\t' : c;
    at_ += 2;
  }

  void end_text() {
    if (text_.empty()) return;
    items_.push_back({.text = std::exchange(text_, {})});
  }

  char here() const { return at_ < format_.size() ? format_[at_] : '\0'; }

  // "%[!]400,503": statuses that the item is for.
  bool take_statuses(LogItem& item) {
    if (here() == '!') item.is_negated = true, ++at_;
    while (here() >= '0' && here() <= '9') {
      std::uint16_t status = 0;
      const char* const end = format_.data() + format_.size();
      const auto read = std::from_chars(format_.data() + at_, end, status);
      if (read.ec != std::errc() || status < 100 || status > 599) return false;
      at_ = static_cast<std::size_t>(read.ptr - format_.data());
      item.statuses.push_back(status);
      if (here() == ',') ++at_;
    }
    return !item.is_negated || !item.statuses.empty();
  }

  // Nothing: it was right.
  std::optional<Error> take_letter() {
    const std::size_t begin = at_++;
    const auto whole = [&] { return format_.substr(begin, at_ + 1 - begin); };
    constexpr std::string_view kUnknown = "which is not known";
    LogItem item;
    // They tell the first request of an internal redirect from the last: there is one only.
    while (here() == '<' || here() == '>') ++at_;
    if (!take_statuses(item)) return refuse(whole(), "which names no status");
    while (here() == '<' || here() == '>') ++at_;
    std::optional<std::string_view> argument;
    if (here() == '{') {
      const std::size_t close = format_.find('}', at_);
      if (close == format_.npos) return refuse(format_.substr(begin), "which has no '}'");
      argument = format_.substr(at_ + 1, close - at_ - 1);
      at_ = close + 1;
    }
    if (at_ >= format_.size()) return refuse(format_.substr(begin), kUnknown);
    if (here() == '^') return refuse(whole(), "which means nothing here: trailers are not logged");
    const std::string_view why = why_meaningless(here());
    if (!why.empty()) {
      item.letter = LogLetter::kNothing;
      if (dashes_ != nullptr) {
        *dashes_ +=
            (dashes_->empty() ? "" : ", ") + std::string(whole()) + " (" + std::string(why) + ")";
      }
    } else if (!read_letter(here(), argument, item)) {
      return refuse(whole(), kUnknown);
    }
    ++at_;
    end_text();
    items_.push_back(std::move(item));
    return {};
  }

  static std::string_view why_meaningless(char letter) {
    for (const Meaningless& one : kMeaningless) {
      if (one.letter == letter) return one.why;
    }
    return {};
  }

  static bool read_letter(char letter, std::optional<std::string_view> argument, LogItem& item) {
    if (!argument) {
      if (letter == '%') item.text = "%";
      if (letter == 'P') item.text = std::to_string(::getpid());
      if (!item.text.empty()) return true;
      for (const Plain& plain : kPlain) {
        if (plain.letter == letter) return item.letter = plain.what, true;
      }
      return false;
    }
    if (argument->empty()) return false;
    item.text = *argument;
    switch (letter) {
      case 'i':
        return item.letter = LogLetter::kRequestField, true;
      case 'o':
        return item.letter = LogLetter::kResponseField, true;
      case 'C':
        return item.letter = LogLetter::kCookie, true;
      case 't':
        return read_time(item);
      case 'x': {
        const auto fact = find_tls_fact(*argument);
        item.letter = LogLetter::kTls;
        item.fact = fact.value_or(TlsFact::kProtocol);
        return fact.has_value();
      }
      default:
        break;
    }
    for (const Named& named : kNamed) {
      if (named.letter == letter && named.name == *argument) return item.letter = named.what, true;
    }
    return false;
  }

  static bool read_time(LogItem& item) {
    item.letter = LogLetter::kTimeInFormat;
    item.is_end = item.text.starts_with("end:");
    if (item.is_end) item.text.erase(0, 4);
    if (item.text.starts_with("begin:")) item.text.erase(0, 6);
    if (item.text.empty()) item.letter = LogLetter::kTime;
    return true;
  }

  const std::string_view format_;
  std::string* const dashes_;
  std::size_t at_ = 0;
  std::string text_;
  std::vector<LogItem> items_;
};

}  // namespace

Result<std::vector<LogItem>> parse_log_format(std::string_view format, std::string* dashes) {
  return Parser(format, dashes).run();
}

}  // namespace understudy::config
