// SPDX-License-Identifier: Apache-2.0
// How logs write ids: a mid as cookies, views and the proxy's log do (PROTOCOL 1.1).
#pragma once

#include <string>

#include "backend_sdk/wire/ids.h"

namespace understudy {

std::string mid_text(MemberId mid);
std::string channel_text(ChannelId channel);  // its primary's mid, and its number there

}  // namespace understudy
