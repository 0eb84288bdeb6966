// SPDX-License-Identifier: Apache-2.0
// Apache's directives that decide who may ask for what, and the sections that they stand in.
#include "conf/directive_table.h"

namespace understudy::conf {

namespace {

constexpr Contexts kSections = kLocation | kProxySection | kAccess;
constexpr std::size_t kManyWords = 256;

constexpr DirectiveSpec container(std::string_view name, std::string_view what) {
  return {.name = name,
          .contexts = kSections,
          .argument = Argument::kWords,
          .words_min = 0,
          .words_max = 0,
          .may_repeat = true,
          .is_section = true,
          .opens = kAccess,
          .description = what};
}

constexpr DirectiveSpec methods(std::string_view name, std::string_view what) {
  DirectiveSpec spec = container(name, what);
  spec.words_min = 1;
  spec.words_max = kManyWords;
  return spec;
}

constexpr DirectiveSpec words(std::string_view name, std::size_t least, std::string_view what) {
  return {.name = name,
          .contexts = kSections,
          .argument = Argument::kWords,
          .words_min = least,
          .words_max = kManyWords,
          .may_repeat = true,
          .description = what};
}

constexpr DirectiveSpec kRows[] = {
    container("RequireAll", "Each Require in it has to let the client in"),
    container("RequireAny", "One Require in it has to let the client in"),
    container("RequireNone", "No Require in it may let the client in; it lets no client in by itself"),
    methods("Limit", "What stands in it is about these methods only; GET is HEAD as well"),
    methods("LimitExcept", "What stands in it is about all methods but these"),
    words("Require", 1,
          "[not] all granted, all denied, ip ADDRESS ..., host NAME ..., local, env NAME ..., "
          "method NAME ..., expr EXPRESSION, valid-user, user NAME ..., group NAME ...: whom to "
          "let in. What a later section says replaces what an earlier one says"),
    {.name = "AuthMerging",
     .contexts = kSections,
     .argument = Argument::kChoice,
     .choices = "Off|And|Or",
     .description = "How Require joins what earlier sections require: Off replaces it"},
    words("Order", 1,
          "Deny,Allow (default), Allow,Deny or Mutual-failure: which of Allow and Deny has the "
          "last word, and what happens to clients that neither names"),
    words("Allow", 2, "from all, ADDRESS ..., NAME ... or env=[!]NAME ...: lets them in"),
    words("Deny", 2, "The same: keeps them out"),
    {.name = "Satisfy",
     .contexts = kSections,
     .argument = Argument::kChoice,
     .choices = "All|Any",
     .description = "Any: either Allow and Deny or Require has to let the client in, not both"},
    {.name = "AuthType",
     .contexts = kSections,
     .argument = Argument::kChoice,
     .choices = "Basic|None",
     .description = "Basic: Require valid-user asks for a name and a password"},
    {.name = "AuthName",
     .contexts = kSections,
     .argument = Argument::kText,
     .description = "What the client is told that the password is for"},
    {.name = "AuthUserFile",
     .contexts = kSections,
     .argument = Argument::kPath,
     .description = "Lines NAME:HASH as htpasswd writes them (bcrypt, {SHA}, apr1, crypt), read at "
                    "the start and by a reload"},
    {.name = "AuthGroupFile",
     .contexts = kSections,
     .argument = Argument::kPath,
     .description = "Lines GROUP: NAME NAME ... for Require group"},
    {.name = "AuthBasicProvider",
     .contexts = kSections,
     .argument = Argument::kChoice,
     .choices = "file",
     .description = "Where the users are"},
};

}  // namespace

std::span<const DirectiveSpec> access_rows() {
  return kRows;
}

}  // namespace understudy::conf
