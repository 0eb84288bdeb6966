// SPDX-License-Identifier: Apache-2.0
// What is left of a gathered write that came up short. Pure; any thread. Used by both kinds of
// connections.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>

#include "base/buffer.h"

namespace understudy {

size_t total_bytes(std::span<const iovec> pieces);

// Copies the bytes [from, to) of the pieces, counted over all of them, behind what `out` holds.
// False when they are more than a large block.
[[nodiscard]] bool keep_rest(Buffer& out, std::span<const iovec> pieces, size_t from, size_t to);

// Copies text behind what `out` holds; false when there is no room.
[[nodiscard]] bool keep(Buffer& out, std::string_view text);

}  // namespace understudy
