// SPDX-License-Identifier: Apache-2.0
// A client's end of its connection in either protocol, for one request: asked as text of HTTP/1.1,
// at once or piece by piece, and the answer told without regard to the protocol.
#pragma once

#include <string>
#include <string_view>

#include "tests/proxy/strictness/way.h"
#include "tests/proxy/support/http2_client.h"

namespace understudy::test {

class ClientEnd {
 public:
  ClientEnd(TestProxy& proxy, const Way& way);

  // A whole request.
  void ask(const std::string& text);
  // A head with Content-Length or with Transfer-Encoding: chunked, and then its body.
  void begin(const std::string& head);
  void send_body(std::string_view bytes, bool is_last);

  // Moves what has come. To be called at each turn of the proxy's loop.
  void pump();
  bool is_answered();
  // "200"; empty when there is none.
  std::string status();
  std::string body();

 private:
  Peer& peer_;
  const Speaks speaks_;
  Http2Client reader_;
  bool is_chunked_ = false;
};

}  // namespace understudy::test
