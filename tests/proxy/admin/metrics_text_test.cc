// SPDX-License-Identifier: Apache-2.0
#include "proxy/admin/metrics_text.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

namespace understudy {
namespace {

ServerStatus sample() {
  ServerStatus status{.version = "1.2"};
  status.counters.requests = 42;
  status.counters.responses_by_class[5] = 3;
  status.counters.tunnels = 9;
  status.counters.tunnels_open = 7;
  status.counters.tunnels_refused = 5;
  MemberStatus member{.name = "a\"\\\nb", .address = "127.0.0.1:1"};
  member.counters.requests = 40;
  status.clusters.push_back({.label = "c"});
  status.clusters[0].members.push_back(member);
  return status;
}

TEST(MetricsText, TellsTheFigures) {
  const std::string text = metrics_text(sample());
  for (const char* line :
       {"\nunderstudy_requests_total 42\n", "\nunderstudy_responses_total{class=\"5xx\"} 3\n",
        "\nunderstudy_tunnels_total 9\n", "\nunderstudy_tunnels_open 7\n",
        "\nunderstudy_tunnels_refused_total 5\n",
        "\nunderstudy_member_requests_total{cluster=\"c\",member=\"a\\\"\\\\\\nb\",address="
        "\"127.0.0.1:1\"} 40\n",
        "\nunderstudy_cluster_members{cluster=\"c\"} 1\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

// The grammar of the exposition format: each family once, explained before its samples.
TEST(MetricsText, IsInTheExpositionFormat) {
  const std::regex help(R"(# HELP ([a-z_]+) .+)");
  const std::regex type(R"(# TYPE ([a-z_]+) (counter|gauge))");
  const std::regex sample_line(
      R"re(([a-z_]+)(\{[a-z]+="([^"\\]|\\["\\n])*"(,[a-z]+="([^"\\]|\\["\\n])*")*\})? [0-9]+)re");
  std::set<std::string> seen;
  std::string current;
  std::istringstream lines(metrics_text(sample()));
  for (std::string line; std::getline(lines, line);) {
    SCOPED_TRACE(line);
    std::smatch match;
    if (std::regex_match(line, match, help)) {
      EXPECT_TRUE(seen.insert(match[1]).second) << "a family twice";
      current = match[1];
    } else if (std::regex_match(line, match, type)) {
      EXPECT_EQ(match[1], current);
      EXPECT_EQ(match[2] == "counter", current.ends_with("_total"));
    } else {
      ASSERT_TRUE(std::regex_match(line, match, sample_line));
      EXPECT_EQ(match[1], current);
    }
  }
  EXPECT_GT(seen.size(), 20U);
}

}  // namespace
}  // namespace understudy
