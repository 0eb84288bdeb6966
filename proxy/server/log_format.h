// SPDX-License-Identifier: Apache-2.0
// One line of the access log, in Apache's letters: compiled once from a LogFormat, then appended
// for each exchange. It writes no file (access_log.h does). Immutable after compile, any thread.
//
// Understood: %h %a %l %u %t %{FORMAT}t %r %s %>s %b %B %I %D %T %{UNIT}T %{NAME}i
// %{NAME}C %H %m %U %q %v %V %p %{remote}p %%, and of our own %{primary}u %{secondary}u
// %{member}u %{why}u %{failure}u %{tries}u %{id}u. `<` and `>` make no difference.
// What comes from outside is escaped as Apache does: no byte of it can begin a line or end a quote.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/exchange/access_record.h"

namespace understudy {

inline constexpr std::size_t kLogFormatItemsMax = 128;
inline constexpr std::size_t kLogValueBytesMax = 8192;  // of one value; the rest is cut

class LogFormat final {
 public:
  // kInvalid names the letter that is not known.
  static Result<LogFormat> compile(std::string_view format);

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
  enum class What : uint8_t {
    kText,
    kClientHost,
    kNothing,  // what a proxy never knows: a dash
    kTime,     // in Apache's form
    kTimeInFormat,
    kRequestLine,
    kStatus,
    kBodySentOrDash,
    kBodySent,
    kBytesReceived,
    kMicroseconds,
    kMilliseconds,
    kSeconds,
    kRequestField,
    kCookie,
    kVersion,
    kMethod,
    kPath,
    kQuery,
    kServerName,
    kHost,
    kLocalPort,
    kRemotePort,
    kPrimary,
    kSecondary,
    kMember,
    kWhy,
    kFailure,
    kTries,
    kRequestId,
  };
  struct Item {
    What what = What::kText;
    std::string text = {};  // kText; the name or format of others
  };

  static Result<Item> letter(char c, std::string_view argument, std::string_view format);
  static void append_item(const Item& item, const AccessRecord& record, const Context& context,
                          std::string& out);
  static void append_from_outside(const Item& item, const AccessRecord& record, std::string& out);

  // Constant after compile.
  std::vector<Item> items_;
};

// As Apache: quote and backslash with a backslash, control bytes and those above 0x7e as \n, \t ...
// or \xhh.
void append_escaped(std::string_view text, std::string& out);

}  // namespace understudy
