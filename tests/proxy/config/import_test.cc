// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/import.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/config/loading.h"

namespace understudy::config {
namespace {

Imported imported(const std::string& text) {
  conf::MemoryFiles files;
  files.add("/etc/httpd/httpd.conf", text);
  files.add("/etc/httpd/more.conf", "ProxyPass /more http://127.0.0.1:7009/more\n");
  LoadOptions options;
  options.files = &files;
  options.parse.environment = nullptr;
  options.load_keyring = keyring_for_tests;
  auto result = import_file("/etc/httpd/httpd.conf", options);
  EXPECT_TRUE(result) << result.error().detail;
  return result ? *std::move(result) : Imported();
}

std::string without_first_lines(const std::string& text) {
  const std::size_t at = text.find("ServerRoot ");
  return text.substr(text.find('\n', at) + 1);
}

TEST(Import, EachLineIsThereOnceWithWhatBecameOfIt) {
  const Imported out = imported(
      "Listen 127.0.0.1:80\n"
      "ServerTokens Prod\n"
      "TransferLog \"/var/log/a b\"\n"
      "Define TARGET 127.0.0.1\n"
      "Include more.conf\n"
      "<IfModule mod_php5.c>\n  AddHandler x\n</IfModule>\n"
      "<Location /shop>\n"
      "  SetHandler weblogic-handler\n"
      "  WebLogicCluster ${TARGET}:7001\n"
      "  Debug On\n"
      "</Location>\n");
  EXPECT_EQ(out.refused_count, 0u);
  EXPECT_EQ(out.text.find("# Made of /etc/httpd/httpd.conf by understudy check --import.\n"
                          "# left out: <IfModule mod_php5.c> of "),
            0u)
      << out.text;
  EXPECT_EQ(without_first_lines(out.text),
            "# /etc/httpd/httpd.conf:1: kept\n"
            "Listen 127.0.0.1:80\n"
            "# /etc/httpd/httpd.conf:2: ignored because it changes no answer of a proxy\n"
            "# ServerTokens Prod\n"
            "# /etc/httpd/httpd.conf:3: translated to CustomLog\n"
            "CustomLog \"/var/log/a b\"\n"
            "# /etc/httpd/more.conf:1: kept\n"
            "ProxyPass /more http://127.0.0.1:7009/more\n"
            "# /etc/httpd/httpd.conf:9: kept\n"
            "<Location /shop>\n"
            "  # /etc/httpd/httpd.conf:10: kept\n"
            "  SetHandler weblogic-handler\n"
            "  # /etc/httpd/httpd.conf:11: kept\n"
            "  WebLogicCluster 127.0.0.1:7001\n"
            "  # /etc/httpd/httpd.conf:12: ignored because use ErrorLog, LogLevel and CustomLog\n"
            "  # Debug On\n"
            "</Location>\n");
}

TEST(Import, WhatItMakesIsTheSameConfiguration) {
  const std::string text =
      "Listen 127.0.0.1:80\nServerTokens Prod\n<Proxy balancer://b>\n"
      "BalancerMember http://127.0.0.1:7001 route=a\nProxySet stickysession=S|s\n</Proxy>\n"
      "RewriteEngine On\nRewriteCond %{HTTP:Upgrade} =\"web\\\\socket\"\n"
      "RewriteRule \"^/a b/(\\d+)$\" /x/$1 \"[PT,E=n:v w]\"\n"
      "Header set X \"say \\\"hi\\\" and \\\\\"\nProxyPass /x balancer://b/x\n";
  const Imported once = imported(text);
  EXPECT_EQ(once.refused_count, 0u);
  const Imported twice = imported(once.text);
  const auto lines = [](const std::string& all) {
    std::string kept;
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t end = all.find('\n', at);
      if (all[all.find_first_not_of(' ', at)] != '#') kept += all.substr(at, end - at) + "\n";
      at = end + 1;
    }
    return kept;
  };
  EXPECT_EQ(lines(once.text), lines(twice.text));
  const Loaded original = load_for_tests(text);
  const Loaded translated = load_for_tests(once.text);
  ASSERT_TRUE(original) << original.diagnostics;
  ASSERT_TRUE(translated) << translated.diagnostics;
  EXPECT_EQ(translated.warning_count, 1u) << translated.diagnostics;  // there is no /etc/httpd
}

TEST(Import, WhatIsRefusedIsACommentWithTheReason) {
  const Imported out = imported(
      "Listen 127.0.0.1:80\nProxyRequests On\nNoSuchThing 1\nProxyPass / http://127.0.0.1:7001/\n"
      "<Location /x>\nConnectTimeoutSecs nonsense\n</Location>\n");
  EXPECT_EQ(out.refused_count, 3u);
  for (const std::string_view part :
       {"# /etc/httpd/httpd.conf:2: refused because ProxyRequests is not supported: this is no "
        "forward proxy; only 'Off' is accepted\n# ProxyRequests On\n",
        "# /etc/httpd/httpd.conf:3: refused because unknown directive 'NoSuchThing'\n"
        "# NoSuchThing 1\n",
        "  # /etc/httpd/httpd.conf:6: refused because "}) {
    EXPECT_NE(out.text.find(part), std::string::npos) << out.text;
  }
  const Loaded loaded = load_for_tests(out.text);
  EXPECT_TRUE(loaded) << loaded.diagnostics;
}

// It has no other effect, but decides between 403 and 404.
TEST(Import, WhatClosesTheFilesIsKept) {
  const Imported out = imported(
      "Listen 127.0.0.1:80\n<Directory />\nRequire all denied\n</Directory>\n<Directory /var/www>\n"
      "Options None\n</Directory>\nProxyPass /a http://127.0.0.1:7001/a\n");
  EXPECT_NE(out.text.find("\n<Directory />\n  # /etc/httpd/httpd.conf:3: kept\n"), out.text.npos);
  EXPECT_NE(out.text.find("\n# <Directory /var/www>\n"), out.text.npos) << out.text;
  const Loaded loaded = load_for_tests(out.text);
  ASSERT_TRUE(loaded) << loaded.diagnostics;
  EXPECT_EQ(only_host(*loaded.config).unmapped_status, 403);
}

TEST(Import, ABlankBehindABackslashStaysInItsWord) {
  const Imported out = imported(
      "Listen 127.0.0.1:80\nRewriteEngine On\nRewriteCond %{HTTP:Connection} ^keep-alive,\\ "
      "Upgrade$ [NC]\nRewriteRule ^ - [F]\nProxyPass / http://127.0.0.1:7001/\n");
  EXPECT_NE(out.text.find("RewriteCond %{HTTP:Connection} \"^keep-alive, Upgrade$\" [NC]\n"),
            std::string::npos)
      << out.text;
}

TEST(Import, ADirectoryNeedsAMainFile) {
  const auto result = import_file("/nonexistent-directory/httpd.conf");
  EXPECT_FALSE(result);
}

Result<Imported> imported_workers(const std::string& text) {
  conf::MemoryFiles files;
  files.add("/etc/jk/workers.properties", text);
  LoadOptions options;
  options.files = &files;
  options.parse.environment = nullptr;
  options.load_keyring = keyring_for_tests;
  return import_file("/etc/jk/workers.properties", options);
}

TEST(Import, WorkersBecomeProperties) {
  const auto out = imported_workers(
      "# of Tomcat\n"
      "host=192.0.2.7\n"
      "worker.list=lb, jkstatus\n"
      "worker.lb.type=lb\n"
      "worker.lb.balance_workers=a,b\n"
      "worker.a.type=ajp13\n"
      "worker.a.host=$(host)\n"
      "worker.a.port=8009\n"
      "worker.a.busy_limit=7\n"
      "worker.b.reference=worker.a\n"
      "worker.b.port=8010\n"
      "worker.b.secret=a \"b\"\n"
      "worker.jkstatus.type=status\n");
  ASSERT_TRUE(out) << out.error().detail;
  EXPECT_EQ(out->refused_count, 0u) << out->text;
  for (const std::string_view part :
       {"# /etc/jk/workers.properties:2: translated to JkWorkerProperty\n"
        "JkWorkerProperty host=192.0.2.7\n",
        "# /etc/jk/workers.properties:9: translated to JkWorkerProperty; busy_limit does nothing "
        "here: use MaxConnectionsPerMember\nJkWorkerProperty worker.a.busy_limit=7\n",
        "JkWorkerProperty \"worker.b.secret=a \\\"b\\\"\"\n",
        "\nJkMount /* lb\n# JkMount /* jkstatus\n"}) {
    EXPECT_NE(out->text.find(part), std::string::npos) << part << out->text;
  }
  const Loaded loaded = load_for_tests(out->text);
  ASSERT_TRUE(loaded) << loaded.diagnostics;
  const Cluster& cluster = cluster_at(*loaded.config, "/");
  ASSERT_EQ(cluster.seeds.size(), 2u);
  EXPECT_EQ(cluster.seeds[0].address, "192.0.2.7:8009");
  EXPECT_EQ(cluster.seeds[1].address, "192.0.2.7:8010");
}

TEST(Import, WorkersThatAreMountedKeepThatAndWhatIsWrongIsSaid) {
  const auto out = imported_workers(
      "worker.list=one\nworker.one.type=ajp13\nworker.one.prot=8009\n"
      "worker.one.mount=/shop /shop/*\n");
  ASSERT_TRUE(out) << out.error().detail;
  EXPECT_EQ(out->refused_count, 1u) << out->text;
  EXPECT_NE(out->text.find("# /etc/jk/workers.properties:3: refused because a worker has no "
                           "property 'prot'"),
            std::string::npos)
      << out->text;
  EXPECT_NE(out->text.find("\n# JkMount /* one\n"), std::string::npos) << out->text;
  EXPECT_TRUE(load_for_tests(out->text));
  EXPECT_FALSE(imported_workers("a=b\n"));
}

}  // namespace
}  // namespace understudy::config
