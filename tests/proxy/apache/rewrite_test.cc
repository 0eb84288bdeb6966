// SPDX-License-Identifier: Apache-2.0
// Rules as a configuration has them; what they make of a path was looked up in Apache.
#include "proxy/apache/rewrite.h"

#include <gtest/gtest.h>

#include "proxy/apache/host_rules.h"
#include "tests/proxy/apache/asking.h"
#include "tests/proxy/config/loading.h"

namespace understudy::apache {
namespace {

using Kind = Rewritten::Kind;

// "403", "302 URL", "=PATH?QUERY" (no ProxyPass sees it), "+PATH?QUERY" (with PT), "@PATH?QUERY"
// (with P), "-" unchanged.
std::string outcome(const std::string& rules, Asking asking) {
  const auto config =
      config::config_of("RewriteEngine On\n" + rules + "\nProxyPass / http://127.0.0.1:7001/\n");
  const auto& host_rules = config::only_host(*config).rules;
  if (!host_rules) return "no rules";
  Request request = asking.request();
  const Rewritten made = rewrite(host_rules->rewriting, request.path, request);
  std::string text = made.path;
  if (made.query) text += "?" + *made.query;
  switch (made.kind) {
    case Kind::kUnchanged:
      return "-";
    case Kind::kPath:
      return "=" + text;
    case Kind::kPassed:
      return "+" + text;
    case Kind::kProxied:
      return "@" + text;
    case Kind::kAnswer:
      break;
  }
  const std::string& lines = made.verdict.lines;
  const std::string status = std::to_string(made.verdict.status);
  return lines.empty() ? status : status + " " + lines.substr(10, lines.size() - 12);
}

TEST(Rewrite, ChangesPathsAsApacheDoes) {
  const struct {
    std::string rules;
    Asking asking;
    std::string outcome;
  } cases[] = {
      {"RewriteRule ^/old/(.*)$ /new/$1 [L]", Asking("/old/a"), "=/new/a"},
      {"RewriteRule ^/old/(.*)$ /new/$1 [PT]", Asking("/old/a"), "+/new/a"},
      {"RewriteRule ^/old/(.*)$ /new/$1 [PT]", Asking("/other"), "-"},
      {"RewriteRule ^/a$ /b?x=1 [PT]", Asking("/a").query("y=2"), "+/b?x=1"},
      {"RewriteRule ^/a$ /b?x=1 [PT,QSA]", Asking("/a").query("y=2"), "+/b?x=1&y=2"},
      {"RewriteRule ^/a$ /b [PT,QSD]", Asking("/a").query("y=2"), "+/b?"},
      {"RewriteRule ^/A$ /b [PT,NC]", Asking("/a"), "+/b"},
      {"RewriteRule !^/a$ /b [PT]", Asking("/c"), "+/b"},
      {"RewriteRule !^/a$ /b [PT]", Asking("/a"), "-"},
      {"RewriteRule ^/(.*)$ http://127.0.0.1:7002/z/$1 [P]", Asking("/a b"), "@/z/a b"},
      {"RewriteRule ^/a - [F]", Asking("/ab"), "403"},
      {"RewriteRule ^/a - [G]", Asking("/a"), "410"},
      {"RewriteRule ^/a - [R=404]", Asking("/a"), "404"},
      {"RewriteRule ^/a - [C]\nRewriteRule x$ - [F]", Asking("/b/x"), "-"},
      {"RewriteRule ^/a - [C]\nRewriteRule x$ - [F]", Asking("/a/x"), "403"},
      {"RewriteRule ^/a - [S=1]\nRewriteRule ^/a - [F]", Asking("/a"), "-"},
      {"RewriteRule ^(.*)x(.*)$ $1y$2 [N]\nRewriteRule y$ - [F]", Asking("/xx"), "403"},
      {"RewriteRule ^(.*)$ $1x [N=5]", Asking("/a"), "500"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.rules);
    EXPECT_EQ(outcome(one.rules, one.asking), one.outcome);
  }
}

TEST(Rewrite, RedirectsAsApacheDoes) {
  const struct {
    std::string rule;
    Asking asking;
    std::string outcome;
  } cases[] = {
      {"^/a/(.*)$ /to/$1 [R]", Asking("/a/x").query("b=c%2Fd"),
       "302 http://www.example.com/to/x?b=c%2Fd"},
      {"^/a/(.*)$ https://o.example.com/$1 [R=301,L]", Asking("/a/x y"),
       "301 https://o.example.com/x%20y"},
      {"^/a/(.*)$ https://o.example.com/$1", Asking("/a/x"), "302 https://o.example.com/x"},
      {"^/a/(.*)$ https://o.example.com/to?u=$1 [R]", Asking("/a/x y"),
       "302 https://o.example.com/to?u=x%20y"},
      {"^/a/(.*)$ https://o.example.com/to?u=$1 [R,NE]", Asking("/a/x y"), "403"},
      {"^/a/(.*)$ https://o.example.com/to?u=$1 [R,B]", Asking("/a/x y&c"),
       "302 https://o.example.com/to?u=x+y%2526c"},
      {"^/a/(.*)$ https://o.example.com/to#$1 [R]", Asking("/a/x"),
       "302 https://o.example.com/to%23x"},
      {"^/a/(.*)$ https://o.example.com/to#$1 [R,NE]", Asking("/a/x"),
       "302 https://o.example.com/to#x"},
      {"^/a/(.*)$ /to/? [R]", Asking("/a/x").query("b"), "302 http://www.example.com/to/"},
      {"^/a(.*)$ http://www.example.com/in$1", Asking("/a/x"), "=/in/x"},
      {"^/a(.*)$ /to\\r\\n [R]", Asking("/a"), "302 http://www.example.com/torn"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.rule);
    EXPECT_EQ(outcome("RewriteRule " + one.rule, one.asking), one.outcome);
  }
}

TEST(Rewrite, ConditionsHoldAsInApache) {
  const struct {
    std::string conditions;
    bool holds;
  } cases[] = {
      {"RewriteCond %{HTTP_HOST} ^(.*)\\.example\\.com$", true},
      {"RewriteCond %{HTTP_HOST} ^WWW [NC]", true},
      {"RewriteCond %{HTTP_HOST} !^www", false},
      {"RewriteCond %{REQUEST_METHOD} =GET", true},
      {"RewriteCond %{REQUEST_METHOD} =get [NC]", true},
      {"RewriteCond %{REQUEST_METHOD} !=GET", false},
      {"RewriteCond %{HTTP:X-A} =two [OR]\nRewriteCond %{HTTP:X-B} =two", true},
      {"RewriteCond %{HTTP:X-A} =one [OR]\nRewriteCond %{HTTP:X-B} =one", true},
      {"RewriteCond %{HTTP:X-A} =two [OR]\nRewriteCond %{HTTP:X-B} =one", false},
      {"RewriteCond %{HTTP:X-A} =one\nRewriteCond %{HTTP:X-B} =one", false},
      {"RewriteCond %{REMOTE_ADDR} ^192\\.0\\.2\\.", true},
      {"RewriteCond %{SERVER_PORT} -eq80", true},
      {"RewriteCond %{SERVER_PORT} \"-lt 80\"", false},
      {"RewriteCond %{SERVER_PORT} !^443$", true},
      {"RewriteCond $1 ^rest$", true},
      {"RewriteCond %{REQUEST_URI} ^/(.)\nRewriteCond %1 =a", true},
      {"RewriteCond %{THE_REQUEST} \"^GET /a\"", true},
      {"RewriteCond %{THE_REQUEST} ^GET\\ /a", true},
      {"RewriteCond /no/such/file -f", false},
      {"RewriteCond / -d", true},
      {"RewriteCond expr \"%{HTTP_HOST} == 'www.example.com'\"", true},
      {"RewriteCond %{ENV:none} ^$", true},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.conditions);
    const auto asking = Asking("/a/rest").field("X-A", "one").field("X-B", "two");
    EXPECT_EQ(outcome(one.conditions + "\nRewriteRule ^/a/(.*)$ - [F]", asking),
              one.holds ? "403" : "-");
  }
}

TEST(Rewrite, SetsVariables) {
  const auto config = config::config_of(
      "RewriteEngine On\nRewriteRule ^/(.*) - [E=PART:$1,E=!OLD]\nProxyPass / http://a:1/\n");
  Asking asking = Asking("/x").set("OLD", "1");
  Request request = asking.request();
  const auto made = rewrite(config::only_host(*config).rules->rewriting, request.path, request);
  EXPECT_EQ(made.kind, Kind::kUnchanged);
  EXPECT_EQ(*asking.environment().find("PART"), "x");
  EXPECT_FALSE(asking.environment().has("OLD"));
}

TEST(Rewrite, RefusesWhatItCannotDo) {
  const struct {
    std::string text;
    std::string said;
  } cases[] = {
      {"RewriteRule (a)\\1 /b", "no regular expression that is always matched in linear time"},
      {"RewriteRule a /%{NO_SUCH}", "there is no variable %{NO_SUCH} in a proxy"},
      {"RewriteRule a /${m:b}", "there is no RewriteMap m"},
      {"RewriteRule a b [H=x]", "the flag H is not supported"},
      {"RewriteRule a http://%1/b [P]", "with [P] the URL begins with a scheme and a server"},
      {"RewriteRule a - [P]", "[P] needs a URL"},
      {"RewriteCond a -F", "a request inside of the request is not made here"},
      {"RewriteMap m prg:/bin/x", "a RewriteMap is txt:FILE"},
      {"RewriteOptions Nothing", "RewriteOptions has no 'Nothing'"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.text);
    const std::string said = config::said_of(one.text + "\nProxyPass / http://127.0.0.1:7001/\n");
    EXPECT_NE(said.find("error: " + one.said), std::string::npos) << said;
  }
}

}  // namespace
}  // namespace understudy::apache
