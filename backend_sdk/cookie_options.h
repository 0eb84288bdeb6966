// SPDX-License-Identifier: Apache-2.0
// From the public Options to the attributes of the session's cookie. Pure.
#pragma once

#include "cookies/affinity.h"
#include "cookies/cookie_header.h"
#include "understudy/options.h"

namespace understudy {

CookieAttributes cookie_attributes(const Options& options);
Dialect cookie_dialect(const Options& options);

}  // namespace understudy
