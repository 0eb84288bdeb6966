// SPDX-License-Identifier: Apache-2.0
// `understudy check --explain`: what the configuration would do with one request, by the very
// functions that the proxy serves with (map_path, walk_rules, member_target), and where each answer
// is written. Nothing is connected to, but members' host names are looked up. Main thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "proxy/config/config.h"

namespace understudy {

struct ExplainedRequest {
  std::string method = "GET";
  std::string url;           // "http://www.example.com/shop?x=1", or "/shop" at the first Listen
  std::string cookies = {};  // as in the Cookie field
  std::string from = "127.0.0.1";
};

// Lines of a name and what holds, aligned, for people. kInvalid: there can be no such request, and
// why.
Result<std::string> explain(const config::Config& config, const ExplainedRequest& asked);

}  // namespace understudy
