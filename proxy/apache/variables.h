// SPDX-License-Identifier: Apache-2.0
// The variables that rewriting and expressions name as %{NAME}, in Apache's words. Pure; any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "proxy/apache/request.h"

namespace understudy::apache {

// Whether a proxy has it: "HTTP_HOST", "HTTP:X-Field", "ENV:NAME", "SSL:SSL_PROTOCOL".
bool is_variable(std::string_view name);

// Empty where there is nothing to say.
std::string variable(std::string_view name, const Request& request);

}  // namespace understudy::apache
