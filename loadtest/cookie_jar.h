// SPDX-License-Identifier: Apache-2.0
// CookieJar: what a client sends back of what it was given: one value for each cookie's name, the
// last. It knows no paths, domains or ends: each jar belongs to one client of one service. A value.
#pragma once

#include <string>

#include "loadtest/load_client.h"

namespace understudy::loadtest {

// `jar`: the Cookie header's value, "A=1; B=2".
void keep_cookies(std::string& jar, const ClientResponse& response);

}  // namespace understudy::loadtest
