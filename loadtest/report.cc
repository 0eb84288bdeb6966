// SPDX-License-Identifier: Apache-2.0
#include "loadtest/report.h"

#include <fmt/core.h>
#include <json/value.h>
#include <json/writer.h>

#include <array>

namespace understudy::loadtest {
namespace {

constexpr std::array kPercentiles = {50.0, 90.0, 99.0, 99.9, 99.99};
constexpr size_t kFailuresShown = 10;

double ms(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

Json::Value figures(const Report& report) {
  const Timeline& timeline = *report.timeline;
  const Histogram& latencies = timeline.latencies();
  Json::Value json;
  json["started"] = Json::UInt64(timeline.started());
  json["succeeded"] = Json::UInt64(timeline.succeeded());
  json["failed"] = Json::UInt64(timeline.failed());
  Json::Value& latency = json["latency_ms"];
  latency["mean"] = ms(latencies.mean());
  latency["shortest"] = ms(latencies.shortest());
  for (const double percent : kPercentiles) {
    latency[fmt::format("p{:g}", percent)] = ms(latencies.percentile(percent));
  }
  latency["longest"] = ms(latencies.longest());
  for (const auto& [status, count] : report.statuses) {
    json["statuses"][status == 0 ? "no answer" : std::to_string(status)] = Json::UInt64(count);
  }
  return json;
}

}  // namespace

Report make_report(const SessionLoad& load, bool is_checked, size_t sessions) {
  return {.title = {},
          .command = {},
          .date = {},
          .setup = {},
          .timeline = &load.timeline(),
          .statuses = load.statuses(),
          .failures = load.failures(),
          .is_checked = is_checked,
          .sessions = sessions,
          .acknowledged = load.checker().acknowledged(),
          .faults = load.checker().faults(),
          .findings = load.checker().findings()};
}

std::string to_text(const Report& report) {
  const Timeline& timeline = *report.timeline;
  const Histogram& latencies = timeline.latencies();
  std::string out = fmt::format("{} requests: {} answered, {} failed\n", timeline.started(),
                                timeline.succeeded(), timeline.failed());
  out += fmt::format("latency from the intended start: median {:.2f} ms",
                     ms(latencies.percentile(50)));
  for (const double percent : {90.0, 99.0, 99.9}) {
    out += fmt::format(", p{:g} {:.2f} ms", percent, ms(latencies.percentile(percent)));
  }
  out += fmt::format(", longest {:.1f} ms\n", ms(latencies.longest()));
  for (const auto& [status, count] : report.statuses) {
    out += fmt::format("  {}: {}\n", status == 0 ? "no answer" : "status " + std::to_string(status),
                       count);
  }
  for (const TimelineEvent& event : timeline.events()) {
    out += fmt::format("  {:8.3f} s  {}\n", seconds(event.at), event.text);
  }
  if (report.is_checked) {
    out += fmt::format(
        "sessions: {} with {} acknowledged counts; restarted {}, went back {}, counted twice {}, "
        "lost {}\n",
        report.sessions, report.acknowledged, report.faults.restarted, report.faults.went_back,
        report.faults.twice, report.faults.lost);
    for (const std::string& finding : report.findings) out += "  " + finding + "\n";
  }
  for (size_t i = 0; i < report.failures.size() && i < kFailuresShown; ++i) {
    const LoadFailure& failure = report.failures[i];
    out += fmt::format("  {} at {:.3f} s failed with {}: {}\n", failure.is_post ? "POST" : "GET",
                       seconds(failure.at), failure.status, failure.error);
  }
  return out;
}

std::string to_json(const Report& report) {
  const Timeline& timeline = *report.timeline;
  Json::Value json = figures(report);
  json["title"] = report.title;
  json["command"] = report.command;
  json["date"] = report.date;
  for (const auto& [name, value] : report.setup) json["setup"][name] = value;
  Json::Value& points = json["timeline"] = Json::Value(Json::arrayValue);
  for (const TimelinePoint& point : timeline.points()) {
    Json::Value& entry = points.append(Json::Value());
    entry["at_s"] = seconds(point.at);
    entry["started"] = Json::UInt64(point.started);
    entry["succeeded"] = Json::UInt64(point.succeeded);
    entry["failed"] = Json::UInt64(point.failed);
    entry["median_ms"] = ms(point.median);
    entry["p99_ms"] = ms(point.p99);
    entry["longest_ms"] = ms(point.longest);
  }
  Json::Value& events = json["events"] = Json::Value(Json::arrayValue);
  for (const TimelineEvent& event : timeline.events()) {
    Json::Value& entry = events.append(Json::Value());
    entry["at_s"] = seconds(event.at);
    entry["text"] = event.text;
  }
  if (report.is_checked) {
    Json::Value& sessions = json["sessions"];
    sessions["count"] = Json::UInt64(report.sessions);
    sessions["acknowledged"] = Json::UInt64(report.acknowledged);
    sessions["restarted"] = Json::UInt64(report.faults.restarted);
    sessions["went_back"] = Json::UInt64(report.faults.went_back);
    sessions["counted_twice"] = Json::UInt64(report.faults.twice);
    sessions["lost"] = Json::UInt64(report.faults.lost);
    Json::Value& findings = sessions["findings"] = Json::Value(Json::arrayValue);
    for (const std::string& finding : report.findings) findings.append(finding);
  }
  Json::StreamWriterBuilder writer;
  writer["indentation"] = "  ";
  writer["precision"] = 6;
  return Json::writeString(writer, json) + "\n";
}

}  // namespace understudy::loadtest
