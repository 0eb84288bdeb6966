// SPDX-License-Identifier: Apache-2.0
// KeptBody: the part of a request's body that no longer fits behind its head, in large blocks. What
// has been sent stays for a re-send as long as the caller wants it kept, in memory or in a file;
// otherwise its room is used again, and there is never more than one block. Owned by an
// Http1Downstream; worker thread only.
//
//   [ file_: sent and gone from memory ][ held_: sent, then not sent ][ room ]
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "proxy/downstream/filed_body.h"

namespace understudy {

class KeptBody final {
 public:
  // What becomes of bytes that have been sent when their room is needed.
  struct Keep {
    bool in_memory = false;                  // they stay where they are
    const std::string* directory = nullptr;  // else they go to a file there; null: they are lost
  };

  // The accounts are kept at the number of bytes that all bodies of the worker hold, in memory and
  // in files.
  KeptBody(BlockPool& blocks, uint64_t& account, uint64_t& file_account)
      : blocks_(blocks), account_(account), file_(blocks, file_account) {}
  ~KeptBody() { clear(); }
  KeptBody(const KeptBody&) = delete;

  // Where to read into. Empty when nothing fits before more has been sent; never with `in_memory`.
  std::span<char> room(const Keep& keep);
  // `bytes` were read into room(), of which the first `of_body` belong to the body: all of them but
  // in the last read.
  void commit(size_t bytes, size_t of_body);

  // The next bytes to send, as far as they lie in a row.
  std::string_view unsent() const;
  bool has_unsent() const { return file_.has_unsent() || sent_ < body_end_; }
  // Whether nothing is left to send behind unsent().
  bool is_last(std::string_view unsent) const;
  void consume(size_t bytes);
  void consume_all();
  // What has been sent will never be asked for again: its blocks go back now, and not when the
  // next bytes need room.
  void give_back_sent();
  bool can_rewind() const { return !dropped_; }
  void rewind();
  // What was filed cannot be read again: the rest of the body is lost in the middle of a re-send.
  bool has_failed() const { return file_.has_failed(); }

  // What came along behind the body: the beginning of the next request.
  std::string_view rest() const;
  // Since the last clear(), whether or not anything is still here.
  bool is_used() const { return used_; }
  void clear();

 private:
  void drop_sent(const std::string* directory);
  void drop(std::string_view bytes, const std::string* directory);
  void drop_front();

  BlockPool& blocks_;
  uint64_t& account_;
  FiledBody file_;

  // Positions count from the first byte that was put in here since the last clear(), or since all
  // that was here had been sent and dropped.
  std::vector<char*> held_;  // large blocks, in order
  size_t base_ = 0;          // position of the first block's first byte
  size_t sent_ = 0;
  size_t body_end_ = 0;
  size_t end_ = 0;
  bool used_ = false;
  bool dropped_ = false;  // something that was sent is neither here nor in the file
};

}  // namespace understudy
