// SPDX-License-Identifier: Apache-2.0
// directives.md, written from the directive table. Pure.
#pragma once

#include <string>

namespace understudy::conf {

std::string directives_page();

}  // namespace understudy::conf
