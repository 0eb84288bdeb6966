// SPDX-License-Identifier: Apache-2.0
// The shop's one style sheet.
#pragma once

#include <string_view>

namespace examples {

extern const std::string_view kStyleSheet;

}  // namespace examples
