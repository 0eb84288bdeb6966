// SPDX-License-Identifier: Apache-2.0
// What both HTTP/2 codecs say of a stream: where its body comes from, and why it ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace understudy::http {

// RFC 9113 7, those that we use.
enum class Http2Error : uint32_t {
  kNone = 0x0,
  kProtocol = 0x1,
  kInternal = 0x2,
  kStreamClosed = 0x5,
  kRefusedStream = 0x7,
  kCancel = 0x8,
  kEnhanceYourCalm = 0xb,
};

// Where a codec gets a message's body from, when the peer's windows and the room for output allow
// it. Called from within take() only.
class Http2BodySource {
 public:
  struct Offer {
    size_t bytes = 0;   // that take_body() can give now
    bool last = false;  // the body ends behind them
  };
  virtual Offer offer_body(size_t bytes_max) = 0;
  // Writes the next `bytes` of what was offered.
  virtual void take_body(char* out, size_t bytes) = 0;
  // "name: value" CRLF, for behind a body that has ended; empty: none.
  virtual std::string_view trailers() = 0;
  // Nothing could be taken: call resume() when there is more. Said at a moment when the peer's
  // windows are open.
  virtual void on_body_wanted() = 0;

 protected:
  ~Http2BodySource() = default;
};

}  // namespace understudy::http
