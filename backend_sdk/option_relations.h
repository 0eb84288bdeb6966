// SPDX-License-Identifier: Apache-2.0
// What the table of directives cannot see: how one option relates to another, and to what members
// have room for in a frame or a view. Called by options.cc, for a file and for options set in code.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "understudy/options.h"

namespace understudy {

struct OptionProblem {
  std::string sentence;  // what is wrong and what to do; names the directive
  // The first that the file says is where it is reported.
  std::vector<std::string_view> directives;
};

// Empty when all is well.
std::vector<OptionProblem> relate(const Options& options);

}  // namespace understudy
