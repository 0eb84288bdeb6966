// SPDX-License-Identifier: Apache-2.0
// How rewriting and redirects are bound. Internal to proxy/config; used during one load.
#pragma once

#include <vector>

#include "proxy/config/binding.h"

namespace understudy::config {

// bind_rewrite.cc: those of the host and of what stands outside.
apache::RewriteMaps bind_rewrite_maps(const Scope& host, Binding& binding);
// The rules of a host; none where RewriteEngine is Off.
apache::Rewriting bind_rewriting(const Scope& host, Rewrites& rewrites, Binding& binding);
void bind_section_rewriting(const conf::Settings& settings, Rewrites& rewrites,
                            apache::Section& section, Binding& binding);
// Of the <Directory> sections that the files of `document_root` are in.
std::vector<apache::DirectoryRules> bind_directories(const Scope& host,
                                                     const std::string& document_root,
                                                     Rewrites& rewrites, Binding& binding);

// bind_redirects.cc: those that this very section says.
std::vector<apache::Redirect> bind_redirects(const conf::Settings& settings, bool is_location,
                                             conf::Diagnostics& diagnostics);

}  // namespace understudy::config
