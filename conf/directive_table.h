// SPDX-License-Identifier: Apache-2.0
// The one table of all directives: name, aliases, argument, range, default, where it may stand and
// what it is for. The checker, the typed readers (settings.h), "did you mean" and directives.md
// all come from it, so a default stands in exactly one place. Data, immutable; any thread.
//
// How a row reads: everything that is a value stands as the text that a configuration would use
// ("30m", "64K"), so the row, the page and the parser cannot disagree. The rows live in
// table_proxy.cc, table_balancing.cc, table_messages.cc, table_access.cc, table_rewrite.cc,
// table_tls.cc, table_backend.cc, table_apache.cc and table_harmless.cc (the last two: accepted or
// refused for the sake of an existing httpd.conf).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::conf {

enum class Program : std::uint8_t { kProxy, kBackend };

// Where a directive may stand; a row has a set of them.
using Contexts = std::uint8_t;
inline constexpr Contexts kGlobal = 1;
inline constexpr Contexts kVirtualHost = 2;
inline constexpr Contexts kLocation = 4;
inline constexpr Contexts kProxySection = 8;  // <Proxy "balancer://name">
inline constexpr Contexts kAccess = 16;       // <Limit>, <RequireAll> and their like
inline constexpr Contexts kEverywhere = kGlobal | kVirtualHost | kLocation;

enum class Argument : std::uint8_t {
  kFlag,  // On or Off
  kInteger,
  kDuration,
  kSize,       // bytes, with K, M, G
  kChoice,     // one of `choices`
  kAddress,    // host:port
  kListen,     // port, *:port or host:port
  kAddresses,  // host:port,host:port in one or several words
  kPath,       // relative to the file it stands in
  kText,       // one word
  kWords,      // words_min to words_max of them; the owner looks inside
};

enum class Status : std::uint8_t {
  kWorks,
  kIgnored,  // accepted with a warning: it changes nothing here
  kRefused,  // known, and not done here; ignoring it would change what is served or to whom
};

struct DirectiveSpec {
  std::string_view name;
  std::string_view aliases = {};  // separated by blanks
  Program program = Program::kProxy;
  Contexts contexts = kGlobal;
  Argument argument = Argument::kText;
  std::string_view default_text = {};  // as an argument; empty: none
  std::string_view minimum = {};       // as an argument; empty: no bound of its own
  std::string_view maximum = {};
  bool bare_is_milliseconds = false;  // unit of a bare number in a duration, else seconds
  std::string_view choices = {};      // separated by '|', matched ignoring case
  std::string_view named = {};  // "auto=0 all=9": words that stand for values, exempt from range
  std::size_t words_min = 1;    // kWords only
  std::size_t words_max = 1;
  bool may_repeat = false;   // more than once in one section
  bool is_required = false;  // in the global section
  bool is_section = false;
  Contexts opens = 0;  // of a section that works: what its inside is
  Status status = Status::kWorks;
  std::string_view harmless = {};     // kRefused: this argument asks for what happens anyway
  std::string_view description = {};  // kIgnored, kRefused: why, as the end of a sentence
};

// The rows by origin, each in the order of the documentation.
std::span<const DirectiveSpec> proxy_rows();
std::span<const DirectiveSpec> tls_rows();        // of the proxy too
std::span<const DirectiveSpec> balancing_rows();  // of the proxy too
std::span<const DirectiveSpec> message_rows();    // what is changed on the way; of the proxy too
std::span<const DirectiveSpec> backend_rows();
std::span<const DirectiveSpec> session_rows(Program program);
std::span<const DirectiveSpec> access_rows();    // who may ask; of the proxy too
std::span<const DirectiveSpec> rewrite_rows();   // where a request goes; of the proxy too
std::span<const DirectiveSpec> apache_rows();    // of the proxy too: accepted or refused, not done
std::span<const DirectiveSpec> harmless_rows();  // the same: more that is accepted

// Every row of one program.
std::vector<const DirectiveSpec*> directives(Program program);

// By name or alias, ignoring letter case; null when there is none. Sections and plain directives
// have separate names.
const DirectiveSpec* find_directive(Program program, std::string_view name, bool is_section);

// All names and aliases that work in a context, for "did you mean".
std::vector<std::string_view> names_valid_in(Program program, Contexts context, bool is_section);

// The parts of `aliases` and `choices`.
std::vector<std::string_view> parts(std::string_view text, char separator);

// The value's own text: a named value replaced by what it stands for, else the text itself.
std::string_view value_text(const DirectiveSpec& spec, std::string_view text);

// "global configuration", "<Location>" ... of a set, joined by "or".
std::string contexts_text(Contexts contexts);

}  // namespace understudy::conf
