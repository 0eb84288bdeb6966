// SPDX-License-Identifier: Apache-2.0
#include "loadtest/plot.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace understudy::loadtest {
namespace {

constexpr double kWidth = 960;
constexpr double kHeight = 300;
constexpr double kLeft = 64;
constexpr double kRight = 16;
constexpr double kTop = 34;
constexpr double kBottom = 42;
constexpr int kTicksWanted = 10;       // along x
constexpr int kStepsWanted = 6;        // up a linear y
constexpr ptrdiff_t kMarksNamed = 16;  // more are lines without their names
constexpr double kMarkRows = 6;        // of text, before it begins at the top again

double nice_step(double range, int wanted) {
  const double rough = range / wanted;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) return factor * power;
  }
  return 10 * power;
}

// Data to picture.
class Scale {
 public:
  explicit Scale(const Plot& plot)
      : x_begin_(plot.x_begin), x_end_(plot.x_end), is_linear_(plot.is_linear) {
    if (!(x_end_ > x_begin_)) x_end_ = x_begin_ + 1;
    double least = HUGE_VAL;
    double most = 0;
    for (const PlotLine& line : plot.lines) {
      for (const auto& [x, y] : line.points) {
        if (y <= 0) continue;
        least = std::min(least, y);
        most = std::max(most, y);
      }
    }
    if (most == 0) least = most = 1;
    if (is_linear_) {
      step_ = nice_step(most, kStepsWanted);
      high_ = std::ceil(most / step_) * step_;
      return;
    }
    low_ = std::floor(std::log10(least));
    high_ = std::max(std::ceil(std::log10(most)), low_ + 1);
  }

  double x(double value) const {
    return kLeft + (value - x_begin_) / (x_end_ - x_begin_) * (kWidth - kLeft - kRight);
  }
  double y(double value) const {
    const double place = is_linear_ ? value : std::log10(value);
    const double share = (place - low_) / (high_ - low_);
    return kHeight - kBottom - share * (kHeight - kTop - kBottom);
  }
  // Where the grid's lines are.
  std::vector<double> y_values() const {
    std::vector<double> values;
    for (double at = low_; at <= high_ + step_ / 2; at += step_) {
      values.push_back(is_linear_ ? at : std::pow(10, at));
    }
    return values;
  }
  double x_begin() const { return x_begin_; }
  double x_end() const { return x_end_; }

 private:
  double x_begin_;
  double x_end_;
  bool is_linear_;
  double low_ = 0;  // powers of ten, or the value itself
  double high_ = 1;
  double step_ = 1;
};

void add_text(std::string& svg, double x, double y, std::string_view anchor,
              std::string_view text) {
  svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     html_text(text));
}

void add_grid(std::string& svg, const Plot& plot, const Scale& scale) {
  for (const double value : scale.y_values()) {
    const double y = scale.y(value);
    svg += fmt::format("<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n",
                       kLeft, kWidth - kRight, y, y);
    add_text(svg, kLeft - 6, y + 4, "end", fmt::format("{:g} {}", value, plot.y_unit));
  }
  const double bottom = kHeight - kBottom + 16;
  if (!plot.ticks.empty()) {
    for (const PlotMark& tick : plot.ticks)
      add_text(svg, scale.x(tick.x), bottom, "middle", tick.text);
    return;
  }
  const double step = nice_step(scale.x_end() - scale.x_begin(), kTicksWanted);
  for (double x = std::ceil(scale.x_begin() / step) * step; x <= scale.x_end() + step / 1000;
       x += step) {
    add_text(svg, scale.x(x), bottom, "middle", fmt::format("{:g}{}", x, plot.x_unit));
  }
}

void add_line(std::string& svg, const PlotLine& line, const Scale& scale) {
  std::string path;
  bool pen_down = false;
  for (const auto& [x, y] : line.points) {
    if (y <= 0) {
      pen_down = false;
      continue;
    }
    path += fmt::format("{}{:.1f} {:.1f}", pen_down ? "L" : "M", scale.x(x), scale.y(y));
    pen_down = true;
  }
  svg += fmt::format("<path class=\"line\" stroke=\"{}\" d=\"{}\"/>\n", line.colour, path);
}

}  // namespace

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string to_svg(const Plot& plot) {
  const Scale scale(plot);
  std::string svg = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n",
                                kWidth, kHeight, html_text(plot.title));
  add_grid(svg, plot, scale);
  double tallest = 0;
  for (const auto& [x, height] : plot.bars) tallest = std::max(tallest, height);
  for (const auto& [x, height] : plot.bars) {
    if (height <= 0) continue;
    const double tall = 8 + height / tallest * (kHeight - kTop - kBottom) / 3;
    const double width = std::max(2.0, scale.x(x + plot.bar_width) - scale.x(x));
    svg += fmt::format(
        "<rect class=\"bar\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
        "height=\"{:.1f}\"><title>{:g} failed</title></rect>\n",
        scale.x(x), kHeight - kBottom - tall, width, tall, height);
  }
  for (const PlotLine& line : plot.lines) add_line(svg, line, scale);
  const auto is_seen = [&](const PlotMark& mark) {
    return mark.x >= scale.x_begin() && mark.x <= scale.x_end();
  };
  const auto seen = std::count_if(plot.marks.begin(), plot.marks.end(), is_seen);
  double row = 0;
  for (const PlotMark& mark : plot.marks) {
    if (!is_seen(mark)) continue;
    const double x = scale.x(mark.x);
    const bool is_right = x > kWidth * 0.85;
    svg += fmt::format(
        "<line class=\"mark{0}\" x1=\"{1:.1f}\" x2=\"{1:.1f}\" y1=\"{2}\" y2=\"{3}\">"
        "<title>{4}</title></line>\n",
        seen > kMarksNamed ? " many" : "", x, kTop - 6, kHeight - kBottom, html_text(mark.text));
    if (seen > kMarksNamed) continue;
    add_text(svg, is_right ? x - 4 : x + 4, kTop + 4 + row * 13, is_right ? "end" : "start",
             mark.text);
    row = row < kMarkRows - 1 ? row + 1 : 0;
  }
  double x = kLeft;
  for (const PlotLine& line : plot.lines) {
    svg += fmt::format(
        "<line stroke=\"{}\" stroke-width=\"3\" x1=\"{}\" x2=\"{}\" y1=\"14\" y2=\"14\"/>\n",
        line.colour, x, x + 18);
    add_text(svg, x + 24, 18, "start", line.name);
    x += 40 + 8 * static_cast<double>(line.name.size());
  }
  return svg + "</svg>\n";
}

}  // namespace understudy::loadtest
