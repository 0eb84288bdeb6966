// SPDX-License-Identifier: Apache-2.0
// FiledBody: the front of a request's body in a file without a name, so that a body which does not
// fit into ReplayBufferSize can be sent a second time (FileCaching). Bytes are appended as they
// leave memory; after rewind() they are read again, a piece at a time. No other process can open
// the file, and it is gone with its descriptor. Writing and reading are calls to the page cache and
// may wait for the disk, which is why this is a choice of the operator. Owned by a Downstream;
// worker thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/fd.h"

namespace understudy {

class FiledBody final {
 public:
  // `account` is kept at the bytes that the worker's files hold.
  FiledBody(BlockPool& blocks, uint64_t& account) : blocks_(blocks), account_(account) {}
  ~FiledBody() { clear(); }
  FiledBody(const FiledBody&) = delete;

  // False when that is not possible: a full disk, no file in `directory`, an error. It is logged,
  // and nothing more is to be appended until clear().
  bool append(std::string_view bytes, const std::string& directory);
  uint64_t size() const { return size_; }

  // From the first byte again. Nothing to do for an empty one.
  void rewind();
  // The next bytes to send again; empty when there are none, or when reading has failed.
  std::string_view unsent() const;
  bool has_unsent() const { return replaying_; }
  // Whether nothing of it is left behind unsent().
  bool is_last(std::string_view unsent) const { return sent_ + unsent.size() == size_; }
  void consume(size_t bytes);
  void consume_all() { replaying_ = false; }
  bool has_failed() const { return failed_; }

  bool is_used() const { return static_cast<bool>(file_); }
  void clear();

 private:
  bool open(const std::string& directory);
  void load();

  BlockPool& blocks_;
  uint64_t& account_;

  Fd file_;
  char* block_ = nullptr;  // a large one, while replaying
  uint64_t size_ = 0;
  uint64_t sent_ = 0;
  uint64_t loaded_from_ = 0;  // position of the block's first byte
  size_t loaded_bytes_ = 0;
  bool replaying_ = false;
  bool failed_ = false;
};

}  // namespace understudy
