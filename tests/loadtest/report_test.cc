// SPDX-License-Identifier: Apache-2.0
#include "loadtest/report.h"

#include <gtest/gtest.h>

#include "loadtest/installation.h"
#include "loadtest/plot.h"

namespace understudy::loadtest {
namespace {

using std::chrono::milliseconds;

class Reports : public ::testing::Test {
 protected:
  Reports() {
    for (int i = 0; i < 100; ++i) {
      const Duration at = milliseconds(10 * i);
      timeline_.on_started(at);
      if (i == 50) {
        timeline_.on_failed(at);
      } else {
        timeline_.on_succeeded(at, milliseconds(1 + (i == 51 ? 40 : 0)));
      }
    }
    timeline_.on_event(milliseconds(500), "kill <b>");
    report_.title = "A & B";
    report_.timeline = &timeline_;
    report_.statuses = {{200, 99}, {0, 1}};
    report_.is_checked = true;
    report_.sessions = 10;
    report_.faults.lost = 1;
    report_.findings = {"session 3: ends at 4"};
    report_.failures = {{.is_post = true, .status = 0, .error = "reset", .at = milliseconds(500)}};
  }

  Timeline timeline_{milliseconds(100)};
  Report report_;
};

TEST_F(Reports, TheTimelinePutsARequestWhereItWasMeantToStart) {
  const auto points = timeline_.points();
  ASSERT_EQ(points.size(), 10u);
  EXPECT_EQ(points[5].started, 10u);
  EXPECT_EQ(points[5].failed, 1u);
  EXPECT_EQ(points[5].succeeded, 9u);
  EXPECT_EQ(points[5].longest, Duration(milliseconds(41)));
  EXPECT_EQ(points[4].longest, Duration(milliseconds(1)));
}

TEST_F(Reports, TheTextSaysWhatFailed) {
  const std::string text = to_text(report_);
  for (const char* part : {"100 requests: 99 answered, 1 failed", "longest 41.0 ms", "no answer: 1",
                           "kill <b>", "lost 1", "session 3", "POST at 0.500 s"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST_F(Reports, TheJsonHasTheFiguresAndTheTimeline) {
  const Json::Value json = parse_json(to_json(report_));
  ASSERT_TRUE(json.isObject());
  EXPECT_EQ(json["started"].asUInt(), 100u);
  EXPECT_EQ(json["failed"].asUInt(), 1u);
  EXPECT_EQ(json["statuses"]["no answer"].asUInt(), 1u);
  EXPECT_EQ(json["timeline"].size(), 10u);
  EXPECT_EQ(json["events"][0]["text"].asString(), "kill <b>");
  EXPECT_EQ(json["sessions"]["lost"].asUInt(), 1u);
  EXPECT_NEAR(json["latency_ms"]["longest"].asDouble(), 41, 0.01);
}

TEST_F(Reports, ThePageNeedsNothingElseAndEscapesWhatItShows) {
  const std::string page = to_html(report_);
  EXPECT_EQ(page.find("kill <b>"), std::string::npos);
  EXPECT_NE(page.find("kill &lt;b&gt;"), std::string::npos);
  EXPECT_NE(page.find("A &amp; B"), std::string::npos);
  EXPECT_EQ(page.find("http://"), std::string::npos);
  EXPECT_EQ(page.find("https://"), std::string::npos);
  EXPECT_NE(page.find("<svg"), std::string::npos);
  EXPECT_NE(page.find("Around"), std::string::npos) << "an event that is a fault has its own plot";
}

TEST(Plot, AGapInALineIsAGap) {
  const std::string svg =
      to_svg({.title = "t",
              .lines = {{.name = "l", .colour = "red", .points = {{0, 1}, {1, 0}, {2, 3}}}}});
  const size_t path = svg.find("d=\"M");
  ASSERT_NE(path, std::string::npos);
  EXPECT_EQ(svg.substr(path, svg.find('"', path + 3) - path).find('L'), std::string::npos);
}

}  // namespace
}  // namespace understudy::loadtest
