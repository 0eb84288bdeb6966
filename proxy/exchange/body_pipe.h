// SPDX-License-Identifier: Apache-2.0
// BodyPipe: moves a large body from one plain connection to another through a kernel pipe, by
// splice(2), without its bytes coming into user space. Bounded by the pipe's size, and so
// back-pressured. Used by exchange/ for responses whose rest is large; everything else goes
// through the connections' buffers. Worker thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/fd.h"
#include "base/unneeded_spares.h"

namespace understudy {

// A rest of this size is worth a pipe.
inline constexpr uint64_t kSpliceBytesMin = 256 * 1024;
inline constexpr size_t kPipeBytes = 1024 * 1024;  // wanted; the kernel may give less
inline constexpr size_t kPipesKeptMax = 64;

// Empty pipes of a worker, kept for the next body as long as bodies need them.
class PipePool final {
 public:
  struct Pipe {
    Fd out;  // read end
    Fd in;   // write end
    size_t bytes_max = 0;
    explicit operator bool() const { return static_cast<bool>(out); }
  };

  // Unset when the system has none left: the body goes through the buffers then.
  Pipe take();
  // Only an empty pipe may come back.
  void give_back(Pipe pipe);
  // To be called every now and then: closes half of those that no body has needed since the last
  // call.
  void shrink();

 private:
  std::vector<Pipe> kept_;
  UnneededSpares unneeded_;
};

class BodyPipe final {
 public:
  explicit BodyPipe(PipePool& pool) : pool_(pool) {}
  ~BodyPipe() { close(); }
  BodyPipe(const BodyPipe&) = delete;

  bool open();
  bool is_open() const { return static_cast<bool>(pipe_); }
  size_t held() const { return held_; }

  enum class State : uint8_t { kMoved, kWouldBlock, kEnd, kError };
  struct Moved {
    State state = State::kMoved;
    size_t bytes = 0;
  };
  // At most `bytes_max` of them, and no more than there is room for.
  Moved fill(int source, uint64_t bytes_max);
  Moved drain(int sink);
  bool has_room() const { return held_ < pipe_.bytes_max; }
  // A pipe that still holds bytes is closed, an empty one kept.
  void close();

 private:
  PipePool& pool_;
  PipePool::Pipe pipe_;
  size_t held_ = 0;
};

}  // namespace understudy
