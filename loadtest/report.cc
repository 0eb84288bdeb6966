// SPDX-License-Identifier: Apache-2.0
#include "loadtest/report.h"

#include <fmt/core.h>
#include <json/value.h>
#include <json/writer.h>

#include <algorithm>
#include <array>

#include "loadtest/failover.h"
#include "loadtest/report_parts.h"

namespace understudy::loadtest {
namespace {

constexpr std::array kPercentiles = {50.0, 90.0, 99.0, 99.9, 99.99};
constexpr size_t kFailuresShown = 10;
constexpr size_t kPointsMax = 5000;  // of the timeline, in JSON
constexpr size_t kEventsShown = 30;  // more are told by kind

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

std::string events_text(const Report& report) {
  const Timeline& timeline = *report.timeline;
  std::string out;
  if (timeline.events().size() <= kEventsShown) {
    for (const TimelineEvent& event : timeline.events()) {
      out += fmt::format("  {:8.3f} s  {}\n", seconds(event.at), event.text);
    }
  }
  for (const FaultKind& kind : by_kind(fault_costs(timeline))) {
    out += fmt::format("{} x {}: longest wait {:.1f} ms, in the median {:.1f} ms; {} failed\n",
                       kind.times, kind.kind, ms(kind.longest), ms(kind.median), kind.failed);
  }
  if (report.crashes > 0) out += fmt::format("{} processes ended by themselves\n", report.crashes);
  return out;
}

Json::Value faults_json(const Report& report) {
  Json::Value kinds(Json::arrayValue);
  for (const FaultKind& kind : by_kind(fault_costs(*report.timeline))) {
    Json::Value& entry = kinds.append(Json::Value());
    entry["kind"] = kind.kind;
    entry["times"] = Json::UInt64(kind.times);
    entry["longest_wait_ms"] = ms(kind.longest);
    entry["median_wait_ms"] = ms(kind.median);
    entry["failed"] = Json::UInt64(kind.failed);
  }
  return kinds;
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
          .findings = load.checker().findings(),
          .crashes = 0,
          .lives = {},
          .bounds = {},
          .newcomers = std::nullopt};
}

bool is_good(const Report& report) {
  return report.timeline->failed() == 0 && report.faults.total() == 0 && report.crashes == 0 &&
         (!report.newcomers || report.newcomers->failed == 0) &&
         std::all_of(report.lives.begin(), report.lives.end(),
                     [&](const ProcessLife& life) { return judge(life, report.bounds).is_flat; });
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
  out += events_text(report);
  if (report.is_checked) {
    out += fmt::format(
        "sessions: {} with {} acknowledged counts; restarted {}, went back {}, counted twice {}, "
        "lost {}\n",
        report.sessions, report.acknowledged, report.faults.restarted, report.faults.went_back,
        report.faults.twice, report.faults.lost);
    for (const std::string& finding : report.findings) out += "  " + finding + "\n";
  }
  out += processes_text(report);
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
  const size_t merged = timeline.points().size() / kPointsMax + 1;
  json["interval_s"] = seconds(static_cast<Duration::rep>(merged) * timeline.interval());
  for (const TimelinePoint& point : timeline.points(merged)) {
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
  json["faults"] = faults_json(report);
  json["crashes"] = Json::UInt64(report.crashes);
  json["good"] = is_good(report);
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
  add_processes(report, json);
  Json::StreamWriterBuilder writer;
  writer["indentation"] = "  ";
  writer["precision"] = 6;
  return Json::writeString(writer, json) + "\n";
}

}  // namespace understudy::loadtest
