// SPDX-License-Identifier: Apache-2.0
#include "conf/directive_table.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "conf/directives_page.h"

namespace understudy::conf {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

TEST(DirectiveTable, NoNameStandsForTwoDirectives) {
  for (const Program program : {Program::kProxy, Program::kBackend}) {
    std::map<std::string, std::string_view> owners;
    for (const DirectiveSpec* spec : directives(program)) {
      std::vector<std::string_view> names = parts(spec->aliases, ' ');
      names.push_back(spec->name);
      for (const std::string_view name : names) {
        const std::string key = (spec->is_section ? "<" : "") + lower(name);
        EXPECT_TRUE(owners.emplace(key, spec->name).second) << name << " also " << owners[key];
      }
    }
  }
}

TEST(DirectiveTable, EveryRowIsDescribedAndOfOneProgram) {
  for (const Program program : {Program::kProxy, Program::kBackend}) {
    for (const DirectiveSpec* spec : directives(program)) {
      SCOPED_TRACE(spec->name);
      EXPECT_EQ(spec->program, program);
      EXPECT_FALSE(spec->description.empty());
      EXPECT_FALSE(spec->description.ends_with('.'));
      EXPECT_NE(spec->contexts, 0);
      EXPECT_EQ(spec->argument == Argument::kChoice, !spec->choices.empty());
      EXPECT_EQ(spec->is_section && spec->status == Status::kWorks, spec->opens != 0);
    }
  }
}

TEST(DirectiveTable, ThePlugInsNamesAreAliases) {
  const struct {
    std::string alias;
    std::string name;
  } cases[] = {{"WebLogicCluster", "BackendCluster"},
               {"WebLogicHost", "BackendHost"},
               {"WebLogicPort", "BackendPort"},
               {"WLCookieName", "SessionCookie"},
               {"CookieName", "SessionCookie"},
               {"WLIOTimeoutSecs", "IOTimeoutSecs"},
               {"HungServerRecoverSecs", "IOTimeoutSecs"},
               {"WLSocketTimeoutSecs", "SocketTimeoutSecs"},
               {"WLRetryOnTimeout", "RetryOnTimeout"},
               {"WLRetryAfterDroppedConnection", "RetryAfterDroppedConnection"},
               {"WLServerInitiatedFailover", "ServerInitiatedFailover"}};
  for (const auto& one : cases) {
    const DirectiveSpec* spec = find_directive(Program::kProxy, one.alias, false);
    ASSERT_NE(spec, nullptr) << one.alias;
    EXPECT_EQ(spec->name, one.name);
  }
}

// Every parameter of the plug-in is answered: done, ignored with a warning, or refused by name.
TEST(DirectiveTable, KnowsEveryParameterOfThePlugIn) {
  for (const std::string_view name : {"WebLogicHost",
                                      "WebLogicPort",
                                      "WebLogicCluster",
                                      "PathTrim",
                                      "PathPrepend",
                                      "TrimExt",
                                      "ConnectTimeoutSecs",
                                      "ConnectRetrySecs",
                                      "WLSocketTimeoutSecs",
                                      "WLIOTimeoutSecs",
                                      "HungServerRecoverSecs",
                                      "Idempotent",
                                      "WLRetryOnTimeout",
                                      "WLRetryAfterDroppedConnection",
                                      "WLServerInitiatedFailover",
                                      "DynamicServerList",
                                      "MaxSkipTime",
                                      "RoutingAlgorithm",
                                      "WeightUpdateInterval",
                                      "WLProtocol",
                                      "WLCookieName",
                                      "CookieName",
                                      "DefaultFileName",
                                      "ErrorPage",
                                      "MaxPostSize",
                                      "FileCaching",
                                      "WLTempDir",
                                      "WLLogFile",
                                      "Debug",
                                      "DebugConfigInfo",
                                      "KeepAliveEnabled",
                                      "KeepAliveSecs",
                                      "MatchExpression",
                                      "WLExcludePathOrMimeType",
                                      "QueryFromRequest",
                                      "WLForwardUriUnparsed",
                                      "WLLocalIP",
                                      "WLDNSRefreshInterval",
                                      "WLProxySSL",
                                      "WLProxySSLPassThrough",
                                      "WLProxyPassThrough",
                                      "SecureProxy",
                                      "WLSSLWallet",
                                      "TrustedCAFile",
                                      "RequireSSLHostMatch",
                                      "SSLHostMatchOID",
                                      "WebLogicSSLVersion",
                                      "WLMaxWebSocketClients",
                                      "WLSRequest",
                                      "WLSendHdrSeparately",
                                      "WLFlushChunks",
                                      "MaxProxyConnections"}) {
    EXPECT_NE(find_directive(Program::kProxy, name, false), nullptr) << name;
  }
}

std::string text_of(const char* path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(DirectiveTable, TheCommittedPagesAreThoseOfTheTable) {
  EXPECT_EQ(text_of(UNDERSTUDY_ROOT "/conf/directives.md"), directives_page())
      << "run understudy_directives > conf/directives.md";
  EXPECT_EQ(text_of(UNDERSTUDY_ROOT "/docs/apache_directives.md"), apache_directives_page())
      << "run understudy_directives --apache > docs/apache_directives.md";
}

}  // namespace
}  // namespace understudy::conf
