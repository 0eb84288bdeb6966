// SPDX-License-Identifier: Apache-2.0
// A Reply as the bytes that travel and are kept with its session (Change::response), and back.
// Status u16, count of headers u16, then per header name and value with u32 lengths, then the body;
// little endian. Written and read by members of one cluster only. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "understudy/http.h"

namespace understudy {

inline constexpr std::size_t kStoredHeadersMax = 64;

// Nothing when there are too many headers or the status is no status.
std::optional<std::string> encode_reply(const Reply& reply);
// Nothing when these are not the bytes of a reply.
std::optional<Reply> decode_reply(std::string_view bytes);

}  // namespace understudy
