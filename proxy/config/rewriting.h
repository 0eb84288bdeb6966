// SPDX-License-Identifier: Apache-2.0
// How rewriting and redirects are bound. Internal to proxy/config; used during one load.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/apache/host_rules.h"
#include "proxy/config/binding.h"

namespace understudy::config {

// bind_rewrite_maps.cc: whether a RewriteOptions of this very section names it, and what none
// knows.
bool has_rewrite_option(const conf::Settings& settings, std::string_view name);
void check_rewrite_options(const conf::Settings& settings, conf::Diagnostics& diagnostics);
// mod_rewrite reads its words itself: "^GET\ /x" is one.
std::vector<conf::Word> rewrite_words(const std::vector<conf::Word>& words);
// Those of the host and of what stands outside.
apache::RewriteMaps bind_rewrite_maps(const Scope& host, Binding& binding);
// bind_rewrite.cc: the rules of a host; none where RewriteEngine is Off.
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
