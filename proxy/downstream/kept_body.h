// SPDX-License-Identifier: Apache-2.0
// KeptBody: the part of a request's body that no longer fits behind its head, in large blocks. What
// has been sent stays for a re-send as long as the caller wants it kept; otherwise its room is used
// again, and there is never more than one block. Owned by an Http1Downstream; worker thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/buffer.h"

namespace understudy {

class KeptBody final {
 public:
  // `account` is kept at the number of bytes that all bodies of the worker hold.
  KeptBody(BlockPool& blocks, uint64_t& account) : blocks_(blocks), account_(account) {}
  ~KeptBody() { clear(); }
  KeptBody(const KeptBody&) = delete;

  // Where to read into. Empty when nothing fits before more has been sent; never with `keep`.
  std::span<char> room(bool keep);
  // `bytes` were read into room(), of which the first `of_body` belong to the body: all of them but
  // in the last read.
  void commit(size_t bytes, size_t of_body);

  // The next bytes to send, as far as they lie in a row.
  std::string_view unsent() const;
  bool has_unsent() const { return sent_ < body_end_; }
  // Whether nothing is left to send behind unsent().
  bool is_last(std::string_view unsent) const { return sent_ + unsent.size() == body_end_; }
  void consume(size_t bytes) { sent_ += bytes; }
  void consume_all() { sent_ = body_end_; }
  bool can_rewind() const { return !dropped_; }
  void rewind() { sent_ = 0; }

  // What came along behind the body: the beginning of the next request.
  std::string_view rest() const;
  bool is_used() const { return !held_.empty(); }
  void clear();

 private:
  void drop_sent();
  void drop_front();

  BlockPool& blocks_;
  uint64_t& account_;

  // Positions count from the first byte that was put in here since the last clear(), or since all
  // that was here had been sent and dropped.
  std::vector<char*> held_;  // large blocks, in order
  size_t base_ = 0;          // position of the first block's first byte
  size_t sent_ = 0;
  size_t body_end_ = 0;
  size_t end_ = 0;
  bool dropped_ = false;  // something that was sent is no longer here
};

}  // namespace understudy
