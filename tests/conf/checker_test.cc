// SPDX-License-Identifier: Apache-2.0
#include "conf/checker.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/conf/reading.h"

namespace understudy::conf {
namespace {

std::string said_of(Program program, const std::string& text) {
  Reading reading(text);
  check(reading.parsed(), program, "main.conf", reading.said());
  std::string all;
  for (const Diagnostic& diagnostic : reading.said().kept()) {
    if (!all.empty()) all += " / ";
    all += diagnostic.severity == Severity::kError ? "error: " : "warning: ";
    all += diagnostic.message;
    if (!diagnostic.suggestion.empty()) all += " ? " + diagnostic.suggestion;
  }
  return all;
}

std::string of_proxy(const std::string& text) {
  return said_of(Program::kProxy, "Listen 80\n" + text);
}

std::string of_backend(const std::string& text) {
  return said_of(Program::kBackend,
                 "MemberName a\nListen 127.0.0.1:1\nClusterListen 127.0.0.1:2\n" + text);
}

TEST(Checker, AcceptsNamesAndAliasesInAnyLetterCase) {
  EXPECT_EQ(of_proxy("weblogiccluster a:1,b:2\nWLIOTimeoutSecs 20\nCOOKIENAME x\n"), "");
  EXPECT_EQ(of_backend("heartbeatinterval FAST\n"), "");
}

TEST(Checker, SuggestsOnlyWhatIsValidHere) {
  EXPECT_EQ(of_proxy("Worker 2"), "error: unknown directive 'Worker' ? Workers");
  EXPECT_EQ(of_proxy("<Location />\nWorkrs 2\n</Location>"), "error: unknown directive 'Workrs'");
  EXPECT_EQ(of_proxy("<Locations />\n</Locations>"),
            "error: unknown section <Locations> ? Location");
  EXPECT_EQ(of_proxy("Location /"),
            "error: unknown directive 'Location', it is a section: <Location ...>");
  EXPECT_EQ(of_backend("BackendCluster a:1"), "error: unknown directive 'BackendCluster'");
}

TEST(Checker, RefusesTheWrongPlaceNumberAndRepetition) {
  EXPECT_EQ(of_proxy("<Location />\nListen 80\n</Location>"),
            "error: Listen may not stand in <Location>, only outside of all sections");
  EXPECT_EQ(of_proxy("Workers"), "error: Workers takes 1 argument, not 0");
  EXPECT_EQ(of_proxy("Workers 1 2"), "error: Workers takes 1 argument, not 2");
  EXPECT_EQ(of_proxy("LogFormat %h"), "error: LogFormat takes at least 2 arguments, not 1");
  EXPECT_EQ(of_proxy("CustomLog a b c d"), "error: CustomLog takes at most 3 arguments, not 4");
  EXPECT_EQ(of_proxy("IOTimeoutSecs 20\nWLIOTimeoutSecs 20"),
            "warning: IOTimeoutSecs is already given at main.conf:2:1; the last one counts");
  EXPECT_EQ(of_proxy("IOTimeoutSecs 20\n<Location />\nIOTimeoutSecs 30\n</Location>"), "");
}

TEST(Checker, HoldsEachKindOfValueToItsFormAndRange) {
  const struct {
    std::string text;
    std::string expected;
  } cases[] = {
      {"Workers auto", ""},
      {"Workers 256", ""},
      {"Workers 257", "error: Workers is at least 1 and at most 256, not 257"},
      {"Workers 0", "error: Workers is at least 1 and at most 256, not 0"},
      {"Workers -1", "error: expected a number, not '-1'"},
      {"KeepAliveTimeout 0", ""},
      {"Timeout 10ms", ""},
      {"Timeout 9ms", "error: Timeout is at least 10ms and at most 1d, not 9ms"},
      {"LimitRequestLine 64K", ""},
      {"LimitRequestLine 65537",
       "error: LimitRequestLine is at least 64 and at most 64K, not 65537"},
      {"LimitRequestLine 8k0", "error: expected a size such as 8190, 64K or 4M, not '8k0'"},
      {"MaxPostSize -1", ""},
      {"MaxPostSize -2", "error: expected a size such as 8190, 64K or 4M, not '-2'"},
      {"KeepAlive maybe", "error: expected On or Off, not 'maybe'"},
      {"ServerInitiatedFailover OFF", ""},
      {"SessionCookieFormat mine",
       "error: SessionCookieFormat is one of auto, native, weblogic, route, insert, not "
       "'mine'"},
      {"Admin 127.0.0.1",
       "error: expected a port or an address such as 8080, *:8080 or "
       "127.0.0.1:8080, not '127.0.0.1'"},
      {"BackendCluster a:1, b:2", ""},
      {"BackendCluster a:1 ,b",
       "error: expected addresses such as 127.0.0.1:7001,127.0.0.1:7002, "
       "not ',b'"},
      {"ServerName \"\"", "error: expected something, not ''"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.text);
    EXPECT_EQ(of_proxy(one.text), one.expected);
  }
}

TEST(Checker, EveryBoundIsAcceptedAndDefaultsLieWithin) {
  for (const Program program : {Program::kProxy, Program::kBackend}) {
    for (const DirectiveSpec* spec : directives(program)) {
      if (spec->status != Status::kWorks || spec->is_section || spec->is_required) continue;
      for (const std::string_view value : {spec->default_text, spec->minimum, spec->maximum}) {
        if (value.empty()) continue;
        const std::string line = std::string(spec->name) + " " + std::string(value);
        SCOPED_TRACE(line);
        const bool is_global = (spec->contexts & kGlobal) != 0;
        const std::string text = is_global ? line : "<Location />\n" + line + "\n</Location>";
        EXPECT_EQ(program == Program::kProxy ? of_proxy(text) : of_backend(text), "");
      }
    }
  }
}

TEST(Checker, TheBackendHasUnicastOnlyAndSaysSo) {
  EXPECT_EQ(of_backend("ClusterMessagingMode multicast"),
            "error: ClusterMessagingMode can only be unicast in this version, not 'multicast'");
}

TEST(Checker, NamesWhatIsMissing) {
  EXPECT_NE(said_of(Program::kBackend, "MemberName a\nListen 127.0.0.1:1\n")
                .find("ClusterListen is missing"),
            std::string::npos);
}

TEST(Checker, WarnsOfWhatItIgnoresAndRefusesWhatWouldMatter) {
  EXPECT_EQ(of_proxy("LoadModule a b"),
            "warning: LoadModule is ignored: there are no modules to load");
  EXPECT_EQ(of_proxy("<Directory />\nNo Such Thing\n</Directory>"),
            "warning: <Directory> is ignored: this server serves no files");
  EXPECT_EQ(of_proxy("LoadModule a b\nLoadModule c d"),
            "warning: LoadModule is ignored: there are no modules to load");
  EXPECT_EQ(of_proxy("SSLCompression On"),
            "error: SSLCompression is not supported: TLS is never compressed; only 'Off' is "
            "accepted");
  EXPECT_EQ(of_proxy("SSLCompression off"), "");
  EXPECT_EQ(of_proxy("SSLOpenSSLConfCmd x y"),
            "error: SSLOpenSSLConfCmd is not supported: use SSLProtocol and SSLCipherSuite");
}

}  // namespace
}  // namespace understudy::conf
