// SPDX-License-Identifier: Apache-2.0
// What admin/ answers as JSON. Pure functions from values to text; jsoncpp stays in the .cc.
#pragma once

#include <string>
#include <vector>

#include "proxy/server/status.h"

namespace understudy {

// GET /status: everything. GET /members: its clusters only.
std::string status_json(const ServerStatus& status);
std::string members_json(const ServerStatus& status);
// GET /why: how each cluster reads the cookie.
std::string explanation_json(const std::vector<CookieExplanation>& clusters);
// POST /drain, /enable, /disable: what has changed.
std::string members_changed_json(const std::vector<MemberChange>& changes);
// {"ok": true} or {"error": "..."}.
std::string outcome_json(const std::string& error);

}  // namespace understudy
