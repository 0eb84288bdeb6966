// SPDX-License-Identifier: Apache-2.0
// ProxyPassReverseCookieDomain and ProxyPassReverseCookiePath: the Domain and Path of cookies that
// members set, as they know themselves, are turned into what clients see of them. Pure; called by
// exchange/ for responses with Set-Cookie at a location that has such rules.
#pragma once

#include <vector>

#include "proxy/config/path_rules.h"
#include "proxy/http/hop_by_hop.h"
#include "proxy/http/line_arena.h"
#include "proxy/http/message.h"

namespace understudy {

// Each Domain and Path of each Set-Cookie by the first rule that fits it; the rest of the line
// stays as it is. A domain fits whatever its letter case and with or without a dot at its front, a
// path with all that is below it.
void reverse_cookies(const std::vector<config::CookieRule>& rules, const http::FieldList& fields,
                     http::FieldMask& dropped, http::LineArena& lines);

}  // namespace understudy
