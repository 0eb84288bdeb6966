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

TEST_F(Reports, FaultsAreToldByKind) {
  timeline_.on_event(milliseconds(800), "kill c");
  EXPECT_NE(to_text(report_).find("2 x kill: longest wait 41.0 ms"), std::string::npos)
      << to_text(report_);
  const Json::Value json = parse_json(to_json(report_));
  ASSERT_EQ(json["faults"].size(), 1u);
  EXPECT_EQ(json["faults"][0]["times"].asUInt(), 2u);
  EXPECT_EQ(json["faults"][0]["failed"].asUInt(), 1u);
}

// A process that is looked at for an hour, a KiB more each time or not.
ProcessLife watched(const std::string& name, uint64_t kib_more) {
  ProcessLife life{.name = name, .number = 1, .pid = 1, .samples = {}};
  for (uint64_t i = 0; i <= 360; ++i) {
    life.samples.push_back({.at = std::chrono::seconds(10 * i),
                            .resident_kib = 9000 + i * kib_more,
                            .proportional_kib = 4000,
                            .anonymous_kib = 3000,
                            .descriptors = 30,
                            .threads = 2});
  }
  return life;
}

TEST_F(Reports, ProcessesAreToldOfAndJudged) {
  report_.lives = {watched("proxy 1", 0), watched("a<", 90)};
  const std::string text = to_text(report_);
  EXPECT_NE(text.find("proxy 1: 1 lives, the longest 3600 s: 9000 to 9000 KiB (+0 KiB/h)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("(+32400 KiB/h)"), std::string::npos) << text;
  EXPECT_NE(text.find(": GROWS"), std::string::npos) << text;
  const Json::Value json = parse_json(to_json(report_));
  ASSERT_EQ(json["processes"].size(), 2u);
  EXPECT_TRUE(json["processes"][0]["flat"].asBool());
  EXPECT_FALSE(json["processes"][1]["flat"].asBool());
  EXPECT_EQ(json["processes"][0]["samples"].size(), 361u);
  const std::string page = to_html(report_);
  EXPECT_NE(page.find("Resident memory"), std::string::npos);
  EXPECT_EQ(page.find("a<"), std::string::npos);
}

TEST_F(Reports, AReportIsGoodOnlyIfEverythingIs) {
  Timeline quiet(milliseconds(100));
  quiet.on_started({});
  quiet.on_succeeded({}, milliseconds(1));
  Report good;
  good.timeline = &quiet;
  good.lives = {watched("a", 0)};
  good.newcomers = Newcomers::Figures{.came = 2, .left = 2, .failed = 0, .first_failure = {}};
  ASSERT_TRUE(is_good(good));
  struct Case {
    const char* what;
    void (*spoil)(Report&);
  };
  static const Timeline* failing = &timeline_;
  const Case cases[] = {
      {"a request failed", [](Report& report) { report.timeline = failing; }},
      {"a session was lost", [](Report& report) { report.faults.lost = 1; }},
      {"a process crashed", [](Report& report) { report.crashes = 1; }},
      {"a newcomer failed", [](Report& report) { report.newcomers->failed = 1; }},
      {"a process grew", [](Report& report) { report.lives = {watched("a", 90)}; }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Report report = good;
    c.spoil(report);
    EXPECT_FALSE(is_good(report));
  }
}

TEST_F(Reports, AManyHoursTimelineIsMergedForTheReport) {
  Timeline fine(milliseconds(10));
  for (int i = 0; i < 4; ++i) {
    fine.on_started(milliseconds(10 * i));
    fine.on_succeeded(milliseconds(10 * i), milliseconds(i + 1));
  }
  const auto merged = fine.points(3);
  ASSERT_EQ(merged.size(), 2u);
  EXPECT_EQ(merged[0].succeeded, 3u);
  EXPECT_EQ(merged[0].longest, Duration(milliseconds(3)));
  EXPECT_EQ(merged[0].median, Duration(milliseconds(2)));
  EXPECT_EQ(merged[1].at, Duration(milliseconds(30)));
  EXPECT_EQ(merged[1].longest, Duration(milliseconds(4)));
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

TEST(Plot, ALinearPlotBeginsAtZero) {
  const std::string svg = to_svg({.title = "t",
                                  .y_unit = "MiB",
                                  .lines = {{.name = "l", .colour = "red", .points = {{0, 23}}}},
                                  .is_linear = true});
  for (const char* label : {">0 MiB<", ">5 MiB<", ">25 MiB<"}) {
    EXPECT_NE(svg.find(label), std::string::npos) << label << svg;
  }
}

TEST(Plot, ManyMarksAreLinesWithoutTheirNames) {
  Plot plot{.title = "t", .x_end = 100};
  const auto texts = [&plot] {
    const std::string svg = to_svg(plot);
    size_t count = 0;
    for (size_t at = 0; (at = svg.find(">kill x</text>", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  for (int i = 0; i < 16; ++i) plot.marks.push_back({.x = i + 0.5, .text = "kill x"});
  EXPECT_EQ(texts(), 16u);
  plot.marks.push_back({.x = 50, .text = "kill x"});
  EXPECT_EQ(texts(), 0u);
  plot.x_end = 10;
  EXPECT_EQ(texts(), 10u) << "those outside do not count";
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
