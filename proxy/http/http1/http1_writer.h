// SPDX-License-Identifier: Apache-2.0
// Composes the head that is forwarded as a list of pieces for writev: runs of kept lines are pieces
// of the buffer they came in, and only changed or added lines are written, into an arena that the
// caller owns. It writes to no socket and decides nothing: what is dropped and added is said by the
// caller. The pieces die with the received buffer or with the arena's next clear().
// Pure; any thread. Called by exchange/ with the worker's scratch.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/check.h"
#include "proxy/http/head_rewrite.h"
#include "proxy/http/limits.h"
#include "proxy/http/line_arena.h"
#include "proxy/http/message.h"

namespace understudy::http {

// The pieces in order, ready for writev.
class HeadSpans final {
 public:
  void clear() { count_ = 0, bytes_ = 0, end_ = nullptr; }
  // Joins the last piece where it follows it in memory.
  void add(std::string_view piece) {
    if (piece.empty()) return;
    bytes_ += piece.size();
    if (piece.data() == end_) {
      last_->iov_len += piece.size();
    } else {
      DCHECK(count_ < pieces_.size(), "kHeadSpansMax is the worst case of kFieldsMax");
      last_ = &pieces_[count_++];
      *last_ = {const_cast<char*>(piece.data()), piece.size()};
    }
    end_ = piece.data() + piece.size();
  }
  std::span<const iovec> pieces() const { return {pieces_.data(), count_}; }
  size_t bytes() const { return bytes_; }  // of all pieces
  // Writes all pieces in a row to `out`, which has room for bytes().
  void copy_to(char* out) const;

 private:
  size_t count_ = 0;
  size_t bytes_ = 0;
  iovec* last_ = nullptr;      // of the pieces
  const char* end_ = nullptr;  // of what it holds
  std::array<iovec, kHeadSpansMax> pieces_;
};

// Always HTTP/1.1, whatever the client spoke. False when the arena is full: the caller answers 431.
// `host` must be given where head.authority is empty. The arena may hold the added lines already.
[[nodiscard]] bool compose_request(const RequestHead& head, const RequestRewrite& rewrite,
                                   LineArena& arena, HeadSpans& spans);

// Always HTTP/1.1; status and reason as received.
[[nodiscard]] bool compose_response(const ResponseHead& head, const ResponseRewrite& rewrite,
                                    LineArena& arena, HeadSpans& spans);

}  // namespace understudy::http
