// SPDX-License-Identifier: Apache-2.0
// LoadArguments: the options that every command shares, as typed, and what they mean. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "loadtest/session_load.h"

namespace understudy::loadtest {

struct LoadArguments {
  std::string rate = "500";
  std::string duration = "10s";
  std::string think_time = "0";
  std::string timeout = "30s";
  std::string interval = "100ms";
  bool poisson = false;
  bool fresh = false;
  uint64_t seed = 1;
  size_t sessions = 500;
  size_t requests_per_visit = 1;
  double post_share = 0.5;
  size_t body_bytes = 0;
  std::string out;
};

// kInvalid with the option and what is wrong.
Result<SessionLoadOptions> session_load_options(const LoadArguments& load);

Error invalid(std::string detail);
Result<Duration> parse_time(std::string_view option, const std::string& text, bool may_be_zero);

}  // namespace understudy::loadtest
