// SPDX-License-Identifier: Apache-2.0
// The directives of the proxy that decide which requests are proxied by more than a path's
// beginning, and what is changed in requests and responses on their way.
#include "conf/directive_table.h"

namespace understudy::conf {

namespace {

constexpr Contexts kHosts = kGlobal | kVirtualHost;

constexpr DirectiveSpec kRows[] = {
    // Which requests.
    {.name = "LocationMatch",
     .contexts = kHosts,
     .argument = Argument::kText,
     .may_repeat = true,
     .is_section = true,
     .opens = kLocation,
     .description = "A <Location> for the paths that a regular expression (RE2) matches; the first "
                    "that matches goes before every <Location>"},
    {.name = "MatchExpression",
     .contexts = kHosts,
     .argument = Argument::kWords,
     .words_max = 16,
     .may_repeat = true,
     .description =
         "Proxies the paths that a pattern such as *.jsp matches and no <Location> does; "
         "then directives of its own: WebLogicHost=shop|WebLogicPort=7001"},
    {.name = "WLExcludePathOrMimeType",
     .contexts = kEverywhere,
     .argument = Argument::kWords,
     .words_max = 64,
     .may_repeat = true,
     .description = "Patterns such as *.gif or /private/* that are not proxied all the same; what "
                    "is said further out holds as well"},

    // Paths.
    {.name = "PathTrim",
     .contexts = kEverywhere,
     .description = "A path that is cut off the beginning before the request is forwarded"},
    {.name = "PathPrepend",
     .contexts = kEverywhere,
     .description = "A path that is put in front, behind PathTrim"},
    {.name = "TrimExt",
     .contexts = kEverywhere,
     .description = "An extension such as .wl that is cut off the end of the path before the "
                    "request is forwarded, behind PathTrim"},
    {.name = "DefaultFileName",
     .contexts = kEverywhere,
     .description = "What is asked for where / would be, behind PathTrim"},
    {.name = "DebugConfigInfo",
     .contexts = kEverywhere,
     .argument = Argument::kFlag,
     .default_text = "Off",
     .description =
         "On: a request with the query __WebLogicBridgeConfig is answered by a page that "
         "shows the settings, members and counters of a location that has WebLogic's "
         "members, for whom the access rules let in"},
    {.name = "ProxyMatch",
     .contexts = kGlobal | kVirtualHost,
     .may_repeat = true,
     .is_section = true,
     .opens = kProxySection,
     .description = "What holds for requests to a URL that the regular expression matches"},
    {.name = "ProxyErrorOverride",
     .contexts = kEverywhere,
     .argument = Argument::kWords,
     .words_max = 64,
     .description = "On, or On and some statuses: answers of members from 400 on (or of these "
                    "statuses) are replaced by the proxy's own pages, those of ErrorDocument too. "
                    "401 is the member's all the same"},
    {.name = "JkEnvVar",
     .contexts = kGlobal | kVirtualHost,
     .argument = Argument::kWords,
     .words_max = 2,
     .may_repeat = true,
     .description = "A variable, set by SetEnv and its like or SSL_..., that members are told by "
                    "AJP as an attribute of the request; then what it is where it is not set"},
    {.name = "ProxyVia",
     .contexts = kEverywhere,
     .argument = Argument::kChoice,
     .default_text = "Off",
     .choices = "Off|On|Full|Block",
     .description = "Whether requests and responses say in Via that they came through here: On "
                    "adds 1.1 and the host's name, Full the program's as well; Block takes all Via "
                    "away"},
    {.name = "ProxyPassReverse",
     .contexts = kEverywhere,
     .argument = Argument::kWords,
     .words_max = 3,
     .may_repeat = true,
     .description = "Leads redirects of members back through the proxy: the path that clients use "
                    "(not inside a location), then the URL that members name"},
    {.name = "ProxyPassReverseCookieDomain",
     .contexts = kEverywhere,
     .argument = Argument::kWords,
     .words_min = 2,
     .words_max = 2,
     .may_repeat = true,
     .description = "The domain that members write into Set-Cookie, and the one that clients get"},
    {.name = "ProxyPassReverseCookiePath",
     .contexts = kEverywhere,
     .argument = Argument::kWords,
     .words_min = 2,
     .words_max = 2,
     .may_repeat = true,
     .description =
         "The path that members write into Set-Cookie, or the beginning of it, and the one "
         "that clients get"},

    // Header fields.
    {.name = "RequestHeader",
     .contexts = kEverywhere,
     .argument = Argument::kWords,
     .words_min = 2,
     .words_max = 5,
     .may_repeat = true,
     .description = "set, append, add, merge, setifempty NAME VALUE; unset NAME; edit, edit* NAME "
                    "REGEX REPLACEMENT: changes a field on its way to the member"},
    {.name = "Header",
     .contexts = kEverywhere,
     .argument = Argument::kWords,
     .words_min = 2,
     .words_max = 6,
     .may_repeat = true,
     .description = "[always] and the same: changes a field on its way to the client; always: also "
                    "in answers of the proxy itself"},

    // What members are told about clients.
    {.name = "ForwardedHeaders",
     .contexts = kEverywhere,
     .argument = Argument::kChoice,
     .default_text = "X-Forwarded",
     .choices = "X-Forwarded|Forwarded|both",
     .description = "X-Forwarded-For, -Proto, -Host and -Port, RFC 7239's Forwarded, or both; what "
                    "a client that is no trusted proxy says there is replaced. Only where "
                    "ProxyPass names the members, and neither this nor RemoteIPInternalProxy nor "
                    "RemoteIPTrustedProxy is written, it is passed on as in Apache, with the "
                    "client's address behind it"},
    {.name = "ProxyAddHeaders",
     .contexts = kEverywhere,
     .argument = Argument::kFlag,
     .default_text = "On",
     .description = "Off: none of ForwardedHeaders is added"},
    {.name = "RemoteIPInternalProxy",
     .contexts = kHosts,
     .argument = Argument::kWords,
     .words_max = 256,
     .may_repeat = true,
     .description = "Networks whose proxies are believed when they say who the client is, and how "
                    "it came"},
    {.name = "RemoteIPTrustedProxy",
     .contexts = kHosts,
     .argument = Argument::kWords,
     .words_max = 256,
     .may_repeat = true,
     .description = "The same, but for what they say about clients with private addresses"},
    {.name = "RemoteIPHeader",
     .contexts = kHosts,
     .default_text = "X-Forwarded-For",
     .description = "The field in which these proxies name the client, for logs and members"},
    {.name = "RemoteIPProxyProtocol",
     .contexts = kHosts,
     .argument = Argument::kFlag,
     .default_text = "Off",
     .description = "On: these proxies must begin each connection with the PROXY protocol, version "
                    "1 or 2; no other peer is served"},
    {.name = "RemoteIPProxyProtocolExceptions",
     .contexts = kHosts,
     .argument = Argument::kWords,
     .words_max = 256,
     .may_repeat = true,
     .description = "Networks that are served without the PROXY protocol"},
    {.name = "RequestIdHeader",
     .contexts = kEverywhere,
     .default_text = "none",
     .description = "A field such as X-Request-Id with an id for each request: a trusted proxy's "
                    "own, else a new one"},
    {.name = "SessionFlags",
     .contexts = kEverywhere,
     .argument = Argument::kFlag,
     .default_text = "Off",
     .description =
         "Whether clients see Understudy-Session: solo (there is no copy), recovered (an "
         "older copy was taken) or lost (a new session was begun)"},
    {.name = "ClientCertHeaders",
     .contexts = kEverywhere,
     .argument = Argument::kChoice,
     .default_text = "cert",
     .choices = "none|cert|chain",
     .description = "Whether members get a client's verified certificate, in RFC 9440's "
                    "Client-Cert, and Client-Cert-Chain"},
    {.name = "WLProxySSL",
     .contexts = kEverywhere,
     .argument = Argument::kFlag,
     .default_text = "Off",
     .description = "On: WL-Proxy-SSL says true, whatever the client speaks"},
    {.name = "WLProxySSLPassThrough",
     .contexts = kEverywhere,
     .argument = Argument::kFlag,
     .default_text = "Off",
     .description = "On: WL-Proxy-SSL says what a trusted proxy said"},
    {.name = "WLProxyPassThrough",
     .contexts = kEverywhere,
     .argument = Argument::kFlag,
     .default_text = "Off",
     .description = "On: WL-Proxy-Client-IP and -Cert say what a trusted proxy said"},

    // Errors.
    {.name = "ErrorDocument",
     .contexts = kEverywhere,
     .argument = Argument::kWords,
     .words_min = 2,
     .words_max = 2,
     .may_repeat = true,
     .description = "A status, then what the proxy answers instead of its own page: a text, a file "
                    "(/file is below DocumentRoot), a URL to send clients to, or default"},
    {.name = "ErrorPage",
     .contexts = kEverywhere,
     .description = "The plug-in's ErrorDocument for 502, 503 and 504; also in place of a member's "
                    "503 when no member is left to ask"},
    {.name = "DocumentRoot",
     .contexts = kHosts,
     .argument = Argument::kPath,
     .description = "Where the files of ErrorDocument and ErrorPage are; no other file is served"},
};

}  // namespace

std::span<const DirectiveSpec> message_rows() {
  return kRows;
}

}  // namespace understudy::conf
