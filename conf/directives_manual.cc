// SPDX-License-Identifier: Apache-2.0
#include "conf/directives_manual.h"

#include <span>

#include "conf/directive_table.h"
#include "conf/directives_page.h"

namespace understudy::conf {

namespace {

// As troff prints it: nothing of it is a request or an escape.
std::string escaped(std::string_view text) {
  std::string out;
  if (text.starts_with('.') || text.starts_with('\'')) out = "\\&";
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

// More than this does not fit beside the name.
constexpr std::size_t kChoicesBytesMax = 60;

bool has_long_choices(const DirectiveSpec& spec) {
  return spec.argument == Argument::kChoice && spec.choices.size() > kChoicesBytesMax;
}

std::string_view argument_text(const DirectiveSpec& spec) {
  if (spec.argument != Argument::kChoice) return kind_text(spec);
  return has_long_choices(spec) ? "choice" : spec.choices;
}

std::string entry(const DirectiveSpec& spec) {
  const std::string name(spec.name);
  std::string text = ".TP\n\\fB" + escaped(spec.is_section ? "<" + name + ">" : name) + "\\fR " +
                     escaped(argument_text(spec)) + "\n" + escaped(spec.description) + ".\n";
  std::string more;
  if (has_long_choices(spec)) {
    std::string choices;
    for (const char c : spec.choices) choices += c == '|' ? ", " : std::string(1, c);
    more += " One of " + escaped(choices) + ".";
  }
  if (spec.is_required) more += " Required.";
  if (!spec.default_text.empty()) more += " Default: " + escaped(spec.default_text) + ".";
  if (!spec.minimum.empty()) more += " From " + escaped(spec.minimum);
  if (!spec.maximum.empty())
    more += (spec.minimum.empty() ? " Up to " : " to ") + escaped(spec.maximum);
  if (!spec.minimum.empty() || !spec.maximum.empty()) more += ".";
  if (!spec.aliases.empty()) more += " Also called " + escaped(spec.aliases) + ".";
  if (!more.empty()) text += more.substr(1) + "\n";
  return text;
}

std::string section(std::string_view title, std::span<const DirectiveSpec> rows) {
  std::string text = ".SH " + std::string(title) + "\n";
  for (const DirectiveSpec& spec : rows) text += entry(spec);
  return text;
}

}  // namespace

std::string directives_manual(std::string_view version) {
  std::string text =
      ".TH UNDERSTUDY.CONF 5 \"\" \"Understudy " + std::string(version) +
      "\" \"Understudy\"\n"
      ".SH NAME\n"
      "understudy.conf \\- directives of the proxy and of backends\n"
      ".SH DESCRIPTION\n"
      "Directives and sections as in Apache's httpd.conf; names ignore letter case.\n"
      "Durations take the suffixes ms, s, m, h and d, sizes K, M and G.\n"
      "A file is checked by\n"
      ".B understudy check \\-c\n"
      ".IR file .\n";
  text += section("PROXY", proxy_rows());
  text += section("PROXY: SESSIONS AND BODIES", session_rows(Program::kProxy));
  text += section("PROXY: CHOOSING A MEMBER", balancing_rows());
  text += section("PROXY: WHAT IS CHANGED ON THE WAY", message_rows());
  text += section("PROXY: TLS, AND HOW MEMBERS ARE REACHED", tls_rows());
  text += section("BACKEND", backend_rows());
  text += section("BACKEND: THE SESSION'S COOKIE", session_rows(Program::kBackend));
  return text + ".SH SEE ALSO\n.BR understudy (1)\n";
}

}  // namespace understudy::conf
