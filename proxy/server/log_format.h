// SPDX-License-Identifier: Apache-2.0
// One line of the access log, in Apache's letters: compiled once from a LogFormat, then appended
// for each exchange. It writes no file (access_log.h does). Immutable after compile, any thread.
//
// The letters are those of config/log_items.h. What comes from outside is escaped as Apache does,
// or for JSON: no byte of it can begin a line or end a quote.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/config/access_log.h"
#include "proxy/exchange/access_record.h"

namespace understudy {

inline constexpr std::size_t kLogValueBytesMax = 8192;  // of one value; the rest is cut

class LogFormat final {
 public:
  explicit LogFormat(config::LogFormat format);
  // kInvalid names the letter that is not known.
  static Result<LogFormat> compile(std::string_view format,
                                   config::LogEscape escape = config::LogEscape::kApache);

  // The response fields that a line wants.
  const std::vector<std::string>& response_fields() const { return response_fields_; }

  // The second that %t wrote last: the calendar is asked once a second, not once a line.
  struct TimeMemo {
    int64_t second = -1;
    std::string text = {};
  };
  struct Context {
    std::string_view server_name = {};  // %v: of the virtual host
    int64_t wall_us = 0;                // when the exchange ended
    TimeMemo* memo = nullptr;           // borrowed; null: none
  };
  // With the line's end.
  void append(const AccessRecord& record, const Context& context, std::string& out) const;

 private:
  void append_item(const config::LogItem& item, const AccessRecord& record, const Context& context,
                   std::string& out) const;
  void append_from_outside(const config::LogItem& item, const AccessRecord& record,
                           std::string& out) const;
  void escape(std::string_view text, std::string& out) const;

  // Constant after construction.
  config::LogFormat format_;
  std::vector<std::string> response_fields_;
};

// As Apache: quote and backslash with a backslash, control bytes and those above 0x7e as \n, \t ...
// or \xhh.
void append_escaped(std::string_view text, std::string& out);
// As RFC 8259: quote, backslash and control bytes; every byte above 0x7e for itself as \u00hh, so
// that the line is text whatever the client sent.
void append_escaped_json(std::string_view text, std::string& out);

}  // namespace understudy
