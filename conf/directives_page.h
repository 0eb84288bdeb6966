// SPDX-License-Identifier: Apache-2.0
// Pages written from the directive table. Pure.
#pragma once

#include <string>
#include <string_view>

#include "conf/directive_table.h"

namespace understudy::conf {

// What an argument is, in a few words: "size", "duration (s)"; of a choice "one of".
std::string_view kind_text(const DirectiveSpec& spec);

// conf/directives.md: each directive with its argument, default and place.
std::string directives_page();

// docs/apache_directives.md: what becomes of each directive of an existing httpd.conf, by name.
std::string apache_directives_page();

}  // namespace understudy::conf
