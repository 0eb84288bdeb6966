// SPDX-License-Identifier: Apache-2.0
// The proxy's own session cookie, SessionCookieFormat insert, as it is configured. A value of the
// immutable Config; any thread.
#pragma once

#include <chrono>

#include "cookies/cookie_header.h"

namespace understudy::config {

struct InsertedCookie {
  CookieAttributes attributes;
  std::chrono::seconds idle_max{};  // SessionCookieMaxIdle; 0: none
  std::chrono::seconds life_max{};  // SessionCookieMaxLife; 0: none

  bool operator==(const InsertedCookie&) const = default;
};

}  // namespace understudy::config
