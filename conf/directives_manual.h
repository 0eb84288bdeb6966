// SPDX-License-Identifier: Apache-2.0
// understudy.conf(5), written from the directive table in troff's man macros. Pure.
#pragma once

#include <string>
#include <string_view>

namespace understudy::conf {

std::string directives_manual(std::string_view version);

}  // namespace understudy::conf
