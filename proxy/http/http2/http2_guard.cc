// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/http2/http2_guard.h"

#include <algorithm>
#include <cstring>

#include "proxy/http/preface/http2_preface.h"

namespace understudy::http {
namespace {

// RFC 9113 6 and RFC 9218 7.1.
enum FrameType : uint8_t {
  kData = 0,
  kHeaders = 1,
  kRstStream = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kGoaway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};
constexpr uint8_t kEndStream = 1;
constexpr uint8_t kEndHeaders = 4;

}  // namespace

std::string_view to_text(Http2Abuse abuse) {
  switch (abuse) {
    case Http2Abuse::kNone:
      return "";
    case Http2Abuse::kHeaderBlock:
      return "a header block that is too large or in too many pieces";
    case Http2Abuse::kResets:
      return "too many streams that were reset";
    case Http2Abuse::kSettings:
      return "too many SETTINGS";
    case Http2Abuse::kPings:
      return "too many PINGs";
    case Http2Abuse::kIdlers:
      return "too many frames that mean nothing";
    case Http2Abuse::kEmptyData:
      return "too many empty DATA frames";
    case Http2Abuse::kWindowUpdates:
      return "too many WINDOW_UPDATEs";
  }
  return "";
}

bool Http2Budget::spend(TimePoint now) {
  paid_until_ = std::max(paid_until_, now) + allowance_.interval;
  return paid_until_ - now <= allowance_.burst * allowance_.interval;
}

Http2Guard::Http2Guard(Sender sender) : sender_(sender), payload_left_(0) {
  if (sender == Sender::kServer) return;
  payload_left_ = kHttp2Preface.size();
  head_bytes_ = kHttp2FrameHeadBytes;
}

Http2Guard::Step Http2Guard::next(std::string_view bytes, TimePoint now) {
  Step step;
  if (head_bytes_ < head_.size()) {
    step.bytes = std::min(head_.size() - head_bytes_, bytes.size());
    std::memcpy(head_.data() + head_bytes_, bytes.data(), step.bytes);
    head_bytes_ = static_cast<uint8_t>(head_bytes_ + step.bytes);
    if (head_bytes_ < head_.size()) return step;
    payload_left_ = size_t{head_[0]} << 16 | size_t{head_[1]} << 8 | head_[2];
    step.abuse = look_at_head(now);
  }
  const size_t payload = std::min(payload_left_, bytes.size() - step.bytes);
  payload_left_ -= payload;
  step.bytes += payload;
  if (payload_left_ == 0) head_bytes_ = 0;
  return step;
}

bool Http2Guard::was_settings() const {
  return head_[3] == kSettings;
}

Http2Abuse Http2Guard::look_at_head(TimePoint now) {
  const uint8_t type = head_[3];
  const uint8_t flags = head_[4];
  const auto within = [now](Http2Budget& budget, Http2Abuse abuse) {
    return budget.spend(now) ? Http2Abuse::kNone : abuse;
  };
  switch (type) {
    case kHeaders:
      block_bytes_ = 0;
      continuations_ = 0;
      in_block_ = (flags & kEndHeaders) == 0;
      return add_to_block(payload_left_);
    case kContinuation:
      in_block_ = (flags & kEndHeaders) == 0;
      if (++continuations_ > kHttp2ContinuationsMax) return Http2Abuse::kHeaderBlock;
      return add_to_block(payload_left_);
    case kData:
      if (payload_left_ != 0 || (flags & kEndStream) != 0) return Http2Abuse::kNone;
      return within(empty_data_, Http2Abuse::kEmptyData);
    case kRstStream:
      return within(resets_, Http2Abuse::kResets);
    case kSettings:
      return within(settings_, Http2Abuse::kSettings);
    case kPing:
      return within(pings_, Http2Abuse::kPings);
    case kWindowUpdate:
      // A member's answer an upload; how many it sends is up to its windows.
      if (sender_ == Sender::kServer) return Http2Abuse::kNone;
      return within(window_updates_, Http2Abuse::kWindowUpdates);
    case kGoaway:
    case kPushPromise:
      return Http2Abuse::kNone;
    default:
      return within(idlers_, Http2Abuse::kIdlers);
  }
}

Http2Abuse Http2Guard::add_to_block(size_t bytes) {
  block_bytes_ += bytes;
  return block_bytes_ > kHttp2HeaderBlockBytesMax ? Http2Abuse::kHeaderBlock : Http2Abuse::kNone;
}

Http2Abuse Http2Guard::on_reset(TimePoint now) {
  return resets_.spend(now) ? Http2Abuse::kNone : Http2Abuse::kResets;
}

}  // namespace understudy::http
