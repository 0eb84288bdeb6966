// SPDX-License-Identifier: Apache-2.0
// Apache's directives that change where a request goes: mod_rewrite and mod_alias.
#include "conf/directive_table.h"

namespace understudy::conf {

namespace {

constexpr Contexts kHosts = kGlobal | kVirtualHost;

constexpr DirectiveSpec words(std::string_view name, std::size_t least, std::size_t most,
                              std::string_view what) {
  return {.name = name,
          .contexts = kEverywhere,
          .argument = Argument::kWords,
          .words_min = least,
          .words_max = most,
          .may_repeat = true,
          .description = what};
}

constexpr DirectiveSpec section(std::string_view name, std::size_t least, std::string_view what) {
  DirectiveSpec spec = words(name, least, least == 0 ? 0 : 64, what);
  spec.contexts = kEverywhere | kProxySection;
  spec.is_section = true;
  spec.opens = kLocation;
  return spec;
}

constexpr DirectiveSpec kRows[] = {
    {.name = "RewriteEngine",
     .contexts = kEverywhere,
     .argument = Argument::kFlag,
     .default_text = "Off",
     .may_repeat = true,
     .description = "On: the rules of this host, or of this section, hold"},
    words("RewriteOptions", 1, 16,
          "Inherit, InheritBefore, InheritDown, InheritDownBefore, IgnoreInherit: whether a host "
          "has the rules that stand outside of it as well, behind or before its own"),
    words("RewriteBase", 1, 1, "Has no effect: paths of requests are what is rewritten"),
    {.name = "RewriteMap",
     .contexts = kHosts,
     .argument = Argument::kWords,
     .words_min = 2,
     .words_max = 2,
     .may_repeat = true,
     .description = "A name, and txt:FILE with lines KEY VALUE, read at the start and by a reload; "
                    "or int:tolower, int:toupper, int:escape, int:unescape. ${NAME:KEY|ELSE} in a "
                    "rule stands for the value"},
    words("RewriteCond", 2, 32,
          "A text with %{VARIABLE}, $1, %1, and a regular expression (RE2), =TEXT, <TEXT, >TEXT, "
          "-eq NUMBER and its like, -f, -d, -s, or expr and an expression; then [NC,OR]: holds or "
          "not for the next RewriteRule"),
    words("RewriteRule", 2, 32,
          "A regular expression (RE2), what takes its place (or -), then flags [R=CODE P L F G QSA "
          "QSD NE PT E=NAME:VALUE NC C N S=COUNT END B]. Rules outside of locations come before "
          "every ProxyPass; without PT their outcome is no path that ProxyPass sees, as in Apache"),
    words("Redirect", 1, 3,
          "[permanent, temp, seeother, gone or a status] PATH URL: sends clients elsewhere, behind "
          "every ProxyPass; inside a location without a path, and before ProxyPass"),
    words("RedirectMatch", 1, 3,
          "The same for the paths that a regular expression (RE2) matches; $1 to $9 in the URL are "
          "what its groups caught"),
    words("RedirectPermanent", 1, 2, "Redirect permanent"),
    words("RedirectTemp", 1, 2, "Redirect temp"),
    words("SetEnvIf", 3, 64,
          "A header field, Remote_Addr, Request_URI, Request_Method, Request_Protocol or "
          "Server_Addr, a regular expression (RE2), then [!]NAME[=VALUE]: sets variables for env="),
    words("SetEnvIfNoCase", 3, 64, "The same, ignoring letter case"),
    words("SetEnvIfExpr", 2, 64, "An expression, then [!]NAME[=VALUE]"),
    words("BrowserMatch", 2, 64, "SetEnvIf User-Agent"),
    words("BrowserMatchNoCase", 2, 64, "SetEnvIfNoCase User-Agent"),
    words("SetEnv", 1, 2, "A variable and its value, set behind the access rules, as in Apache"),
    words("UnsetEnv", 1, 64, "Takes variables away"),
    section("If", 1,
            "An expression: what stands in it holds for requests of which that is true, "
            "and comes behind all locations"),
    section("ElseIf", 1, "The same, if no <If> or <ElseIf> right before it was true"),
    section("Else", 0, "The same without an expression"),
    {.name = "Alias",
     .contexts = kHosts,
     .argument = Argument::kWords,
     .words_min = 2,
     .words_max = 2,
     .may_repeat = true,
     .description = "A path and the directory or the file that it stands for, for ErrorDocument; "
                    "clients are not served files"},
};

}  // namespace

std::span<const DirectiveSpec> rewrite_rows() {
  return kRows;
}

}  // namespace understudy::conf
