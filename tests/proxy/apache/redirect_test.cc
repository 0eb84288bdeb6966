// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/redirect.h"

#include <gtest/gtest.h>

#include "proxy/apache/host_rules.h"
#include "tests/proxy/apache/asking.h"
#include "tests/proxy/config/loading.h"

namespace understudy::apache {
namespace {

std::string outcome(const std::string& directive, Asking asking) {
  const auto config = config::config_of(directive + "\nProxyPass /app http://127.0.0.1:7001/app\n");
  const Verdict verdict = redirect(config::only_host(*config).rules->redirects, asking.request());
  const std::string& lines = verdict.lines;
  if (verdict.status == 0) return "-";
  const std::string status = std::to_string(verdict.status);
  return lines.empty() ? status : status + " " + lines.substr(10, lines.size() - 12);
}

TEST(Redirect, LeadsWhereApacheDoes) {
  const struct {
    std::string directive;
    Asking asking;
    std::string outcome;
  } cases[] = {
      {"Redirect permanent /old https://o.example.com/new", Asking("/old/a").query("b=c"),
       "301 https://o.example.com/new/a?b=c"},
      {"Redirect /old https://o.example.com/new", Asking("/old"), "302 https://o.example.com/new"},
      {"Redirect /old https://o.example.com/new", Asking("/older"), "-"},
      {"Redirect /mr http://x.example.com/", Asking("/mr/x"), "302 http://x.example.com//x"},
      {"Redirect 410 /g", Asking("/g/x"), "410"},
      {"Redirect gone /g", Asking("/g"), "410"},
      {"Redirect seeother /so http://a.example.com/b", Asking("/so/c"),
       "303 http://a.example.com/b/c"},
      {"RedirectMatch 301 ^/rm/(.*)\\.html$ http://a.example.com/$1.php",
       Asking("/rm/a b.html").query("x=1"), "301 http://a.example.com/a%20b.php?x=1"},
      {"RedirectMatch 404 \\.bak$", Asking("/x.bak"), "404"},
      {"RedirectPermanent /rp /local", Asking("/rp/y"), "301 http://www.example.com/local/y"},
      {"RedirectTemp /t http://a.example.com/?q", Asking("/t").query("b"),
       "302 http://a.example.com/?q"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.directive);
    EXPECT_EQ(outcome(one.directive, one.asking), one.outcome);
  }
}

TEST(Redirect, SaysWhatIsWrong) {
  for (const std::string text :
       {"Redirect /a", "Redirect a http://b/", "Redirect 410 /a http://b/", "Redirect /a b",
        "RedirectMatch ( http://b/", "RedirectMatch ^/a$ http://b/$1"}) {
    EXPECT_NE(config::said_of(text + "\n" + config::kShop).find(": error: "), std::string::npos)
        << text;
  }
}

}  // namespace
}  // namespace understudy::apache
