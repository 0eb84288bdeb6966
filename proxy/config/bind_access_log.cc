// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/piped_program.h"
#include "conf/suggestion.h"
#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

constexpr std::string_view kCommon = R"(%h %l %u %t "%r" %>s %b)";
constexpr std::string_view kUnderstudy =
    R"(%h %l %u %t "%r" %>s %b %D %{member}u %{why}u %{tries}u %L)";
constexpr std::string_view kCombined = R"(%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i")";

// Nothing after an error.
std::optional<LogFormat> format_of(const conf::Word& word, LogEscape escape,
                                   conf::Diagnostics& diagnostics) {
  std::string dashes;
  auto items = parse_log_format(word.text, &dashes);
  if (!dashes.empty()) diagnostics.warning(word, "a dash is logged for " + dashes);
  if (items) return LogFormat{.text = word.text, .items = *std::move(items), .escape = escape};
  diagnostics.error(word, items.error().detail);
  return std::nullopt;
}

LogFormat predefined(std::string_view text) {
  return {.text = std::string(text), .items = *parse_log_format(text)};
}

bool is_stream(std::string_view path) {
  return path == "stdout" || path == "stderr";
}

bool is_condition(std::string_view text) {
  return text.starts_with("env=") || text.starts_with("expr=");
}

// Whether this log gets any line: no request has variables, so env=NAME holds for none of them and
// env=!NAME for all.
bool bind_condition(const conf::Word& word, Binding& binding) {
  const bool is_env = word.text.starts_with("env=");
  if (!is_env) {
    binding.diagnostics().error(word,
                                "expr= of a log is not supported; write a LogFormat with "
                                "%400,500{...} for statuses, or a second CustomLog");
    return false;
  }
  const bool gets_all = word.text.starts_with("env=!");
  binding.diagnostics().warning(
      word, gets_all ? "no variable is ever set here, so every request is logged"
                     : "no variable is ever set here, so this log stays empty and is not opened");
  return gets_all;
}

std::optional<AccessLog> bind_access_log(const conf::Directive& directive,
                                         const LogFormats& formats, Binding& binding) {
  const conf::Word& file = directive.arguments.front();
  if (is_syslog(file.text)) {
    binding.diagnostics().error(file,
                                "access logs go to a file, a stream or a program; write "
                                "\"|/usr/bin/logger -t NAME -p local7.info\"");
    return std::nullopt;
  }
  const auto path = bind_log_path(file, binding);
  if (!path) return std::nullopt;
  AccessLog log{.path = *path, .format = {}};
  std::vector<conf::Word> words(directive.arguments.begin() + 1, directive.arguments.end());
  const bool has_condition = !words.empty() && is_condition(words.back().text);
  if (has_condition && !bind_condition(words.back(), binding)) return std::nullopt;
  if (has_condition) words.pop_back();
  if (words.size() > 1) {
    binding.diagnostics().error(words[1], "'" + words[1].text + "' is one word too many");
    return std::nullopt;
  }
  if (words.empty()) {
    const bool is_apaches = conf::equal_ignoring_case(directive.name.text, "TransferLog");
    log.format = formats.at(is_apaches ? "common" : "understudy");
    return log;
  }

  const conf::Word& format = words.front();
  if (format.text.find('%') != std::string::npos) {
    auto own = format_of(format, LogEscape::kApache, binding.diagnostics());
    if (!own) return std::nullopt;
    log.format = *std::move(own);
    return log;
  }
  const auto found = formats.find(format.text);
  if (found == formats.end()) {
    std::vector<std::string_view> nicknames;
    for (const auto& [nickname, text] : formats) nicknames.push_back(nickname);
    binding.diagnostics().error(format, "no LogFormat has the nickname '" + format.text + "'",
                                std::string(conf::nearest(format.text, nicknames)));
    return std::nullopt;
  }
  log.format = found->second;
  return log;
}

}  // namespace

std::optional<std::string> bind_log_path(const conf::Word& word, Binding& binding) {
  const std::string& text = word.text;
  if (is_stream(text)) return text;
  if (is_syslog(text)) {
    const std::string why = why_no_syslog(text);
    if (why.empty()) return text;
    binding.diagnostics().error(word, why);
    return std::nullopt;
  }
  if (!is_program(text)) return binding.source.resolved_path(word);
  const std::vector<std::string> words = PipedProgram::words_of(text);
  if (words.empty()) {
    binding.diagnostics().error(word, "expected the name of a program behind '|'");
    return std::nullopt;
  }
  const std::string& program = words.front();
  if (program.starts_with('/') && ::access(program.c_str(), X_OK) != 0) {
    binding.diagnostics().warning(word, program + " cannot be run (" + std::strerror(errno) +
                                            "), so standard error gets these lines");
    return "stderr";
  }
  return text;
}

LogFormats predefined_formats() {
  return {{"common", predefined(kCommon)},
          {"combined", predefined(kCombined)},
          {"understudy", predefined(kUnderstudy)}};
}

void add_formats(const conf::Settings& settings, LogFormats& formats,
                 conf::Diagnostics& diagnostics) {
  for (const conf::Directive* directive : settings.all_here("LogFormat")) {
    const auto& words = directive->arguments;
    LogEscape escape = LogEscape::kApache;
    if (words.size() == 3) {
      if (conf::equal_ignoring_case(words[2].text, "escape=json")) {
        escape = LogEscape::kJson;
      } else if (!conf::equal_ignoring_case(words[2].text, "escape=apache")) {
        diagnostics.error(words[2],
                          "expected escape=json or escape=apache, not '" + words[2].text + "'");
      }
    }
    if (auto format = format_of(words[0], escape, diagnostics)) {
      formats.insert_or_assign(words[1].text, *std::move(format));
    } else {
      // So that who uses it is not told that it does not exist.
      formats.insert_or_assign(words[1].text, LogFormat());
    }
  }
}

std::vector<AccessLog> bind_access_logs(const conf::Settings& settings, const LogFormats& formats,
                                        Binding& binding) {
  std::vector<AccessLog> logs;
  for (const conf::Directive* directive : settings.all_here("CustomLog")) {
    auto log = bind_access_log(*directive, formats, binding);
    if (log) logs.push_back(*std::move(log));
  }
  return logs;
}

}  // namespace understudy::config
