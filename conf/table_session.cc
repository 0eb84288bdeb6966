// SPDX-License-Identifier: Apache-2.0
// How sessions stick, beyond SessionCookie and SessionCookieFormat: the cookie's attributes, for
// the proxy's own (insert) and for the SDK's alike, its life, and where else a session may be
// named.
#include "conf/directive_table.h"

namespace understudy::conf {

namespace {

constexpr DirectiveSpec path_row(Program program, Contexts contexts) {
  return {.name = "SessionCookiePath",
          .program = program,
          .contexts = contexts,
          .default_text = "/",
          .description = "The Path of the cookie that is set: below it browsers send the cookie"};
}

constexpr DirectiveSpec domain_row(Program program, Contexts contexts) {
  return {.name = "SessionCookieDomain",
          .program = program,
          .contexts = contexts,
          .description =
              "The Domain of the cookie that is set; without it the host that was asked, "
              "and no other"};
}

constexpr DirectiveSpec secure_row(Program program, Contexts contexts) {
  return {.name = "SessionCookieSecure",
          .program = program,
          .contexts = contexts,
          .argument = Argument::kChoice,
          .default_text = "auto",
          .choices = "auto|On|Off",
          .description =
              "Whether the cookie that is set is Secure; auto: when the client's side is "
              "TLS"};
}

constexpr DirectiveSpec http_only_row(Program program, Contexts contexts) {
  return {.name = "SessionCookieHttpOnly",
          .program = program,
          .contexts = contexts,
          .argument = Argument::kFlag,
          .default_text = "On",
          .description = "Whether the cookie that is set is hidden from scripts"};
}

constexpr DirectiveSpec same_site_row(Program program, Contexts contexts) {
  return {.name = "SessionCookieSameSite",
          .program = program,
          .contexts = contexts,
          .argument = Argument::kChoice,
          .default_text = "Lax",
          .choices = "Lax|Strict|None|Unset",
          .description = "The SameSite of the cookie that is set; None needs Secure"};
}

constexpr DirectiveSpec kProxyRows[] = {
    path_row(Program::kProxy, kEverywhere),
    domain_row(Program::kProxy, kEverywhere),
    secure_row(Program::kProxy, kEverywhere),
    http_only_row(Program::kProxy, kEverywhere),
    same_site_row(Program::kProxy, kEverywhere),
    {.name = "SessionCookiePartitioned",
     .contexts = kEverywhere,
     .argument = Argument::kFlag,
     .default_text = "Off",
     .description = "Whether the cookie that is set is Partitioned (CHIPS), so that browsers keep "
                    "it in frames of other sites; needs Secure"},
    {.name = "SessionCookieMaxAge",
     .contexts = kEverywhere,
     .argument = Argument::kDuration,
     .default_text = "0s",
     .minimum = "0s",
     .maximum = "3650d",
     .description = "With insert: the Max-Age of the cookie; 0: until the browser closes"},
    {.name = "SessionCookieMaxIdle",
     .contexts = kEverywhere,
     .argument = Argument::kDuration,
     .default_text = "0s",
     .minimum = "0s",
     .maximum = "3650d",
     .description = "With insert: who stayed away for longer is bound to no member any more; 0: no "
                    "limit"},
    {.name = "SessionCookieMaxLife",
     .contexts = kEverywhere,
     .argument = Argument::kDuration,
     .default_text = "0s",
     .minimum = "0s",
     .maximum = "3650d",
     .description = "With insert: how long a client is bound to one member, however active; 0: no "
                    "limit"},
    {.name = "SessionParameter",
     .contexts = kEverywhere,
     .description = "The session as path parameter, ;NAME=value, where the cookie is absent; by "
                    "default the cookie's name in any letter case, none with native and insert; "
                    "None: paths are not looked at"},
    {.name = "SessionFormField",
     .contexts = kEverywhere,
     .description = "The session as field NAME of a POSTed form of at most 64K, where cookie and "
                    "path say nothing; such a body is read whole before a member is asked; none "
                    "unless named"},
    {.name = "IdempotencyKey",
     .contexts = kEverywhere,
     .argument = Argument::kFlag,
     .default_text = "Off",
     .description = "On: the application honours Idempotency-Key, so a request that carries it may "
                    "be sent again like an idempotent one"},

    // Bodies that are kept on disk.
    {.name = "FileCaching",
     .contexts = kEverywhere,
     .argument = Argument::kFlag,
     .default_text = "Off",
     .description = "On: a body above ReplayBufferSize is kept in a file without a name, if its "
                    "request may be sent again; Off, unlike the plug-in, for what clients send "
                    "then never touches a disk"},
    {.name = "TempDir",
     .aliases = "WLTempDir",
     .contexts = kEverywhere,
     .argument = Argument::kPath,
     .default_text = "/tmp",
     .description = "Where FileCaching keeps bodies"},
    {.name = "ReplayFileSize",
     .contexts = kEverywhere,
     .argument = Argument::kSize,
     .default_text = "64M",
     .minimum = "0",
     .maximum = "64G",
     .description =
         "Bytes of one request's body that FileCaching keeps; a longer one is sent once"},
    {.name = "MaxReplayFiles",
     .argument = Argument::kSize,
     .default_text = "1G",
     .minimum = "0",
     .maximum = "1024G",
     .description =
         "All bodies that the process keeps in files, shared evenly by its workers; when "
         "it is used up, bodies are sent once"},
};

constexpr DirectiveSpec kBackendRows[] = {
    path_row(Program::kBackend, kGlobal),
    domain_row(Program::kBackend, kGlobal),
    secure_row(Program::kBackend, kGlobal),
    http_only_row(Program::kBackend, kGlobal),
    same_site_row(Program::kBackend, kGlobal),
    {.name = "SessionCookieFormat",
     .program = Program::kBackend,
     .argument = Argument::kChoice,
     .default_text = "native",
     .choices = "native|weblogic|route",
     .description = "How the SDK's cookie looks: native, weblogic (ID!PRIMARY!SECONDARY) or route "
                    "(ID.MEMBERNAME), for balancers that know these; all hold the same signed "
                    "value, and all are read"},
    {.name = "SessionParameter",
     .program = Program::kBackend,
     .description =
         "The session as path parameter, ;NAME=value, the name in any letter case, where "
         "no cookie has one; none unless named"},
    {.name = "SessionFormField",
     .program = Program::kBackend,
     .description = "The session as field NAME of the query, or of a POSTed form of at most 64K, "
                    "where cookie and path have none; none unless named"},
};

}  // namespace

std::span<const DirectiveSpec> session_rows(Program program) {
  if (program == Program::kBackend) return kBackendRows;
  return kProxyRows;
}

}  // namespace understudy::conf
