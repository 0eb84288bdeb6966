// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>

#include "conf/suggestion.h"
#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

constexpr std::string_view kCommon = R"(%h %l %u %t "%r" %>s %b)";
constexpr std::string_view kCombined = R"(%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i")";

// Nothing after an error.
std::optional<LogFormat> format_of(const conf::Word& word, LogEscape escape,
                                   conf::Diagnostics& diagnostics) {
  auto items = parse_log_format(word.text);
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

std::optional<AccessLog> bind_access_log(const conf::Directive& directive,
                                         const LogFormats& formats, Binding& binding) {
  const conf::Word& file = directive.arguments.front();
  if (file.text.starts_with('|')) {
    binding.diagnostics().error(file,
                                "access logs go to a file, stdout or stderr, not to a program");
    return std::nullopt;
  }
  AccessLog log;
  log.path = is_stream(file.text) ? file.text : binding.source.resolved_path(file);
  if (directive.arguments.size() == 1) {
    log.format = formats.at("common");
    return log;
  }

  const conf::Word& format = directive.arguments[1];
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

LogFormats predefined_formats() {
  return {{"common", predefined(kCommon)}, {"combined", predefined(kCombined)}};
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
