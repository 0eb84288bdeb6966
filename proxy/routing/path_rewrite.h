// SPDX-License-Identifier: Apache-2.0
// From the path that was matched to the path that the member gets. Pure; any thread. Called by
// exchange/ for locations whose rules change paths.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/path_rules.h"

namespace understudy::routing {

// `path` is normal or sound (request_path.h), and so is what comes out; what is trimmed is compared
// with its normal form. Parameters (";jsessionid=...") of the last
// segment survive even where the segment is trimmed, so that a session does. Empty: no room.
std::string_view rewrite_path(const config::PathRules& rules, std::string_view path,
                              std::span<char> room);

// The path as members see it that take no parameters for a part of it: "/a;x=1/b;y" is "/a/b".
// Gives back `path` itself where it has none; else writes into `kept`.
std::string_view without_parameters(std::string_view path, std::string& kept);

// WLExcludePathOrMimeType: whether one of the patterns matches the path without its parameters.
bool is_excluded(const std::vector<std::string>& patterns, std::string_view path);

}  // namespace understudy::routing
