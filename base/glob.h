// SPDX-License-Identifier: Apache-2.0
// Patterns of host names and paths as operators write them: `*` is any run of characters, `?` any
// one; everything else stands for itself. No classes and no escapes. Pure; any thread.
#pragma once

#include <string_view>

namespace understudy {

bool has_wildcard(std::string_view pattern);

// Goes back to the last star only, so the time is bounded by the product of the two lengths.
bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace understudy
