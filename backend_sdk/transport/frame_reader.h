// SPDX-License-Identifier: Apache-2.0
// FrameReader: bytes of a link in, frames out. Holds at most one unfinished frame. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "backend_sdk/wire/frame.h"

namespace understudy {

class FrameReader final {
 public:
  // `payload_bytes_max` may be raised once the other side is known.
  explicit FrameReader(size_t payload_bytes_max) : payload_bytes_max_(payload_bytes_max) {}
  void allow(size_t payload_bytes_max) { payload_bytes_max_ = payload_bytes_max; }

  void append(std::string_view bytes) { bytes_.append(bytes); }
  // The next frame; nullopt when more bytes are needed; an error ends the link.
  Result<std::optional<DecodedFrame>> next();
  size_t buffered() const { return bytes_.size() - begin_; }

 private:
  size_t payload_bytes_max_;
  std::string bytes_;
  size_t begin_ = 0;
};

}  // namespace understudy
