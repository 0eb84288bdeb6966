// SPDX-License-Identifier: Apache-2.0
// LoadClient: requests to one address, without waiting: each answer comes to a callback. One
// implementation for each protocol: http_client.h and http2_client.h, both over TCP or TLS. Cookies
// and retries are the caller's business; a request that fails is reported, never sent again. Loop
// thread only; not part of the proxy.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/clock.h"

namespace understudy {
class EventLoop;
class TlsDialer;
}  // namespace understudy

namespace understudy::loadtest {

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
};

struct ClientResponse {
  int status = 0;  // 0: no whole answer arrived; `error` says why
  std::string error;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;

  // The first value of a header, by its lower-case name; empty when absent.
  std::string_view header(std::string_view name) const;
  // NAME=VALUE of the Set-Cookie for `name`; empty when it was not set.
  std::string set_cookie(std::string_view name) const;
};

struct ClientOptions {
  bool keep_alive = true;  // false: a connection for each request
  Duration timeout = std::chrono::seconds(30);
  size_t body_bytes_max = 64 << 20;
  size_t idle_max = 4096;  // connections; HTTP/1.1
  // Idle for longer, a connection is not used again: a server that closes it just then would make a
  // request fail that no server has seen (RFC 9112 9.3.1).
  Duration idle_time = std::chrono::seconds(2);
  // Null: without TLS. It offers what is spoken (ALPN).
  std::shared_ptr<const TlsDialer> tls = nullptr;
  std::string server_name = "localhost";  // that the certificate is for
  bool resumes_tls = true;                // with tickets
  bool is_http2 = false;
  // HTTP/2: so many requests at once on a connection, unless the server allows fewer, on so many
  // connections; more wait for a place.
  size_t streams_max = 100;
  size_t connections_max = 4;
};

class LoadClient {
 public:
  using Callback = std::function<void(ClientResponse)>;
  virtual ~LoadClient() = default;
  // The callback comes in a later turn.
  virtual void request(const ClientRequest& request, Callback callback) = 0;
};

std::unique_ptr<LoadClient> make_client(EventLoop& loop, const Address& server,
                                        const ClientOptions& options);

}  // namespace understudy::loadtest
