// SPDX-License-Identifier: Apache-2.0
// Who asks, for protocols that tell the member so in other places than header fields. A value of
// views; they live as long as the request's head. Filled by exchange/, read by upstream/.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy {

class Address;
class IpAddress;
class TlsStream;

namespace http {

struct RequestOrigin {
  const Address* peer = nullptr;      // that has connected; null: none
  const Address* local = nullptr;     // where it connected to; null: not known
  const IpAddress* client = nullptr;  // of whom a trusted peer speaks; null: the peer itself
  const TlsStream* tls = nullptr;     // the peer's; null: plain
  std::string_view user = {};         // that the proxy has verified
  // Names and values, to be told besides.
  const std::vector<std::pair<std::string, std::string>>* attributes = nullptr;
  bool is_tls = false;  // the client's side, a trusted peer's word included
};

}  // namespace http
}  // namespace understudy
