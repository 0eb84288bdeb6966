// SPDX-License-Identifier: Apache-2.0
// A client's end of its connection in either protocol, for one request after the other: asked as
// text of HTTP/1.1, at once or piece by piece, and the answer told without regard to the protocol.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/proxy/strictness/way.h"
#include "tests/proxy/support/http2_client.h"

namespace understudy::test {

class ClientEnd {
 public:
  ClientEnd(TestProxy& proxy, const Way& way);

  // A whole request. What follows is about the last one.
  void ask(const std::string& text);
  // A head with Content-Length or with Transfer-Encoding: chunked, and then its body.
  void begin(const std::string& head);
  void send_body(std::string_view bytes, bool is_last);

  // Moves what has come. To be called at each turn of the proxy's loop.
  void pump();
  // Whole, whatever it says.
  bool is_answered();
  // It has begun, and will not be whole any more.
  bool is_broken_off();
  // "200"; empty when there is none.
  std::string status();
  // Without the chunks of HTTP/1.1; as much as has come.
  std::string body();
  // "name: value" CRLF, with the name in lower case, for each.
  std::string trailers();
  // Statuses of 1xx.
  std::vector<std::string> interims();
  // All that has come of it, in whatever form.
  std::string raw();

 private:
  // HTTP/1.1: the answer behind its interim ones.
  std::string_view final_text();
  bool has_body();
  Http2Client::Response& response() { return reader_.response(stream_); }

  Peer& peer_;
  const Speaks speaks_;
  Http2Client reader_;
  std::string bytes_;  // HTTP/2, as they came
  uint32_t stream_ = 0;
  bool is_chunked_ = false;
  bool is_head_ = false;
};

}  // namespace understudy::test
