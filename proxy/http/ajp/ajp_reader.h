// SPDX-License-Identifier: Apache-2.0
// AjpReader: walks over what a member says in AJP 1.3, in whatever pieces it arrives, packet by
// packet: Send Headers, Send Body Chunk, Get Body Chunk, End Response, CPong. And the head of Send
// Headers as HTTP/1.1 writes it, so that response_parser refuses what it refuses anywhere. A member
// is believed no more than a client. It never allocates. One per connection, owned by
// upstream/ajp_upstream; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace understudy::http {

struct AjpStep {
  enum class What : std::uint8_t {
    kMore,     // nothing can be said before more bytes are here
    kHead,     // Send Headers: `content` is for ajp_head_text
    kPayload,  // of Send Body Chunk, as much as is here: `content`, never empty
    kAsked,    // Get Body Chunk: for `asked` bytes at most
    kPong,
    kEnd,      // End Response; whether the connection `may_go_on`
    kRefused,  // `why`: half a sentence; the member cannot be understood any more
  };
  What what = What::kMore;
  std::size_t consumed = 0;       // of the bytes given
  std::string_view content = {};  // into the bytes given
  std::uint16_t asked = 0;
  bool may_go_on = false;
  std::string_view why = {};
};

class AjpReader final {
 public:
  // Takes bytes up to the end of the first thing that can be said of them. Call again with the rest
  // until kMore, which may have consumed some too, or kRefused. Of a packet that is not a body's
  // all bytes are needed at once.
  AjpStep next(std::string_view bytes);

 private:
  bool begin_chunk(std::size_t content, std::uint16_t payload);

  std::uint16_t payload_left_ = 0;  // of the packet that is being read
  bool has_tail_ = false;           // Tomcat puts a zero behind the payload
};

// Appends the status line and the fields to `text`, each with CRLF, without the empty line; leaves
// out Transfer-Encoding, for the packets frame the body. Why the head is refused; empty: it is not.
struct AjpHeadText {
  std::string_view refused = {};
  std::uint16_t status = 0;
  bool has_length = false;  // Content-Length is in it
};
AjpHeadText ajp_head_text(std::string_view content, std::string& text);

}  // namespace understudy::http
