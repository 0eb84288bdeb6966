// SPDX-License-Identifier: Apache-2.0
#include "proxy/downstream/kept_body.h"

#include <algorithm>

#include "base/check.h"

namespace understudy {

std::span<char> KeptBody::room(const Keep& keep) {
  used_ = true;
  if (!keep.in_memory) drop_sent(keep.directory);
  const size_t block_bytes = blocks_.options().large_bytes;
  const size_t used = end_ - base_;
  if (used == held_.size() * block_bytes) {
    if (!keep.in_memory && !held_.empty()) return {};
    held_.push_back(blocks_.take(block_bytes));
    account_ += block_bytes;
  }
  const size_t offset = used % block_bytes;
  return {held_.back() + offset, block_bytes - offset};
}

void KeptBody::commit(size_t bytes, size_t of_body) {
  DCHECK(of_body <= bytes && body_end_ == end_);
  end_ += bytes;
  body_end_ += of_body;
}

std::string_view KeptBody::unsent() const {
  if (file_.has_unsent()) return file_.unsent();
  if (sent_ == body_end_) return {};
  const size_t block_bytes = blocks_.options().large_bytes;
  const size_t from = sent_ - base_;
  const size_t offset = from % block_bytes;
  const size_t bytes = std::min(body_end_ - sent_, block_bytes - offset);
  return {held_[from / block_bytes] + offset, bytes};
}

// One read brings it, so it lies in one block.
std::string_view KeptBody::rest() const {
  if (body_end_ == end_) return {};
  const size_t block_bytes = blocks_.options().large_bytes;
  const size_t from = body_end_ - base_;
  return {held_[from / block_bytes] + from % block_bytes, end_ - body_end_};
}

bool KeptBody::is_last(std::string_view unsent) const {
  if (file_.has_unsent()) return file_.is_last(unsent) && sent_ == body_end_ && !has_failed();
  return sent_ + unsent.size() == body_end_;
}

void KeptBody::consume(size_t bytes) {
  if (file_.has_unsent()) {
    file_.consume(bytes);
  } else {
    sent_ += bytes;
  }
}

void KeptBody::consume_all() {
  file_.consume_all();
  sent_ = body_end_;
}

void KeptBody::give_back_sent() {
  drop_sent(nullptr);
  if (end_ != 0) return;
  while (!held_.empty()) drop_front();
  base_ = 0;
}

void KeptBody::rewind() {
  file_.rewind();
  sent_ = base_;
}

void KeptBody::drop_sent(const std::string* directory) {
  if (sent_ == base_) return;
  const size_t block_bytes = blocks_.options().large_bytes;
  while (sent_ - base_ >= block_bytes) {
    drop({held_.front(), block_bytes}, directory);
    drop_front();
  }
  if (sent_ != end_) return;
  // All of it is gone: begin anew in the block that is here.
  if (!held_.empty()) drop({held_.front(), end_ - base_}, directory);
  base_ = sent_ = body_end_ = end_ = 0;
}

// A body with a gap is of no use: once something is lost, nothing more is filed.
void KeptBody::drop(std::string_view bytes, const std::string* directory) {
  if (bytes.empty() || dropped_) return;
  dropped_ = directory == nullptr || !file_.append(bytes, *directory);
}

void KeptBody::drop_front() {
  const size_t block_bytes = blocks_.options().large_bytes;
  blocks_.give_back(held_.front(), block_bytes);
  account_ -= block_bytes;
  held_.erase(held_.begin());
  base_ += block_bytes;
}

void KeptBody::clear() {
  file_.clear();
  while (!held_.empty()) drop_front();
  base_ = sent_ = body_end_ = end_ = 0;
  used_ = dropped_ = false;
}

}  // namespace understudy
