// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/explain.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/config/loading.h"

namespace understudy {
namespace {

constexpr const char* kSite =
    "<VirtualHost *:8080>\n"
    "ServerName www.example.com\n"
    "RewriteEngine On\n"
    "RewriteRule ^/old/(.*)$ /shop/$1 [PT]\n"
    "RewriteRule ^/gone - [G]\n"
    "Redirect /moved http://elsewhere.example/x\n"
    "<Proxy balancer://shop>\n"
    "BalancerMember http://127.0.0.1:7001 route=a\n"
    "BalancerMember http://127.0.0.1:7002 route=b status=+H\n"
    "ProxySet stickysession=ROUTEID\n"
    "</Proxy>\n"
    "<Location /shop/admin>\n"
    "Require ip 10.0.0.0/8\n"
    "</Location>\n"
    "<Location /members>\n"
    "SetHandler balancer-manager\n"
    "</Location>\n"
    "ProxyPass /members !\n"
    "ProxyPass /moved !\n"
    "ProxyPass /none !\n"
    "ProxyPass /shop balancer://shop/store\n"
    "</VirtualHost>\n";

std::string said(const ExplainedRequest& asked) {
  const auto config = config::config_of(kSite);
  const auto text = explain(*config, asked);
  return text ? *text : "error: " + text.error().detail;
}

TEST(Explain, SaysWhereARequestGoesAndWhereThatIsWritten) {
  EXPECT_EQ(said({.url = "http://www.example.com:8080/shop/x?y=1", .cookies = "ROUTEID=.b"}),
            "request   GET /shop/x?y=1 of www.example.com:8080, from 127.0.0.1\n"
            "listen    127.0.0.1:8080\n"
            "host      www.example.com, <VirtualHost *:8080> of t.conf:1\n"
            "location  /shop, t.conf:21\n"
            "forwarded GET /store/x?y=1, with the member's name in Host\n"
            "cluster   shop: 127.0.0.1:7001 (route a), 127.0.0.1:7002 (route b) (standby)\n"
            "session   .b: by cookie-route\n"
            "member    127.0.0.1:7002\n");
}

TEST(Explain, SaysWhatRulesAnswer) {
  const struct {
    ExplainedRequest asked;
    std::string last;  // the end of what is said
  } kCases[] = {
      {{.url = "/old/z"},
       "rewritten /shop/z\nlocation  /shop, t.conf:21\n"
       "forwarded GET /store/z, with the member's name in Host\n"
       "cluster   shop: 127.0.0.1:7001 (route a), 127.0.0.1:7002 (route b) (standby)\n"
       "session   none: a member is chosen by the method\n"},
      {{.url = "/gone"}, "answer    410, What was at this address is not there any more.\n"},
      {{.url = "/shop/admin"},
       "section   <Location /shop/admin> of t.conf:12, limits access\n"
       "answer    403, You may not have what is at this address.\n"},
      {{.url = "/none"}, "answer    404, requests for this location are not passed on\n"},
      {{.url = "/elsewhere"}, "answer    404, no location is about this path\n"},
      {{.url = "/members"}, "answer    200, the page about the members\n"},
      {{.url = "/shop/../../x"}, "answer    400, the path leads above the root\n"},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.asked.url);
    const std::string text = said(one.asked);
    EXPECT_TRUE(text.ends_with(one.last)) << text;
  }
  EXPECT_NE(said({.url = "/moved/y"}).find("Location: http://elsewhere.example/x/y"),
            std::string::npos);
  EXPECT_NE(said({.url = "/shop/admin", .from = "10.1.2.3"}).find("forwarded "), std::string::npos);
}

TEST(Explain, WhatCannotBeAskedIsAnError) {
  EXPECT_EQ(said({.url = "ftp://x/"}), "error: expected http:// or https://, not 'ftp://'");
  EXPECT_EQ(said({.url = "x"}), "error: expected http://host/path or /path, not 'x'");
  EXPECT_EQ(said({.url = "http:///x"}), "error: '' is no host");
  EXPECT_EQ(said({.url = "/", .from = "nowhere"}), "error: 'nowhere' is no address");
  EXPECT_EQ(said({.url = "/a b"}).find("error: no such request is let in: "), 0u);
}

}  // namespace
}  // namespace understudy
