// SPDX-License-Identifier: Apache-2.0
// Http2Guard: looks at the frame heads in the peer's bytes before the codec decodes anything of
// them, and refuses what costs us more than it costs the peer, a client or a member: header blocks
// without an end, resets, pings and settings without measure. It cuts the bytes at the frames'
// ends; what a frame means it does not know. Pure: time is handed in. Owned by the codec.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "proxy/http/http2/http2_limits.h"

namespace understudy::http {

enum class Http2Abuse : uint8_t {
  kNone,
  kHeaderBlock,  // too large, or in too many pieces
  kResets,
  kSettings,
  kPings,
  kIdlers,
  kEmptyData,
  kWindowUpdates,
};
// Half a sentence for the log; empty for kNone.
std::string_view to_text(Http2Abuse abuse);

// Spends an allowance.
class Http2Budget final {
 public:
  explicit constexpr Http2Budget(const Http2Allowance& allowance) : allowance_(allowance) {}
  // False when there is nothing left.
  bool spend(TimePoint now);
  // So many more may be spent; what was not spent is not saved up.
  void earn(unsigned count) { paid_until_ -= count * allowance_.interval; }

 private:
  const Http2Allowance& allowance_;
  TimePoint paid_until_{};
};

class Http2Guard final {
 public:
  // A client's bytes begin with the preface.
  enum class Sender : uint8_t { kClient, kServer };
  explicit Http2Guard(Sender sender = Sender::kClient);
  Sender sender() const { return sender_; }

  struct Step {
    size_t bytes = 0;  // of one frame, or of a part of it; not 0 unless there are no bytes
    Http2Abuse abuse = Http2Abuse::kNone;
  };
  Step next(std::string_view bytes, TimePoint now);

  // A stream has been reset from our side for what the client sent, or its head was refused.
  Http2Abuse on_reset(TimePoint now);
  // A DATA frame has been sent, which the client may answer by opening its windows.
  void on_data_sent() { window_updates_.earn(kHttp2WindowUpdatesPerData); }
  // The last step was of a SETTINGS frame.
  bool was_settings() const;
  // A header block has begun and has not ended: nothing else may come in between.
  bool is_in_header_block() const { return in_block_; }

 private:
  Http2Abuse look_at_head(TimePoint now);
  Http2Abuse add_to_block(size_t bytes);

  const Sender sender_;
  Http2Budget resets_{kHttp2Resets};
  Http2Budget settings_{kHttp2Settings};
  Http2Budget pings_{kHttp2Pings};
  Http2Budget idlers_{kHttp2Idlers};
  Http2Budget empty_data_{kHttp2EmptyData};
  Http2Budget window_updates_{kHttp2WindowUpdates};
  std::array<uint8_t, kHttp2FrameHeadBytes> head_{};
  size_t payload_left_;  // of the present frame; the connection preface counts as one
  size_t block_bytes_ = 0;
  uint8_t head_bytes_ = 0;
  uint8_t continuations_ = 0;
  bool in_block_ = false;
};

}  // namespace understudy::http
