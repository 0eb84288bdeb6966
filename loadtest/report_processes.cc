// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <functional>

#include "loadtest/plot.h"
#include "loadtest/report_parts.h"

namespace understudy::loadtest {
namespace {

constexpr std::array<std::string_view, 8> kColours = {"#2f80ed", "#e07b39", "#27a36b", "#8a63d2",
                                                      "#c2417c", "#7a8b29", "#1a9bb0", "#a8743f"};

// What the lives of one name come to.
struct Weight {
  std::string name;
  size_t lives = 0;
  uint64_t resident_kib_max = 0;
  uint64_t proportional_kib_max = 0;
  size_t descriptors_max = 0;
  size_t threads_max = 0;
  Duration longest_life{};
  // Of the longest life.
  Flatness flatness;
  uint64_t warm_kib = 0;  // resident when its warm-up was over
  uint64_t last_kib = 0;
  size_t warm_descriptors = 0;
  size_t last_descriptors = 0;
};

void weigh(const ProcessLife& life, const FlatnessBounds& bounds, Weight& weight) {
  ++weight.lives;
  for (const Vitals& vitals : life.samples) {
    weight.resident_kib_max = std::max(weight.resident_kib_max, vitals.resident_kib);
    weight.proportional_kib_max = std::max(weight.proportional_kib_max, vitals.proportional_kib);
    weight.descriptors_max = std::max(weight.descriptors_max, vitals.descriptors);
    weight.threads_max = std::max(weight.threads_max, vitals.threads);
  }
  const Duration length = life.samples.back().at - life.samples.front().at;
  if (weight.lives > 1 && length <= weight.longest_life) return;
  weight.longest_life = length;
  weight.flatness = judge(life, bounds);
  const Duration warm_at = life.samples.front().at + bounds.warm_up;
  const auto warm = std::find_if(life.samples.begin(), life.samples.end() - 1,
                                 [&](const Vitals& vitals) { return vitals.at >= warm_at; });
  weight.warm_kib = warm->resident_kib;
  weight.warm_descriptors = warm->descriptors;
  weight.last_kib = life.samples.back().resident_kib;
  weight.last_descriptors = life.samples.back().descriptors;
}

std::vector<Weight> weights(const Report& report) {
  std::vector<Weight> all;
  for (const ProcessLife& life : report.lives) {
    auto it = std::find_if(all.begin(), all.end(),
                           [&](const Weight& weight) { return weight.name == life.name; });
    if (it == all.end()) {
      all.emplace_back();
      it = all.end() - 1;
      it->name = life.name;
    }
    weigh(life, report.bounds, *it);
  }
  return all;
}

std::string verdict(const Flatness& flatness) {
  if (!flatness.is_judged) return "too short to judge";
  return flatness.is_flat ? "flat" : "GROWS";
}

std::string newcomers_text(const Newcomers::Figures& figures) {
  std::string out = fmt::format("newcomers: {} came, {} counted and logged out, {} failed\n",
                                figures.came, figures.left, figures.failed);
  if (!figures.first_failure.empty()) out += "  the first: " + figures.first_failure + "\n";
  return out;
}

// `value` of every sample of every life, a line for each name, with gaps between lives.
Plot plot_of(const Report& report, std::string_view title, std::string_view unit,
             const std::function<double(const Vitals&)>& value) {
  Plot plot{.title = std::string(title), .x_unit = " s", .y_unit = std::string(unit)};
  plot.is_linear = true;
  for (const ProcessLife& life : report.lives) {
    auto it = std::find_if(plot.lines.begin(), plot.lines.end(),
                           [&](const PlotLine& line) { return line.name == life.name; });
    if (it == plot.lines.end()) {
      const std::string colour(kColours[plot.lines.size() % kColours.size()]);
      plot.lines.push_back({.name = life.name, .colour = colour, .points = {}});
      it = plot.lines.end() - 1;
    }
    it->points.emplace_back(seconds(life.samples.front().at), 0);
    for (const Vitals& vitals : life.samples) {
      it->points.emplace_back(seconds(vitals.at), value(vitals));
      plot.x_end = std::max(plot.x_end, seconds(vitals.at));
    }
  }
  for (const TimelineEvent& event : report.timeline->events()) {
    plot.marks.push_back({.x = seconds(event.at), .text = event.text});
  }
  return plot;
}

}  // namespace

std::string processes_text(const Report& report) {
  std::string out;
  if (report.newcomers) out += newcomers_text(*report.newcomers);
  if (report.lives.empty()) return out;
  out += fmt::format(
      "processes, the longest life of each after {:.0f} s of warm-up; flat: resident memory grows "
      "by at most {:g} KiB/h, descriptors by {:g}/h\n",
      seconds(report.bounds.warm_up), report.bounds.memory_kib_per_hour,
      report.bounds.descriptors_per_hour);
  for (const Weight& weight : weights(report)) {
    out += fmt::format(
        "  {}: {} lives, the longest {:.0f} s: {} to {} KiB ({:+.0f} KiB/h), descriptors {} to {} "
        "({:+.1f}/h), threads at most {}: {}\n",
        weight.name, weight.lives, seconds(weight.longest_life), weight.warm_kib, weight.last_kib,
        weight.flatness.memory_kib_per_hour, weight.warm_descriptors, weight.last_descriptors,
        weight.flatness.descriptors_per_hour, weight.threads_max, verdict(weight.flatness));
  }
  return out;
}

void add_processes(const Report& report, Json::Value& json) {
  if (report.newcomers) {
    Json::Value& newcomers = json["newcomers"];
    newcomers["came"] = Json::UInt64(report.newcomers->came);
    newcomers["left"] = Json::UInt64(report.newcomers->left);
    newcomers["failed"] = Json::UInt64(report.newcomers->failed);
    newcomers["first_failure"] = report.newcomers->first_failure;
  }
  if (report.lives.empty()) return;
  Json::Value& bounds = json["flatness_bounds"];
  bounds["warm_up_s"] = seconds(report.bounds.warm_up);
  bounds["judged_min_s"] = seconds(report.bounds.judged_min);
  bounds["memory_kib_per_hour"] = report.bounds.memory_kib_per_hour;
  bounds["descriptors_per_hour"] = report.bounds.descriptors_per_hour;
  Json::Value& lives = json["processes"] = Json::Value(Json::arrayValue);
  for (const ProcessLife& life : report.lives) {
    const Flatness flatness = judge(life, report.bounds);
    Json::Value& entry = lives.append(Json::Value());
    entry["name"] = life.name;
    entry["life"] = life.number;
    entry["judged"] = flatness.is_judged;
    entry["flat"] = flatness.is_flat;
    entry["memory_kib_per_hour"] = flatness.memory_kib_per_hour;
    entry["descriptors_per_hour"] = flatness.descriptors_per_hour;
    Json::Value& samples = entry["samples"] = Json::Value(Json::arrayValue);
    for (const Vitals& vitals : life.samples) {
      Json::Value& sample = samples.append(Json::Value());
      sample["at_s"] = seconds(vitals.at);
      sample["resident_kib"] = Json::UInt64(vitals.resident_kib);
      sample["proportional_kib"] = Json::UInt64(vitals.proportional_kib);
      sample["anonymous_kib"] = Json::UInt64(vitals.anonymous_kib);
      sample["descriptors"] = Json::UInt64(vitals.descriptors);
      sample["threads"] = Json::UInt64(vitals.threads);
    }
  }
}

std::string processes_html(const Report& report) {
  std::string out;
  if (report.newcomers) out += "<p>" + html_text(newcomers_text(*report.newcomers)) + "</p>\n";
  if (report.lives.empty()) return out;
  const auto mib = [](const Vitals& v) { return static_cast<double>(v.resident_kib) / 1024; };
  const auto own = [](const Vitals& v) { return static_cast<double>(v.anonymous_kib) / 1024; };
  const auto descriptors = [](const Vitals& v) { return static_cast<double>(v.descriptors); };
  out += "<h2>Resident memory</h2>\n" + to_svg(plot_of(report, "Resident memory", "MiB", mib));
  out += "<h2>Heap and stacks</h2>\n" + to_svg(plot_of(report, "Heap and stacks", "MiB", own));
  out += "<h2>Open descriptors</h2>\n" + to_svg(plot_of(report, "Descriptors", "", descriptors));
  out += fmt::format(
      "<h2>Processes</h2>\n<p class=\"sub\">Of the longest life of each, after {:.0f} s of "
      "warm-up. Flat: resident memory grows by at most {:g} KiB an hour, descriptors by {:g}."
      "</p>\n<table>\n<tr><th>process</th><th>lives</th><th>longest</th><th>resident KiB</th>"
      "<th>KiB/h</th><th>descriptors</th><th>per hour</th><th>most: KiB, shared ones divided"
      "</th><th>threads</th><th></th></tr>\n",
      seconds(report.bounds.warm_up), report.bounds.memory_kib_per_hour,
      report.bounds.descriptors_per_hour);
  for (const Weight& weight : weights(report)) {
    out += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{:.0f} s</td><td>{} to {}</td><td>{:+.0f}</td>"
        "<td>{} to {}</td><td>{:+.1f}</td><td>{}, {}</td><td>{}</td><td>{}</td></tr>\n",
        html_text(weight.name), weight.lives, seconds(weight.longest_life), weight.warm_kib,
        weight.last_kib, weight.flatness.memory_kib_per_hour, weight.warm_descriptors,
        weight.last_descriptors, weight.flatness.descriptors_per_hour, weight.resident_kib_max,
        weight.proportional_kib_max, weight.threads_max, verdict(weight.flatness));
  }
  return out + "</table>\n";
}

}  // namespace understudy::loadtest
