// SPDX-License-Identifier: Apache-2.0
#include "loadtest/load_client.h"

#include "loadtest/http2_client.h"
#include "loadtest/http_client.h"

namespace understudy::loadtest {

std::string_view ClientResponse::header(std::string_view name) const {
  for (const auto& [field, value] : headers) {
    if (field == name) return value;
  }
  return {};
}

std::string ClientResponse::set_cookie(std::string_view name) const {
  for (const auto& [field, value] : headers) {
    if (field != "set-cookie" || value.size() <= name.size() || !value.starts_with(name) ||
        value[name.size()] != '=') {
      continue;
    }
    return value.substr(0, value.find(';'));
  }
  return {};
}

std::unique_ptr<LoadClient> make_client(EventLoop& loop, const Address& server,
                                        const ClientOptions& options) {
  if (options.is_http2) return std::make_unique<Http2Client>(loop, server, options);
  return std::make_unique<HttpClient>(loop, server, options);
}

}  // namespace understudy::loadtest
