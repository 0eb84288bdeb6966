// SPDX-License-Identifier: Apache-2.0
// Text in, tree out: reads a file and everything it includes, replaces variables, decides
// conditions (conditions.h), and nests the sections. It knows how the language is written and not
// what a directive means; that is checker.h. Bounded by limits.h whatever the input.
#pragma once

#include <string>
#include <vector>

#include "conf/diagnostic.h"
#include "conf/files.h"
#include "conf/sources.h"
#include "conf/tree.h"
#include "conf/variables.h"

namespace understudy::conf {

struct ParseOptions {
  Environment environment = process_environment;
  std::vector<std::string> defines;  // as by `Define NAME`, for <IfDefine>
  std::string server_root;           // goes before ServerRoot; empty: that one counts
};

// The tree of what could be read; with errors in `diagnostics` it is incomplete and good only for
// finding more of them. New files are added to `sources`, which `diagnostics` must refer to.
Tree parse(const std::string& path, const Files& files, const ParseOptions& options,
           Sources& sources, Diagnostics& diagnostics);

}  // namespace understudy::conf
