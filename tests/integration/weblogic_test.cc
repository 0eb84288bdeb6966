// SPDX-License-Identifier: Apache-2.0
// The WebLogic plug-in's dialect with a real proxy process: a configuration as it is, in front of
// three members that speak as WebLogic does.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <set>

#include "tests/integration/support/fake_weblogic.h"
#include "tests/integration/support/site.h"

namespace understudy::testing {
namespace {

class Weblogic : public ::testing::Test {
 protected:
  Weblogic() {
    const std::array<std::int64_t, 3> ids = {1104478448, -1407317905, 1625602300};
    for (std::size_t i = 0; i < members_.size(); ++i) {
      const std::string name(1, static_cast<char>('a' + i));
      members_[i] = std::make_unique<FakeWeblogic>(site_.loop(), domain_, name, ids[i]);
    }
  }

  FakeWeblogic& a() { return *members_[0]; }
  FakeWeblogic& b() { return *members_[1]; }
  FakeWeblogic& c() { return *members_[2]; }

  // Those members are in WebLogicCluster.
  void open(const std::vector<FakeWeblogic*>& seeds, const std::string& more = {}) {
    std::string cluster;
    for (const FakeWeblogic* seed : seeds) {
      cluster += (cluster.empty() ? "" : ",") + seed->address().to_string();
    }
    const std::string path = site_.directory() + "/httpd.conf";
    write_file(path,
               "Listen 127.0.0.1:0\nWorkers 1\n<IfModule mod_weblogic.c>\n<Location />\n"
               "SetHandler weblogic-handler\nWebLogicCluster " +
                   cluster + "\n" + more + "\n</Location>\n</IfModule>\n");
    proxy_ = std::make_unique<Process>(
        std::vector<std::string>{program("understudy"), "run", "-c", path},
        site_.directory() + "/proxy.log");
    ASSERT_TRUE(site_.wait_until([this] { return find_address(); })) << proxy_->log();
  }

  bool find_address() {
    constexpr std::string_view kMark = "listening on ";
    const std::string log = proxy_->log();
    const std::size_t at = log.find(kMark);
    const std::size_t end = log.find('\n', at);
    if (at == std::string::npos || end == std::string::npos) return false;
    const auto address = Address::parse(log.substr(at + kMark.size(), end - at - kMark.size()));
    if (address) address_ = *address;
    return address.has_value();
  }

  loadtest::ClientResponse get(const std::string& target, const std::string& cookie = "",
                               const std::string& more = "") {
    std::string request = "GET " + target + " HTTP/1.1\r\nHost: www.example.com\r\n" + more;
    if (!cookie.empty()) request += "Cookie: " + cookie + "\r\n";
    return site_.fetch(address_, request + "\r\n");
  }
  // Who answers to this session.
  std::string whose(const std::string& session) {
    const auto response = get("/page", "JSESSIONID=" + session);
    return response.status == 200 ? response.body : "status " + std::to_string(response.status);
  }
  static std::string session(const FakeWeblogic& primary, const std::string& secondary) {
    return "abcDEF0123!" + std::to_string(primary.id()) + "!" + secondary;
  }
  static std::string session(const FakeWeblogic& primary, const FakeWeblogic& secondary) {
    return session(primary, std::to_string(secondary.id()));
  }

  Site site_;
  FakeWeblogicDomain domain_;
  std::array<std::unique_ptr<FakeWeblogic>, 3> members_;
  std::unique_ptr<Process> proxy_;
  Address address_;
};

TEST_F(Weblogic, TheFirstRequestOfAFreshProxyReachesItsSessionsPrimary) {
  open({&a(), &b(), &c()});
  EXPECT_EQ(whose(session(c(), a())), "c");
  EXPECT_EQ(whose(session(b(), "NONE")), "b");
  EXPECT_EQ(a().requests(), 0);
}

TEST_F(Weblogic, OneMemberIsEnoughToLearnTheOthersFrom) {
  open({&a()});
  EXPECT_EQ(get("/").body, "a");
  std::set<std::string> answered;
  for (int i = 0; i < 6; ++i) answered.insert(get("/").body);
  EXPECT_EQ(answered, (std::set<std::string>{"a", "b", "c"}));
}

TEST_F(Weblogic, TheListIsSentOnceAndConfirmedByItsHash) {
  open({&a()});
  get("/");
  EXPECT_EQ(a().last_fields().count("x-weblogic-cluster-hash"), 0u);
  while (get("/").body != "a") {
  }
  EXPECT_EQ(a().last_fields().at("x-weblogic-cluster-hash").size(), 27u);
  EXPECT_EQ(a().last_fields().at("x-weblogic-force-jvmid"), std::to_string(a().id()));
}

TEST_F(Weblogic, ItsFieldsReachNeitherClientNorMemberFromTheWrongSide) {
  open({&a()});
  const auto response = get("/", "", "WL-Proxy-SSL: true\r\nX-WebLogic-Force-JVMID: 7\r\n");
  EXPECT_EQ(response.header("x-weblogic-jvmid"), "");
  EXPECT_EQ(response.header("x-weblogic-cluster-list"), "");
  EXPECT_EQ(response.header("x-weblogic-cluster-hash"), "");
  EXPECT_EQ(a().last_fields().at("wl-proxy-ssl"), "false");
  EXPECT_EQ(a().last_fields().at("wl-proxy-client-ip"), "127.0.0.1");
  EXPECT_EQ(a().last_fields().at("x-weblogic-force-jvmid"), "unset");
}

TEST_F(Weblogic, ASessionStaysAndMovesToItsSecondaryWhenThePrimaryDies) {
  open({&a(), &b(), &c()});
  const std::string login = get("/login").set_cookie("JSESSIONID");
  ASSERT_FALSE(login.empty());
  const std::string value = login.substr(login.find('=') + 1);
  const std::string primary = whose(value);
  EXPECT_EQ(whose(value), primary);
  FakeWeblogic& first = primary == "a" ? a() : primary == "b" ? b() : c();
  const std::string second = primary == "a" ? "b" : primary == "b" ? "c" : "a";
  first.kill();
  const auto moved = get("/page", login);
  EXPECT_EQ(moved.body, second);
  // The one that answered is the primary now, and says so.
  const std::string next = moved.set_cookie("JSESSIONID");
  ASSERT_FALSE(next.empty());
  EXPECT_EQ(get("/page", next).body, second);
}

TEST_F(Weblogic, WithBothGoneAThirdOneAnswers) {
  open({&a(), &b(), &c()});
  ASSERT_EQ(whose(session(a(), b())), "a");
  const std::string both = session(a(), b());
  a().kill();
  b().kill();
  EXPECT_EQ(whose(both), "c");
}

TEST_F(Weblogic, AMemberThatWasStartedAgainIsKnownByItsNewId) {
  open({&a(), &b(), &c()});
  get("/");
  c().kill();
  c().start(42);
  for (int i = 0; i < 3; ++i) get("/");  // one of them brings the new list
  EXPECT_EQ(whose(session(c(), "NONE")), "c");
}

TEST_F(Weblogic, WithDynamicServerListOffIdsAreLearnedAndListsAreNot) {
  open({&a(), &b()}, "DynamicServerList Off");
  EXPECT_EQ(whose(session(b(), "NONE")), "b");
  EXPECT_EQ(whose(session(a(), b())), "a");
  for (int i = 0; i < 6; ++i) EXPECT_NE(get("/").body, "c");
  EXPECT_EQ(a().last_fields().count("x-weblogic-request-clusterinfo"), 0u);
}

TEST_F(Weblogic, MoreFieldsBehindTheIdsAndAnIdInThePathDoNotConfuseIt) {
  open({&a(), &b(), &c()});
  EXPECT_EQ(whose(session(b(), c()) + "!1700000000000"), "b");
  EXPECT_EQ(whose(session(c(), a()) + "!8082!8081"), "c");
  EXPECT_EQ(get("/page;jsessionid=" + session(b(), "NONE")).body, "b");
  EXPECT_EQ(get("/page", "JSESSIONID=abc!99!98").status, 200);
}

TEST_F(Weblogic, TheBridgePageShowsSettingsAndMembersAndNothingOfKeys) {
  open({&a(), &b()}, "DebugConfigInfo On\nConnectTimeoutSecs 7\nSSLProxyEngine On");
  get("/");
  const std::string page = get("/any?__WebLogicBridgeConfig").body;
  EXPECT_NE(page.find("ConnectTimeoutSecs 7"), std::string::npos) << page;
  EXPECT_NE(page.find(a().address().to_string()), std::string::npos) << page;
  EXPECT_NE(page.find("JVMID"), std::string::npos) << page;
  EXPECT_EQ(page.find("SSLProxyEngine"), std::string::npos) << page;
  EXPECT_EQ(get("/any?x=__WebLogicBridgeConfig").body.size(), 1u);
}

TEST_F(Weblogic, TheBridgePageIsForWhomTheRulesLetIn) {
  open({&a()},
       "DebugConfigInfo On\n<If \"%{QUERY_STRING} =~ /__WebLogicBridgeConfig/\">\n"
       "Require ip 192.0.2.1\n</If>");
  EXPECT_EQ(get("/any?__WebLogicBridgeConfig").status, 403);
  EXPECT_EQ(get("/any").status, 200);
}

TEST_F(Weblogic, TheBridgePageIsOffUnlessSaid) {
  open({&a()});
  EXPECT_EQ(get("/any?__WebLogicBridgeConfig").body, "a");
}

TEST_F(Weblogic, A503GoesToTheSecondary) {
  open({&a(), &b(), &c()});
  ASSERT_EQ(whose(session(b(), c())), "b");
  b().answer_with(503);
  EXPECT_EQ(whose(session(b(), c())), "c");
}

}  // namespace
}  // namespace understudy::testing
