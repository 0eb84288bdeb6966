// SPDX-License-Identifier: Apache-2.0
// One access log: where it goes and in which format. A value of the immutable Config.
#pragma once

#include <string>
#include <vector>

#include "proxy/config/log_items.h"

namespace understudy::config {

struct LogFormat {
  std::string text;  // as written
  std::vector<LogItem> items;
  LogEscape escape = LogEscape::kApache;
};

struct AccessLog {
  std::string path;  // "stdout" and "stderr" mean the streams
  LogFormat format;  // nicknames already replaced
};

}  // namespace understudy::config
