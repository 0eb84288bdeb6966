// SPDX-License-Identifier: Apache-2.0
// Plot: lines over a linear x and a logarithmic (or linear) y, bars for counts, marks for events,
// as one SVG element. Knows nothing of load. Pure.
#pragma once

#include <string>
#include <vector>

namespace understudy::loadtest {

struct PlotLine {
  std::string name;
  std::string colour;                             // of CSS
  std::vector<std::pair<double, double>> points;  // a y of 0 or less is a gap
};

struct PlotMark {
  double x = 0;
  std::string text;
};

struct Plot {
  std::string title;
  std::string x_unit;
  std::string y_unit;
  double x_begin = 0;
  double x_end = 1;
  std::vector<PlotLine> lines;
  std::vector<std::pair<double, double>> bars;  // x and height; red, from the bottom: failures
  double bar_width = 0;                         // in x
  std::vector<PlotMark> marks;
  bool is_linear = false;  // y, from 0
  // Labels in place of x's own numbers, at these places.
  std::vector<PlotMark> ticks;
};

std::string to_svg(const Plot& plot);
// The five characters that HTML gives a meaning are written as references.
std::string html_text(std::string_view text);

}  // namespace understudy::loadtest
