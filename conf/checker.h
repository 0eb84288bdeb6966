// SPDX-License-Identifier: Apache-2.0
// Holds a tree against the directive table: unknown names, wrong place, number of arguments, units
// and ranges, duplicates, and what is missing. It does not relate one directive to another; that is
// done by whoever binds them (proxy/config, backend_sdk/options). Pure but for the diagnostics.
#pragma once

#include <unordered_set>

#include "conf/diagnostic.h"
#include "conf/directive_table.h"
#include "conf/tree.h"

namespace understudy::conf {

// Directives that were put together by a binder, as if they stood in a section.
void check_section(const std::vector<Directive>& section, Contexts context, Program program,
                   Diagnostics& diagnostics);

// Directives, sections included, in which an error was found: typed readers may not be asked about
// them.
using Faulty = std::unordered_set<const Directive*>;

// `path` names the configuration where something is missing altogether.
Faulty check(const Tree& tree, Program program, std::string_view path, Diagnostics& diagnostics);

// What is right of a tree: so that what its binder has to say is said in the same round.
Tree without(const Faulty& faulty, Tree tree);

}  // namespace understudy::conf
