// SPDX-License-Identifier: Apache-2.0
#include "proxy/admin/json_text.h"

#include <gtest/gtest.h>
#include <json/reader.h>

#include <memory>

namespace understudy {
namespace {

Json::Value parsed(const std::string& text) {
  Json::Value value;
  std::string error;
  const std::unique_ptr<Json::CharReader> reader(Json::CharReaderBuilder().newCharReader());
  EXPECT_TRUE(reader->parse(text.data(), text.data() + text.size(), &value, &error)) << error;
  return value;
}

ServerStatus sample() {
  ServerStatus status{.version = "1.2", .pid = 7, .uptime = std::chrono::seconds(61)};
  status.config_hash = "00ff";
  MemberStatus member{.name = "a\"b", .address = "127.0.0.1:1", .mid = 1};
  member.liveness = routing::Liveness::kSuspect;
  member.counters.in_flight = 3;
  status.clusters.push_back({.label = "c", .has_view = true, .view_hash = 255, .view_version = 4});
  status.clusters[0].members.push_back(member);
  status.workers.push_back({.worker = 0});
  return status;
}

TEST(JsonText, TellsTheStatus) {
  const Json::Value status = parsed(status_json(sample()));
  EXPECT_EQ(status["version"].asString(), "1.2");
  EXPECT_EQ(status["uptime_seconds"].asInt(), 61);
  EXPECT_EQ(status["configuration"]["hash"].asString(), "00ff");
  EXPECT_EQ(status["workers"].size(), 1U);
  const Json::Value& cluster = status["clusters"][0];
  EXPECT_EQ(cluster["view"]["hash"].asString(), "00000000000000ff");
  EXPECT_EQ(cluster["view"]["version"].asUInt64(), 4U);
  const Json::Value& member = cluster["members"][0];
  EXPECT_EQ(member["name"].asString(), "a\"b");
  EXPECT_EQ(member["mid"].asString(), "AAAAAQ");
  EXPECT_EQ(member["liveness"].asString(), "suspect");
  EXPECT_EQ(member["state"].asString(), "ready");
  EXPECT_EQ(member["in_flight"].asUInt(), 3U);
}

TEST(JsonText, TellsTheMembersAlone) {
  const Json::Value members = parsed(members_json(sample()));
  EXPECT_EQ(members["clusters"][0]["members"].size(), 1U);
  EXPECT_FALSE(members.isMember("workers"));
}

TEST(JsonText, ExplainsACookie) {
  CookieExplanation one{
      .cluster = "c", .refusal = AffinityRefusal::kNone, .decision = "cookie-secondary"};
  one.primary.mid = 1;
  one.member = "b";
  const CookieExplanation refused{.cluster = "d", .refusal = AffinityRefusal::kBadMac};
  const Json::Value clusters = parsed(explanation_json({one, refused}))["clusters"];
  EXPECT_TRUE(clusters[0]["accepted"].asBool());
  EXPECT_EQ(clusters[0]["primary"]["state"].asString(), "unknown");
  EXPECT_TRUE(clusters[0]["secondary"].isNull());
  EXPECT_EQ(clusters[0]["member"].asString(), "b");
  EXPECT_FALSE(clusters[1]["accepted"].asBool());
  EXPECT_EQ(clusters[1]["member"].asString(), "by LoadBalanceMethod");
}

TEST(JsonText, TellsTheOutcome) {
  EXPECT_TRUE(parsed(outcome_json(""))["ok"].asBool());
  EXPECT_EQ(parsed(outcome_json("no \"way\""))["error"].asString(), "no \"way\"");
}

}  // namespace
}  // namespace understudy
