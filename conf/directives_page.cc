// SPDX-License-Identifier: Apache-2.0
#include "conf/directives_page.h"

#include <algorithm>
#include <map>
#include <span>
#include <string_view>

#include "conf/directive_table.h"

namespace understudy::conf {

std::string_view kind_text(const DirectiveSpec& spec) {
  switch (spec.argument) {
    case Argument::kFlag:
      return "On or Off";
    case Argument::kInteger:
      return "number";
    case Argument::kDuration:
      return spec.bare_is_milliseconds ? "duration (ms)" : "duration (s)";
    case Argument::kSize:
      return "size";
    case Argument::kChoice:
      return "one of";
    case Argument::kAddress:
      return "host:port";
    case Argument::kListen:
      return "[host:]port";
    case Argument::kAddresses:
      return "host:port, ...";
    case Argument::kPath:
      return "path";
    case Argument::kText:
      return "text";
    case Argument::kWords:
      return "words";
  }
  return {};
}

namespace {

std::string code(std::string_view text) {
  return text.empty() ? std::string() : "`" + std::string(text) + "`";
}

// A bar inside of a cell ends the cell, also between backquotes.
std::string joined(std::string_view list, char separator, std::string_view between) {
  std::string text;
  for (const std::string_view part : parts(list, separator)) {
    text += (text.empty() ? "" : std::string(between)) + code(part);
  }
  return text;
}

std::string argument_cell(const DirectiveSpec& spec) {
  std::string text(kind_text(spec));
  if (spec.argument == Argument::kChoice) text += " " + joined(spec.choices, '|', ", ");
  if (!spec.minimum.empty()) text += ", from " + std::string(spec.minimum);
  if (!spec.maximum.empty()) text += " to " + std::string(spec.maximum);
  if (!spec.named.empty()) text += "; " + joined(spec.named, ' ', ", ");
  return text;
}

std::string contexts_cell(Contexts contexts) {
  std::string text;
  if ((contexts & kGlobal) != 0) text += 'G';
  if ((contexts & kVirtualHost) != 0) text += 'V';
  if ((contexts & kLocation) != 0) text += 'L';
  if ((contexts & kProxySection) != 0) text += 'P';
  if ((contexts & kAccess) != 0) text += 'A';
  return text;
}

std::string name_cell(const DirectiveSpec& spec) {
  const std::string name(spec.name);
  std::string text = code(spec.is_section ? "<" + name + ">" : name);
  if (!spec.aliases.empty()) text += "<br>" + joined(spec.aliases, ' ', " ");
  if (spec.is_required) text += " (required)";
  if (spec.may_repeat && !spec.is_section) text += " (may repeat)";
  return text;
}

std::string working_rows(std::span<const DirectiveSpec> rows) {
  std::string text =
      "| Directive | Argument | Default | Where | What it is for |\n|---|---|---|---|---|\n";
  for (const DirectiveSpec& spec : rows) {
    text += "| " + name_cell(spec) + " | " + argument_cell(spec) + " | " + code(spec.default_text) +
            " | " + contexts_cell(spec.contexts) + " | " + std::string(spec.description) + " |\n";
  }
  return text;
}

std::string apache_rows_of(Status status) {
  std::string text = "| Directive | Because | Accepted |\n|---|---|---|\n";
  for (const DirectiveSpec* row : directives(Program::kProxy)) {
    const DirectiveSpec& spec = *row;
    if (spec.status != status) continue;
    text += "| " + name_cell(spec) + " | " + std::string(spec.description) + " | " +
            code(spec.harmless) + " |\n";
  }
  return text;
}

}  // namespace

std::string directives_page() {
  std::string text =
      "# Directives\n\n"
      "Generated from the table in `conf/table_*.cc`; change it there and run\n"
      "`understudy_directives > conf/directives.md`.\n\n"
      "Names ignore letter case. A second name in the first column is an alias. Durations take "
      "the\n"
      "suffixes `ms`, `s`, `m`, `h` and `d`; a bare number counts the unit in brackets. Sizes "
      "take\n"
      "`K`, `M` and `G`. Where: **G** outside of all sections, **V** in `<VirtualHost>`, **L** in\n"
      "`<Location>`, **P** in `<Proxy>`, **A** in `<Limit>` and `<RequireAll>`; a location "
      "inherits what its host says, a host what is "
      "said\n"
      "outside. Of a directive that may not repeat the last one in a section counts.\n\n"
      "Read while parsing, in both programs: `Include PATTERN`, `IncludeOptional PATTERN`,\n"
      "`Define NAME [VALUE]`, `UnDefine NAME`, `<IfModule [!]NAME>`, `<IfDefine [!]NAME>`,\n"
      "`<IfVersion>`, `<IfFile>`, `<IfDirective>`, `<IfSection>`, `ServerRoot PATH`.\n\n"
      "## Proxy\n\n";
  text += working_rows(proxy_rows());
  text += "\n## Proxy: sessions and bodies\n\n" + working_rows(session_rows(Program::kProxy));
  text += "\n## Proxy: choosing a member\n\n" + working_rows(balancing_rows());
  text += "\n## Proxy: what is changed on the way\n\n" + working_rows(message_rows());
  text += "\n## Proxy: who may ask\n\n" + working_rows(access_rows());
  text += "\n## Proxy: rewriting\n\n" + working_rows(rewrite_rows());
  text += "\n## Proxy: TLS, and how members are reached\n\n" + working_rows(tls_rows());
  text += "\n## Backend\n\n" + working_rows(backend_rows());
  text += "\n## Backend: the session's cookie\n\n" + working_rows(session_rows(Program::kBackend));
  text +=
      "\n## Accepted and ignored\n\nFor the sake of an existing `httpd.conf`; the proxy warns of "
      "each name once.\n\n" +
      apache_rows_of(Status::kIgnored);
  text +=
      "\n## Refused\n\nKnown, and not done by this version. To ignore them would change what is "
      "served or to whom,\nso the start is refused, unless the argument asks for what happens "
      "anyway.\n\n" +
      apache_rows_of(Status::kRefused);
  return text;
}

std::string apache_directives_page() {
  std::string text =
      "# What becomes of each directive\n\n"
      "Generated from the table in `conf/table_*.cc`; change it there and run\n"
      "`understudy_directives --apache > docs/apache_directives.md`. The rules behind the rows are "
      "in\n[Coming from Apache](coming_from_apache.md).\n\n"
      "**works**: it does here what it does there, as far as a proxy has it. **ignored**: the "
      "proxy "
      "starts\nand warns once, for the reason given. **refused**: the proxy does not start, "
      "because "
      "to leave it out\nwould change what is served or to whom.\n\n"
      "| Directive | Here | |\n|---|---|---|\n";
  std::map<std::string, std::string> rows;  // by name in small letters
  for (const DirectiveSpec* spec : directives(Program::kProxy)) {
    std::string key(spec->name);
    std::transform(key.begin(), key.end(), key.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    if (spec->is_section) key += " section";
    const std::string_view here = spec->status == Status::kWorks     ? "works"
                                  : spec->status == Status::kIgnored ? "ignored"
                                                                     : "refused";
    std::string why(spec->description);
    if (!spec->harmless.empty()) why += "; accepted: " + code(spec->harmless);
    rows[key] = "| " + name_cell(*spec) + " | " + std::string(here) + " | " + why + " |\n";
  }
  for (const auto& [key, row] : rows) text += row;
  return text;
}

}  // namespace understudy::conf
