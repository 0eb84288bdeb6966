// SPDX-License-Identifier: Apache-2.0
// Text into HTML and URLs without letting it become markup. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

namespace examples {

// For text and for attribute values in double quotes.
std::string escape_html(std::string_view text);

// 1234 -> "12.34 €".
std::string money(long cents);

}  // namespace examples
