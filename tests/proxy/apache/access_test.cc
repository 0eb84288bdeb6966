// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/access.h"

#include <gtest/gtest.h>

#include "tests/proxy/apache/asking.h"

namespace understudy::apache {
namespace {

using Kind = Requirement::Kind;
using Order = HostAccess::Order;

Requirement ip(std::string_view range, bool is_negated = false) {
  return {.kind = Kind::kIp, .is_negated = is_negated, .ranges = {*AddressRange::parse(range)}};
}

Access requiring(Kind kind, std::vector<Requirement> parts) {
  return {.require = std::make_shared<const Requirement>(
              Requirement{.kind = kind, .parts = std::move(parts)})};
}

unsigned status_of(const std::vector<const Access*>& sections, Asking asking) {
  Request request = asking.request();
  return decide_access(sections, request).status;
}

HostAccess::Entry everybody() {
  return {.is_all = true};
}

HostAccess::Entry network(std::string_view range) {
  return {.ranges = {*AddressRange::parse(range)}};
}

unsigned by_hosts(HostAccess hosts, std::string_view client) {
  const Access access{.hosts = std::make_shared<const HostAccess>(std::move(hosts))};
  return status_of({&access}, Asking().from(client));
}

TEST(Access, NothingSaidLetsEverybodyIn) {
  EXPECT_EQ(status_of({}, Asking()), 0u);
}

TEST(Access, OneOfSeveralRequiresIsEnough) {
  const Access access = requiring(Kind::kAny, {ip("10.0.0.0/8"), ip("192.0.2.7")});
  EXPECT_EQ(status_of({&access}, Asking()), 0u);
  EXPECT_EQ(status_of({&access}, Asking().from("192.0.2.8")), 403u);
}

TEST(Access, NotKeepsOutAndLetsNobodyIn) {
  const Requirement all{.kind = Kind::kAll, .parts = {{.kind = Kind::kYes}, ip("192.0.2.7", true)}};
  const Access access = requiring(Kind::kAny, {all});
  EXPECT_EQ(status_of({&access}, Asking()), 403u);
  EXPECT_EQ(status_of({&access}, Asking().from("192.0.2.8")), 0u);
}

TEST(Access, RequireNoneIsNeutralWhereNothingInItHolds) {
  const Requirement none{.kind = Kind::kAny, .is_negated = true, .parts = {ip("192.0.2.7")}};
  const Access alone = requiring(Kind::kAny, {none});
  EXPECT_EQ(status_of({&alone}, Asking().from("192.0.2.8")), 403u);
  const Requirement all{.kind = Kind::kAll, .parts = {{.kind = Kind::kYes}, none}};
  const Access beside = requiring(Kind::kAny, {all});
  EXPECT_EQ(status_of({&beside}, Asking().from("192.0.2.8")), 0u);
  EXPECT_EQ(status_of({&beside}, Asking()), 403u);
}

TEST(Access, ALaterSectionReplacesWhatAnEarlierOneRequires) {
  const Access closed = requiring(Kind::kAny, {{.kind = Kind::kNo}});
  const Access open = requiring(Kind::kAny, {{.kind = Kind::kYes}});
  EXPECT_EQ(status_of({&closed, &open}, Asking()), 0u);
  EXPECT_EQ(status_of({&open, &closed}, Asking()), 403u);
  Access joined = open;
  joined.joining = Joining::kAnd;
  EXPECT_EQ(status_of({&closed, &joined}, Asking()), 403u);
  joined.joining = Joining::kOr;
  EXPECT_EQ(status_of({&closed, &joined}, Asking()), 0u);
}

TEST(Access, WhatIsLimitedToOtherMethodsIsFree) {
  Requirement no{.kind = Kind::kNo};
  no.methods = {{.kind = Methods::Kind::kThese, .names = {"PUT"}}};
  const Access access = requiring(Kind::kAny, {no});
  EXPECT_EQ(status_of({&access}, Asking()), 0u);
  EXPECT_EQ(status_of({&access}, Asking().method("PUT")), 403u);
}

TEST(Access, GetStandsForHeadToo) {
  const Methods others{.kind = Methods::Kind::kOthers, .names = {"GET", "POST"}};
  EXPECT_FALSE(others.contains("HEAD"));
  EXPECT_FALSE(others.contains("POST"));
  EXPECT_TRUE(others.contains("BREW"));
  EXPECT_TRUE(others.contains("get"));
}

TEST(Access, OrderSaysWhoHasTheLastWord) {
  const struct {
    Order order;
    std::string_view client;
    unsigned status;
  } cases[] = {{Order::kDenyAllow, "10.1.1.1", 0},  {Order::kDenyAllow, "10.2.1.1", 0},
               {Order::kDenyAllow, "192.0.2.1", 0}, {Order::kAllowDeny, "10.1.1.1", 403},
               {Order::kAllowDeny, "10.2.1.1", 0},  {Order::kAllowDeny, "192.0.2.1", 403},
               {Order::kMutual, "10.1.1.1", 403},   {Order::kMutual, "10.2.1.1", 0}};
  for (const auto& one : cases) {
    SCOPED_TRACE(one.client);
    EXPECT_EQ(by_hosts({.orders = {{.order = one.order}},
                        .allows = {network("10.0.0.0/8")},
                        .denies = {network("10.1.0.0/16")}},
                       one.client),
              one.status);
  }
}

TEST(Access, OrderAllowDenyAloneClosesAndDenyFromAllAloneDoesToo) {
  EXPECT_EQ(by_hosts({.orders = {{.order = Order::kAllowDeny}}}, "10.1.1.1"), 403u);
  EXPECT_EQ(by_hosts({.denies = {everybody()}}, "10.1.1.1"), 403u);
}

TEST(Access, SatisfyAnyNeedsOneOfTheTwo) {
  const Users users{.hashes = {{"anna", "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="}}};
  Access access = requiring(Kind::kAny, {{.kind = Kind::kValidUser}});
  access.asks_password = true;
  access.realm = "Shop \"A\"";
  access.users = std::make_shared<const Users>(users);
  HostAccess hosts{.allows = {network("10.0.0.0/8")}, .denies = {everybody()}};
  hosts.satisfies = {{.is_any = true}};
  access.hosts = std::make_shared<const HostAccess>(hosts);
  EXPECT_EQ(status_of({&access}, Asking().from("10.1.1.1")), 0u);
  EXPECT_EQ(status_of({&access}, Asking()), 401u);
  EXPECT_EQ(status_of({&access}, Asking().field("Authorization", "Basic YW5uYTpzZWNyZXQ=")), 0u);
  hosts.satisfies.clear();
  access.hosts = std::make_shared<const HostAccess>(hosts);
  EXPECT_EQ(status_of({&access}, Asking().field("Authorization", "Basic YW5uYTpzZWNyZXQ=")), 403u);
}

class Passwords : public testing::Test {
 protected:
  Passwords() {
    access_ = requiring(Kind::kAny, {{.kind = Kind::kUser, .names = {"anna"}}});
    access_.asks_password = true;
    access_.realm = "Shop \"A\"";
    access_.users = std::make_shared<const Users>(
        Users{.hashes = {{"anna", "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="},
                         {"bob", "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="}}});
  }
  Verdict with(std::string_view credentials) {
    Asking asking;
    if (!credentials.empty()) asking.field("Authorization", credentials);
    Request request = asking.request();
    return decide_access({&access_}, request);
  }
  Access access_;
};

TEST_F(Passwords, TheClientIsToldWhatThePasswordIsFor) {
  const Verdict verdict = with("");
  EXPECT_EQ(verdict.status, 401u);
  EXPECT_EQ(verdict.lines, "WWW-Authenticate: Basic realm=\"Shop \\\"A\\\"\"\r\n");
}

TEST_F(Passwords, OnlyTheRightUserWithTheRightPasswordPasses) {
  EXPECT_EQ(with("Basic YW5uYTpzZWNyZXQ=").status, 0u);    // anna:secret
  EXPECT_EQ(with("basic  YW5uYTpzZWNyZXQ=").status, 0u);   // the scheme ignores letter case
  EXPECT_EQ(with("Basic YW5uYTp3cm9uZw==").status, 401u);  // anna:wrong
  EXPECT_EQ(with("Basic Ym9iOnNlY3JldA==").status, 401u);  // bob:secret
  EXPECT_EQ(with("Basic !!!!").status, 401u);
  EXPECT_EQ(with("Bearer YW5uYTpzZWNyZXQ=").status, 401u);
}

}  // namespace
}  // namespace understudy::apache
