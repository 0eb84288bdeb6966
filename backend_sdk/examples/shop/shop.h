// SPDX-License-Identifier: Apache-2.0
// shop: a small web shop, rendered by the server, whose whole memory is the session: who is logged
// in, the cart, half-filled forms, the orders. Kill the member that serves you and go on clicking.
// Every POST carries the session's CSRF token, keeps its answer for the case that it is sent again,
// and redirects to a page (POST-redirect-GET).
#pragma once

#include "understudy/evhttp.h"

struct event_base;

namespace examples {

inline constexpr std::size_t kShopBodyBytesMax = 64u << 10;

void add_shop_handlers(understudy::Node& node, understudy::EvhttpServer& server, event_base* base);

}  // namespace examples
