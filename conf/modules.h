// SPDX-License-Identifier: Apache-2.0
// Which of Apache's modules count as loaded: those whose directives this program honours, or
// refuses with a reason, by both of their names (mod_headers.c, headers_module). The list decides
// what <IfModule> lets in, so a module that is missing here has its directives skipped. Pure.
#pragma once

#include <string_view>

namespace understudy::conf {

// In any spelling of Apache's, its letter case included.
bool is_module_present(std::string_view name);

}  // namespace understudy::conf
