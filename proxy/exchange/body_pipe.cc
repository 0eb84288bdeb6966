// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/body_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace understudy {
namespace {

BodyPipe::Moved from_return(ssize_t count) {
  if (count > 0) return {.bytes = static_cast<size_t>(count)};
  if (count == 0) return {.state = BodyPipe::State::kEnd};
  if (errno == EAGAIN) return {.state = BodyPipe::State::kWouldBlock};
  return {.state = BodyPipe::State::kError};
}

ssize_t move(int source, int sink, size_t bytes) {
  ssize_t count;
  do {
    count = ::splice(source, nullptr, sink, nullptr, bytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  } while (count < 0 && errno == EINTR);
  return count;
}

}  // namespace

PipePool::Pipe PipePool::take() {
  if (!kept_.empty()) {
    Pipe pipe = std::move(kept_.back());
    kept_.pop_back();
    unneeded_.on_taken(kept_.size());
    return pipe;
  }
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return {};
  Pipe pipe{.out = Fd(ends[0]), .in = Fd(ends[1])};
  int bytes = ::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(kPipeBytes));
  if (bytes < 0) bytes = ::fcntl(ends[1], F_GETPIPE_SZ);
  if (bytes <= 0) return {};
  pipe.bytes_max = static_cast<size_t>(bytes);
  return pipe;
}

void PipePool::give_back(Pipe pipe) {
  if (kept_.size() < kPipesKeptMax) kept_.push_back(std::move(pipe));
}

void PipePool::shrink() {
  const size_t surplus = unneeded_.take_surplus(kept_.size());
  kept_.erase(kept_.begin(), kept_.begin() + static_cast<ptrdiff_t>(surplus));
}

bool BodyPipe::open() {
  if (!is_open()) pipe_ = pool_.take();
  return is_open();
}

BodyPipe::Moved BodyPipe::fill(int source, uint64_t bytes_max) {
  DCHECK(is_open() && has_room());
  const size_t room = pipe_.bytes_max - held_;
  Moved moved = from_return(
      move(source, pipe_.in.value(), static_cast<size_t>(std::min<uint64_t>(bytes_max, room))));
  held_ += moved.bytes;
  return moved;
}

BodyPipe::Moved BodyPipe::drain(int sink) {
  DCHECK(held_ > 0);
  Moved moved = from_return(move(pipe_.out.value(), sink, held_));
  held_ -= moved.bytes;
  return moved;
}

void BodyPipe::close() {
  if (!is_open()) return;
  PipePool::Pipe pipe = std::move(pipe_);
  if (held_ == 0) pool_.give_back(std::move(pipe));
  held_ = 0;
}

}  // namespace understudy
