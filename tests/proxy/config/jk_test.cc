// SPDX-License-Identifier: Apache-2.0
// mod_jk's files: workers and mounts as members and locations.
#include <gtest/gtest.h>

#include <string>

#include "proxy/apache/sections.h"
#include "proxy/config/config.h"
#include "proxy/config/load.h"
#include "tests/proxy/config/loading.h"

namespace understudy::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kBegin = "Listen 127.0.0.1:8080\nJkWorkersFile w.properties\n";

Loaded loaded(const std::string& conf, const std::string& workers, const std::string& map = "") {
  const conf::MemoryFiles files({{"w.properties", workers}, {"map.properties", map}});
  LoadOptions options;
  options.files = &files;
  options.parse.environment = nullptr;
  options.load_keyring = keyring_for_tests;
  return load_text("t.conf", kBegin + conf, options);
}

std::shared_ptr<const Config> jk_config(const std::string& conf, const std::string& workers,
                                        const std::string& map = "") {
  const Loaded all = loaded(conf, workers, map);
  EXPECT_TRUE(all) << all.diagnostics;
  return all ? all.config : std::make_shared<const Config>();
}

std::string jk_said(const std::string& conf, const std::string& workers,
                    const std::string& map = "") {
  const Loaded all = loaded(conf, workers, map);
  return all.diagnostics.substr(0, all.diagnostics.find('\n'));
}

TEST(Jk, AWorkerIsAMemberThatSpeaksAjp) {
  const auto config = jk_config("JkMount /* one\n",
                                "# a comment\n"
                                "ps=/\n"
                                "base=worker.one\n"
                                "worker.list=one\n"
                                "worker.one.type=ajp13\n"
                                " worker.one.host = 192.0.2.1 \n"
                                "worker.one.port=8010\n"
                                "worker.one.secret=s\n"
                                "worker.one.ping_mode=A\n"
                                "worker.one.ping_timeout=500\n"
                                "worker.one.socket_connect_timeout=700\n"
                                "worker.one.reply_timeout=9000\n"
                                "worker.one.max_packet_size=65536\n");
  const Cluster& cluster = cluster_at(*config, "/");
  EXPECT_EQ(cluster.label, "one");
  EXPECT_EQ(cluster.protocol, MemberProtocol::kAjp);
  ASSERT_EQ(cluster.seeds.size(), 1u);
  EXPECT_EQ(cluster.seeds[0].address, "192.0.2.1:8010");
  EXPECT_EQ(cluster.ajp,
            (Ajp{.secret = "s", .ping = milliseconds(500), .packet_bytes_max = 65536}));
  EXPECT_EQ(cluster.connections.connect_timeout, milliseconds(700));
  EXPECT_EQ(only_host(*config).locations.front().failover.io_timeout, seconds(9));
}

TEST(Jk, ABalancerSpreadsAndSticks) {
  const auto config = jk_config("JkMount /shop|/* lb\n",
                                "name=c.example\n"
                                "worker.basic.port=8011\n"
                                "worker.a.reference=worker.basic\n"
                                "worker.a.host=a\n"
                                "worker.a.lbfactor=3\n"
                                "worker.b.reference=worker.basic\n"
                                "worker.b.host=b\n"
                                "worker.b.route=two\n"
                                "worker.b.activation=disabled\n"
                                "worker.b.redirect=a\n"
                                "worker.c.host=${name}\n"
                                "worker.c.activation=S\n"
                                "worker.c.distance=1\n"
                                "worker.lb.type=lb\n"
                                "worker.lb.balance_workers=a,b\n"
                                "worker.lb.balance_workers=c\n"
                                "worker.lb.method=B\n"
                                "worker.lb.sticky_session_force=1\n"
                                "worker.lb.recover_time=5\n");
  const Cluster& cluster = cluster_at(*config, "/shop");
  ASSERT_EQ(cluster.seeds.size(), 3u);
  EXPECT_EQ(cluster.seeds[0].address, "a:8011");
  EXPECT_EQ(cluster.seeds[0].route, "a");
  EXPECT_EQ(cluster.seeds[0].load_factor, 3u);
  EXPECT_EQ(cluster.seeds[1].address, "b:8011");
  EXPECT_EQ(cluster.seeds[1].route, "two");
  EXPECT_EQ(cluster.seeds[1].redirect, "a");
  EXPECT_EQ(cluster.seeds[1].operator_state, OperatorState::kDraining);
  EXPECT_EQ(cluster.seeds[2].address, "c.example:8009");
  EXPECT_EQ(cluster.seeds[2].operator_state, OperatorState::kDisabled);
  EXPECT_TRUE(cluster.seeds[2].is_standby);
  EXPECT_EQ(cluster.balancing.method, MethodName::kLeastBusy);
  EXPECT_EQ(cluster.session_cookie, "JSESSIONID");
  EXPECT_EQ(cluster.session_parameter, "jsessionid");
  EXPECT_EQ(cluster.connections.skip_time, seconds(5));
  EXPECT_TRUE(only_host(*config).locations.front().failover.sticky_only);
}

TEST(Jk, SessionsMayBeNamedOtherwiseOrNotStick) {
  const std::string members = "worker.a.host=a\nworker.l.type=lb\nworker.l.balance_workers=a\n";
  const auto named = jk_config("JkMount /* l\n", members +
                                                     "worker.l.session_cookie=SID\n"
                                                     "worker.l.session_path=;sid\n");
  EXPECT_EQ(cluster_at(*named, "/").session_cookie, "SID");
  EXPECT_EQ(cluster_at(*named, "/").session_parameter, "sid");
  const auto plain = jk_config("JkMount /* l\n", members + "worker.l.sticky_session=False\n");
  const auto sticky = jk_config("JkMount /* l\n", members);
  EXPECT_NE(cluster_at(*plain, "/").session_parameter, "jsessionid");
  EXPECT_EQ(cluster_at(*sticky, "/").session_parameter, "jsessionid");
}

TEST(Jk, WhatIsWrongInAFileIsShownThere) {
  const std::string mount = "JkMount /* a\n";
  const struct {
    std::string conf, workers, said;
  } kCases[] = {
      {mount, "worker.a.host=a\nworker.a.prot=1\n",
       "w.properties:2:1: error: a worker has no property 'prot'; did you mean port?"},
      {mount, "worker.a.host=a\nworker.a.lbfactor=0\n",
       "w.properties:2:19: error: loadfactor= takes a number from 1 to 100"},
      {mount, "worker.a.host=a\nworker.a.type=ajp14\n",
       "w.properties:2:15: error: a worker is of type ajp13, lb or status, not 'ajp14'"},
      {mount, "worker.a.type=lb\nworker.a.balance_workers=b\n",
       "w.properties:2:26: error: there is no worker 'b'"},
      {mount, "worker.a.host=$(nowhere)\n",
       "w.properties:1:15: error: there is no property 'nowhere'"},
      {mount, "worker.a\n", "t.conf:3:12: error: there is no worker 'a'"},
      {"JkMount /* aa\n", "worker.ab.host=a\n",
       "t.conf:3:12: error: there is no worker 'aa'; did you mean ab?"},
      {"JkMount a\n", "worker.a.host=a\n",
       "t.conf:3:1: error: JkMount takes a path and a worker here"},
      {"JkMount x/* a\n", "worker.a.host=a\n",
       "t.conf:3:9: error: expected a path such as /shop/*, not 'x/*'"},
      {"JkMount /* a\nJkOptions +Forwards\n", "worker.a.host=a\n",
       "t.conf:4:11: error: JkOptions has no 'Forwards'"},
      {"JkMountFile none.properties\nJkMount /* a\n", "worker.a.host=a\n",
       "t.conf:3:13: error: none.properties cannot be read: No such file or directory"},
  };
  for (const auto& each : kCases) {
    SCOPED_TRACE(each.conf + each.workers);
    EXPECT_EQ(jk_said(each.conf, each.workers), each.said);
  }
  EXPECT_EQ(jk_said("JkMountFile map.properties\n", "worker.a.host=a\n", "/x/*=a\n/y/*=b\n"),
            "map.properties:2:6: error: there is no worker 'b'");
}

TEST(Jk, MountsOfTheServerHoldInAHostThatCopiesThem) {
  const std::string workers = "worker.a.host=a\n";
  const std::string host = "<VirtualHost *:8080>\nServerName x\n";
  const auto count = [&](const std::string& conf) {
    return jk_config(conf, workers)->hosts.all().back().locations.size();
  };
  EXPECT_EQ(count("JkMount /x/* a\n" + host + "</VirtualHost>\n"), 0u);
  EXPECT_EQ(count("JkMount /x/* a\n" + host + "JkMountCopy On\n</VirtualHost>\n"), 1u);
  EXPECT_EQ(count("JkMountCopy All\nJkMount /x/* a\n" + host + "</VirtualHost>\n"), 1u);
}

// In front of the last mount of its worker that it meets, behind the longer ones of others.
TEST(Jk, AnExclusionIsFromItsWorkerOnly) {
  const std::string workers = "worker.a.host=a\nworker.b.host=b\n";
  const auto count = [&workers](const std::string& conf) {
    const auto config = jk_config(conf, workers);
    std::size_t excluded = 0;
    for (const Location& each : only_host(*config).locations) {
      excluded += each.path == "/shop/pics/" && !each.is_proxied ? 1 : 0;
    }
    return excluded;
  };
  EXPECT_EQ(count("JkMount /shop/* b\nJkUnMount /shop/pics/* b\n"), 1u);
  EXPECT_EQ(count("JkMount /shop/* b\nJkUnMount /shop/pics/* a\n"), 0u);
  EXPECT_EQ(count("JkMount /shop/* b\nJkUnMount /shop/pics/* *\n"), 1u);
}

TEST(Jk, AWorkerOfTypeStatusAnswersThePageOfTheMembers) {
  const std::string workers = "worker.a.host=a\nworker.s.type=status\n";
  for (const std::string conf : {"JkMount /* a\nJkMount /jk s\n",
                                 "JkMount /* a\n<Location /jk>\nJkMount s\n</Location>\n"}) {
    SCOPED_TRACE(conf);
    const auto config = jk_config(conf, workers);
    std::size_t pages = 0;
    for (const Location& each : only_host(*config).locations) {
      if (each.is_proxied || each.rules == nullptr) continue;
      pages += each.rules->page == apache::OwnPage::kBalancers ? 1 : 0;
    }
    EXPECT_EQ(pages, 1u);
  }
}

TEST(Jk, WhatMembersFailByAndWhoTakesTheirPlace) {
  const auto config = jk_config(
      "JkEnvVar SSL_CLIENT_S_DN\nJkEnvVar WHO nobody\nJkMount /* l\n",
      "worker.t.fail_on_status=-500,503\nworker.t.recovery_options=3\nworker.t.maintain=30\n"
      "worker.a.reference=worker.t\nworker.a.host=a\nworker.a.domain=x\n"
      "worker.b.reference=worker.t\nworker.b.host=b\n"
      "worker.c.reference=worker.t\nworker.c.host=c\nworker.c.domain=x\n"
      "worker.l.type=lb\nworker.l.balance_workers=a,b,c\n");
  const Location& location = location_at(*config, "/");
  EXPECT_TRUE(location.failover.fails_on(500));
  EXPECT_TRUE(location.failover.asks_elsewhere);
  EXPECT_FALSE(location.failover.idempotent);
  ASSERT_EQ(location.attributes.size(), 2u);
  EXPECT_EQ(location.attributes[1].otherwise, "nobody");
  const Cluster& cluster = cluster_at(*config, "/");
  EXPECT_EQ(cluster.seeds[0].redirect, "c");
  EXPECT_EQ(cluster.seeds[1].redirect, "");
  EXPECT_EQ(cluster.seeds[2].redirect, "a");
}

TEST(Jk, AnExclusionComesFirstAndThenTheLongestPattern) {
  const auto config = jk_config("JkMount /* a\nJkMount /shop/* b\nJkUnMount /shop/pics/* b\n",
                                "worker.a.host=a\nworker.b.host=b\n");
  const auto& locations = only_host(*config).locations;
  const auto at = [&](std::string_view path) -> const Location& {
    for (const Location& each : locations) {
      if (each.path == path) return each;
    }
    ADD_FAILURE() << "no location " << path;
    return locations.front();
  };
  EXPECT_EQ(config->clusters[at("/").cluster].label, "a");
  EXPECT_EQ(config->clusters[at("/shop/").cluster].label, "b");
  EXPECT_FALSE(at("/shop/pics/").is_proxied);
}

TEST(Jk, ASectionMountsItsOwnPath) {
  const auto config = jk_config("<Location /shop>\nJkMount a\n</Location>\n", "worker.a.host=a\n");
  EXPECT_EQ(cluster_at(*config, "/shop").label, "a");
}

TEST(Jk, AWorkerPropertyIsALineOfTheFile) {
  const auto config =
      jk_config("JkWorkerProperty worker.a.port=8012\nJkMount /* a\n", "worker.a.host=a\n");
  EXPECT_EQ(cluster_at(*config, "/").seeds[0].address, "a:8012");
}

TEST(Jk, OptionsChangeConnectionsAndPaths) {
  const auto config = jk_config("JkOptions +DisableReuse +ForwardURICompatUnparsed\nJkMount /* a\n",
                                "worker.a.host=a\n");
  EXPECT_FALSE(cluster_at(*config, "/").connections.keep_alive);
  EXPECT_TRUE(only_host(*config).locations.front().forwards_raw);
}

}  // namespace
}  // namespace understudy::config
