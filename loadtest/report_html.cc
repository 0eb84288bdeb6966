// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

#include "loadtest/failover.h"
#include "loadtest/plot.h"
#include "loadtest/report_parts.h"

namespace understudy::loadtest {
namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --ink: #1d2433; --soft: #667085; --line: #d9dee8; --paper: #fff;
  --bad: #c8362b; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9f0; --soft: #98a2b3; --line: #333b4d; --paper: #12161f; --bad: #ff7b6e; } }
body { margin: 0 auto; padding: 1.5rem; max-width: 62rem; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p.sub, td.soft, th { color: var(--soft); } p.sub { margin: .2rem 0 1.2rem; }
code { font-size: .85rem; overflow-wrap: anywhere; }
.cards { display: flex; flex-wrap: wrap; gap: .75rem; }
.card { border: 1px solid var(--line); border-radius: .6rem; padding: .6rem .9rem; min-width: 7rem; }
.card b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.card.bad b { color: var(--bad); } .card span { color: var(--soft); font-size: .85rem; }
svg { width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: var(--soft); }
.grid { stroke: var(--line); } .line { fill: none; stroke-width: 1.5; }
.mark { stroke: var(--bad); stroke-dasharray: 4 3; } .mark.many { opacity: .35; stroke-width: .7; }
.bar { fill: var(--bad); opacity: .75; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td, th { text-align: left; padding: .2rem 1rem .2rem 0; border-bottom: 1px solid var(--line); }
)";

constexpr Duration kBeforeEvent = std::chrono::seconds(1);
constexpr int kPointsMax = 900;  // in a plot; about as many as it has pixels
constexpr Duration kAfterEvent = std::chrono::seconds(3);

std::string card(std::string_view figure, std::string_view name, bool is_bad = false) {
  return fmt::format("<div class=\"card{}\"><b>{}</b><span>{}</span></div>\n", is_bad ? " bad" : "",
                     html_text(figure), html_text(name));
}

std::string cards(const Report& report) {
  const Timeline& timeline = *report.timeline;
  const Histogram& latencies = timeline.latencies();
  std::string out = "<div class=\"cards\">\n";
  out += card(std::to_string(timeline.started()), "requests");
  out += card(std::to_string(timeline.failed()), "failed", timeline.failed() > 0);
  out += card(fmt::format("{:.2f} ms", ms(latencies.percentile(50))), "median");
  out += card(fmt::format("{:.2f} ms", ms(latencies.percentile(99))), "p99");
  out += card(fmt::format("{:.2f} ms", ms(latencies.percentile(99.9))), "p99.9");
  out += card(fmt::format("{:.1f} ms", ms(latencies.longest())), "longest stall");
  if (report.is_checked) {
    const auto& faults = report.faults;
    out += card(std::to_string(report.sessions), "sessions");
    out += card(std::to_string(faults.lost + faults.restarted), "lost or restarted",
                faults.lost + faults.restarted > 0);
    out += card(std::to_string(faults.twice), "counted twice", faults.twice > 0);
    out += card(std::to_string(faults.went_back), "went back", faults.went_back > 0);
  }
  return out + "</div>\n";
}

// From the beginning of the run, or around one of its events.
Plot latency_over_time(const Report& report, Duration begin, Duration end) {
  Plot plot{.title = "Latency over time", .x_unit = " s", .y_unit = "ms"};
  plot.x_begin = seconds(begin);
  plot.x_end = seconds(end);
  plot.lines = {{.name = "longest", .colour = "#e07b39", .points = {}},
                {.name = "p99", .colour = "#8a63d2", .points = {}},
                {.name = "median", .colour = "#2f80ed", .points = {}}};
  const Timeline& timeline = *report.timeline;
  const auto merged = static_cast<size_t>((end - begin) / (kPointsMax * timeline.interval())) + 1;
  plot.bar_width = seconds(static_cast<Duration::rep>(merged) * timeline.interval());
  for (const TimelinePoint& point : timeline.points(merged)) {
    if (point.at < begin || point.at > end) continue;
    const double x = seconds(point.at);
    plot.lines[0].points.emplace_back(x, ms(point.longest));
    plot.lines[1].points.emplace_back(x, ms(point.p99));
    plot.lines[2].points.emplace_back(x, ms(point.median));
    if (point.failed > 0) plot.bars.emplace_back(x, static_cast<double>(point.failed));
  }
  for (const TimelineEvent& event : report.timeline->events()) {
    plot.marks.push_back({.x = seconds(event.at), .text = event.text});
  }
  return plot;
}

// x is the number of nines: 90 % is 1, 99 % is 2.
Plot latency_by_percentile(const Report& report) {
  Plot plot{.title = "Latency by percentile", .x_unit = "", .y_unit = "ms"};
  const Histogram& latencies = report.timeline->latencies();
  const double most = std::log10(std::max<double>(static_cast<double>(latencies.count()), 10));
  plot.x_end = most;
  PlotLine line{.name = "latency from the intended start", .colour = "#2f80ed", .points = {}};
  for (double nines = 0; nines <= most; nines += 0.05) {
    const double percent = 100 - 100 * std::pow(10, -nines);
    line.points.emplace_back(nines, ms(latencies.percentile(percent)));
  }
  line.points.emplace_back(most, ms(latencies.longest()));
  plot.lines.push_back(std::move(line));
  constexpr std::array<std::string_view, 7> kNames = {"0 %",     "90 %",     "99 %",     "99.9 %",
                                                      "99.99 %", "99.999 %", "99.9999 %"};
  for (size_t nines = 0; nines < kNames.size() && static_cast<double>(nines) <= most; ++nines) {
    plot.ticks.push_back({.x = static_cast<double>(nines), .text = std::string(kNames[nines])});
  }
  return plot;
}

std::string table(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::string out = "<table>\n";
  for (const auto& [name, value] : rows) {
    out += fmt::format("<tr><td class=\"soft\">{}</td><td>{}</td></tr>\n", html_text(name),
                       html_text(value));
  }
  return out + "</table>\n";
}

std::string failover_plots(const Report& report) {
  // The worst of each kind.
  std::vector<FaultCost> worst;
  for (const FaultCost& cost : fault_costs(*report.timeline)) {
    const auto same = std::find_if(worst.begin(), worst.end(),
                                   [&](const FaultCost& other) { return other.kind == cost.kind; });
    if (same == worst.end()) {
      worst.push_back(cost);
    } else if (std::tie(cost.failed, cost.longest) > std::tie(same->failed, same->longest)) {
      *same = cost;
    }
  }
  std::sort(worst.begin(), worst.end(),
            [](const FaultCost& a, const FaultCost& b) { return a.at < b.at; });
  std::string out;
  for (const FaultCost& cost : worst) {
    out += fmt::format("<h2>Around “{}” at {:.3f} s, the worst of its kind</h2>\n",
                       html_text(cost.text), seconds(cost.at));
    out += to_svg(latency_over_time(report, cost.at - kBeforeEvent, cost.at + kAfterEvent));
  }
  return out;
}

std::string fault_table(const Report& report) {
  const std::vector<FaultKind> kinds = by_kind(fault_costs(*report.timeline));
  if (kinds.empty()) return {};
  std::string out =
      "<h2>Faults</h2>\n<table>\n<tr><th>what</th><th>times</th><th>longest wait, median</th>"
      "<th>longest wait, worst</th><th>failed requests</th></tr>\n";
  for (const FaultKind& kind : kinds) {
    out += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{:.1f} ms</td><td>{:.1f} ms</td><td>{}</td></tr>\n",
        html_text(kind.kind), kind.times, ms(kind.median), ms(kind.longest), kind.failed);
  }
  return out + "</table>\n";
}

std::string failures(const Report& report) {
  if (report.failures.empty() && report.findings.empty()) return {};
  std::string out = "<h2>What failed</h2>\n<table>\n";
  for (const std::string& finding : report.findings) {
    out += "<tr><td colspan=\"4\">" + html_text(finding) + "</td></tr>\n";
  }
  size_t left = 50;
  for (const LoadFailure& failure : report.failures) {
    if (left-- == 0) break;
    out += fmt::format("<tr><td>{:.3f} s</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                       seconds(failure.at), failure.is_post ? "POST" : "GET", failure.status,
                       html_text(failure.error));
  }
  return out + "</table>\n";
}

}  // namespace

std::string to_html(const Report& report) {
  const auto points = report.timeline->points();
  const Duration end = points.empty() ? Duration(std::chrono::seconds(1))
                                      : points.back().at + report.timeline->interval();
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style></head><body>\n",
      html_text(report.title), kStyle);
  out += fmt::format("<h1>{}</h1>\n<p class=\"sub\">{} · <code>{}</code></p>\n",
                     html_text(report.title), html_text(report.date), html_text(report.command));
  out += cards(report);
  out += "<h2>Latency over time</h2>\n" + to_svg(latency_over_time(report, Duration{}, end));
  out += "<h2>Latency by percentile</h2>\n" + to_svg(latency_by_percentile(report));
  out += fault_table(report) + failover_plots(report) + processes_html(report);
  out += failures(report);
  out += "<h2>Setup</h2>\n" + table(report.setup);
  return out + "</body></html>\n";
}

}  // namespace understudy::loadtest
