// SPDX-License-Identifier: Apache-2.0

// Any bytes as a client's HTTP/2 connection, cut as the first byte says. Each request is answered,
// each body consumed; what the codec gives out is bounded, and it always comes to an end.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

#include "proxy/http/http2/http2_server_codec.h"
#include "proxy/http/preface/http2_preface.h"

namespace {

using namespace understudy::http;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Source final : Http2BodySource {
  Offer offer_body(size_t bytes_max) override {
    const size_t bytes = std::min(bytes_max, left);
    return {.bytes = bytes, .last = bytes == left};
  }
  void take_body(char* out, size_t bytes) override {
    require(bytes <= left);
    std::memset(out, 'x', bytes);
    left -= bytes;
  }
  std::string_view trailers() override { return {}; }
  void on_body_wanted() override {}
  size_t left = 100'000;
};

void drain(Http2ServerCodec& codec) {
  std::array<char, 4096> room;
  for (int i = 0; i < 1000 && codec.has_output(); ++i) {
    require(codec.take(room) <= room.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes = std::string(kHttp2Preface) + std::string("\0\0\0\4\0\0\0\0\0", 9) +
                            std::string(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t cut = size_t{data[0]} + 1;
  Source source;
  Http2ServerCodec codec{HeadLimits{}};
  std::array<Field, kFieldsMax> fields;
  const FieldMask nothing;
  for (size_t at = 0; at < bytes.size();) {
    Http2Event event;
    const std::string_view piece = std::string_view(bytes).substr(at, cut);
    const size_t fed = codec.feed(piece, {}, event);
    if (fed == 0) {
      drain(codec);
      if (codec.is_over() || codec.feed(piece, {}, event) == 0) break;
      continue;
    }
    require(fed <= piece.size() && event.data.size() <= fed);
    at += fed;
    if (event.head) {
      codec.set_user(event.stream, &source);
      Http2Head& head = *codec.head();
      if (head.refusal() == Refusal::kNone) {
        const RequestHead view = head.view(fields);
        require(view.bytes.ends_with("\r\n\r\n") && !view.authority.empty());
      }
      codec.send_head(event.stream, {.status = 200}, {.dropped = nothing, .added = "A: b\r\n"},
                      event.stream % 4 == 1 ? &source : nullptr);
    }
    codec.open_connection_window(event.data.size());
    if (event.stream != 0) codec.open_stream_window(event.stream, event.data.size());
    drain(codec);
    codec.closed().clear();
    if (data[0] % 2 == 1) codec.rest();
  }
  drain(codec);
  return 0;
}
