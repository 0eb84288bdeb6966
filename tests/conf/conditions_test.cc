// SPDX-License-Identifier: Apache-2.0
#include "conf/conditions.h"

#include <gtest/gtest.h>

#include <string>

#include "conf/modules.h"
#include "tests/conf/reading.h"

namespace understudy::conf {
namespace {

TEST(Modules, AreKnownByBothOfTheirNames) {
  for (const std::string part :
       {"headers", "rewrite", "alias", "setenvif", "authz_core", "authz_host", "access_compat",
        "auth_basic", "authn_file", "ssl", "proxy", "proxy_http", "proxy_balancer", "remoteip",
        "log_config", "weblogic"}) {
    SCOPED_TRACE(part);
    EXPECT_TRUE(is_module_present("mod_" + part + ".c"));
    EXPECT_TRUE(is_module_present(part + "_module"));
  }
  EXPECT_TRUE(is_module_present("core.c"));
  EXPECT_TRUE(is_module_present("http_core.c"));
  for (const std::string name : {"mod_security2.c", "mod_php5.c", "php_module", "headers",
                                 "mod_Headers.c", "", ".c", "mod_.c", "_module"}) {
    EXPECT_FALSE(is_module_present(name)) << name;
  }
}

TEST(Conditions, OfVersions) {
  const struct {
    std::string condition;
    bool holds;
  } cases[] = {
      {">= 2.4", true}, {"> 2.4", true}, {"< 2.4", false},   {"<= 2.2.99", false},
      {"!< 2.4", true}, {"2.4", false},  {"= 2.4.66", true}, {"! 2.2", true},
      {"2.4.66", true}, {">= 3", false}, {"< 2.4.67", true}, {"!= 2.4.66", false},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.condition);
    Reading reading("<IfVersion " + one.condition + ">\nA\n</IfVersion>\n");
    EXPECT_EQ(outline(reading.parsed().directives), one.holds ? "A;" : "");
    EXPECT_FALSE(reading.said().has_errors()) << reading.said().text();
  }
  for (const std::string wrong : {"", "~ ^2", ">= x", ">= 2.4.1.9", ">= 2.4 3"}) {
    Reading reading("<IfVersion " + wrong + ">\nA\n</IfVersion>\n");
    EXPECT_EQ(outline(reading.parsed().directives), "");
    EXPECT_EQ(reading.said().error_count(), 1u) << wrong;
  }
}

TEST(Conditions, OfFilesAndDirectivesAndVariables) {
  Reading reading(
      "<IfFile there.conf>\nA\n</IfFile>\n<IfFile !there.conf>\nB\n</IfFile>\n"
      "<IfFile gone.conf>\nC\n</IfFile>\n<IfDirective Listen>\nD\n</IfDirective>\n"
      "<IfDirective NoSuchName>\nE\n</IfDirective>\n<IfSection Location>\nF\n</IfSection>\n"
      "Define M mod_ssl.c\n<IfModule ${M}>\nG\n</IfModule>\n");
  reading.with("there.conf", "");
  EXPECT_EQ(outline(reading.parsed().directives), "A;D;F;G;");
}

// What stands in the module of another server is not missed, but for what keeps clients out.
TEST(Conditions, WhatAMissingModuleHoldsIsSaidWithItsLines) {
  Reading reading(
      "<IfModule mod_php5.c>\n  AddHandler x\n  <S y>\n    AddHandler z\n  </S>\n</IfModule>\nA\n");
  const Tree& tree = reading.parsed();
  EXPECT_EQ(outline(tree.directives), "A;");
  EXPECT_EQ(reading.said().error_count(), 0u);
  EXPECT_EQ(reading.said().warning_count(), 1u);
  EXPECT_EQ(reading.first(),
            "this program has no mod_php5.c, so lines 2 to 4 (AddHandler, <S>) stay out");
  EXPECT_EQ(tree.left_out, std::vector<std::string>{"<IfModule mod_php5.c> of main.conf:1:2"});
}

TEST(Conditions, ASkippedLimitOfAccessIsAnError) {
  const struct {
    std::string line;
    bool is_limit;
  } cases[] = {
      {"Require ip 10.0.0.0/8", true},
      {"Require all denied", true},
      {"Require all granted", false},
      {"Deny from all", true},
      {"Allow from 10.0.0.1", true},
      {"Allow from all", false},
      {"AuthType Basic", true},
      {"AuthType None", false},
      {"SSLRequireSSL", true},
      {"SSLVerifyClient require", true},
      {"SSLVerifyClient none", false},
      {"RewriteRule ^/x - [F]", true},
      {"RewriteRule ^/x - [L,F]", true},
      {"RewriteRule ^/x /y [L]", false},
      {"Header set X y", false},
      {"<Location /x>\nRequire valid-user\n</Location>", true},
      {"<Directory />\nRequire all denied\n</Directory>", false},
      {"<Files .ht*>\nDeny from all\n</Files>", false},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.line);
    Reading reading("<IfModule mod_unknown.c>\n" + one.line + "\n</IfModule>\n");
    reading.parsed();
    EXPECT_EQ(reading.said().error_count(), one.is_limit ? 1u : 0u);
    EXPECT_EQ(reading.said().warning_count(), one.is_limit ? 0u : 1u);
  }
}

// The other half of a file for two versions is skipped in Apache, too.
TEST(Conditions, WhatApacheSkipsIsSkippedWithoutAWord) {
  Reading reading(
      "<IfModule !mod_authz_core.c>\nDeny from all\n</IfModule>\n"
      "<IfDefine NO>\nDeny from all\n</IfDefine>\n<IfVersion < 2.4>\nDeny from all\n</IfVersion>\n"
      "<IfModule mod_unknown.c>\n</IfModule>\n");
  EXPECT_EQ(outline(reading.parsed().directives), "");
  EXPECT_EQ(reading.said().kept().size(), 0u) << reading.said().text();
}

}  // namespace
}  // namespace understudy::conf
