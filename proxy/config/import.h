// SPDX-License-Identifier: Apache-2.0
// `understudy check --import`: an existing httpd.conf with all that it includes as one file of
// ours. Each line of the source stands in it once, behind a comment that says what became of it:
// kept, translated to our name for it, ignored or refused, and why. What the file says of other
// files (Include), names (Define) and modules (<IfModule>) has been decided. Reads files; any
// thread.
#pragma once

#include <string>

#include "proxy/config/load.h"

namespace understudy::config {

struct Imported {
  std::string text;  // a whole configuration
  std::size_t refused_count = 0;
};

// `path` is a file, or a directory with conf/httpd.conf, httpd.conf or apache2.conf in it. A file
// whose name ends in ".properties" is mod_jk's workers.properties: each property becomes a
// JkWorkerProperty.
Result<Imported> import_file(const std::string& path, const LoadOptions& options = {});

}  // namespace understudy::config
