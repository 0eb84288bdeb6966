// SPDX-License-Identifier: Apache-2.0
// One access log: where it goes and in which format. The format is kept as written; whoever writes
// the log compiles it. A value of the immutable Config.
#pragma once

#include <string>

namespace understudy::config {

struct AccessLog {
  std::string path;    // "stdout" and "stderr" mean the streams
  std::string format;  // Apache's letters, nicknames already replaced
};

}  // namespace understudy::config
