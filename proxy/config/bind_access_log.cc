// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>

#include "conf/suggestion.h"
#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

constexpr std::string_view kCommon = R"(%h %l %u %t "%r" %>s %b)";
constexpr std::string_view kCombined = R"(%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i")";

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
  log.format = kCommon;
  if (directive.arguments.size() == 1) return log;

  const conf::Word& format = directive.arguments[1];
  if (format.text.find('%') != std::string::npos) {
    log.format = format.text;
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
  return {{"common", std::string(kCommon)}, {"combined", std::string(kCombined)}};
}

void add_formats(const conf::Settings& settings, LogFormats& formats) {
  for (const conf::Directive* directive : settings.all_here("LogFormat")) {
    formats.insert_or_assign(directive->arguments[1].text, directive->arguments[0].text);
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
