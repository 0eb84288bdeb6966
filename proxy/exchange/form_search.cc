// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/form_search.h"

namespace understudy {

void FormSearch::feed(std::string_view bytes) {
  bytes_ += bytes.size();
  if (!is_chunked_) return field_.feed(bytes);
  while (!bytes.empty() && !scanner_.is_complete()) {
    const http::ChunkPiece piece = scanner_.next(bytes);
    if (piece.consumed == 0) return;  // refused: the downstream has seen it too
    field_.feed(piece.payload);
    bytes.remove_prefix(piece.consumed);
  }
}

}  // namespace understudy
