// SPDX-License-Identifier: Apache-2.0
// Who the client is when proxies of the operator stand in front of us: their word in a header field
// (RemoteIPHeader) is believed, hop by hop from the right, as far as the hops are trusted. No
// other word about oneself is. Pure; any thread. Called by exchange/.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/address_range.h"
#include "proxy/http/message.h"

namespace understudy::http {

class LineArena;

// Of a configuration.
struct TrustedHops {
  std::string header = std::string(field_name(FieldId::kXForwardedFor));
  FieldId id = FieldId::kXForwardedFor;     // of the header
  std::vector<AddressRange> internal = {};  // RemoteIPInternalProxy
  // RemoteIPTrustedProxy: what they say of private addresses is not believed.
  std::vector<AddressRange> external = {};

  bool trusts(const IpAddress& address) const {
    return contains(internal, address) || contains(external, address);
  }
};

struct RemoteClient {
  bool peer_is_trusted = false;  // only then may it say what no client may
  IpAddress address = {};  // the client's; the peer's own when no trusted hop speaks for another
  // Elements at the end of the header's list that were believed; the first of them is the client.
  size_t hops = 0;
};

RemoteClient find_remote_client(const TrustedHops& trusted, const FieldList& fields,
                                const IpAddress& peer);

// The last `count` elements of all lines of the field, in their order, each with ", " behind it.
void append_last_elements(const FieldList& fields, const TrustedHops& trusted, size_t count,
                          LineArena& lines);

}  // namespace understudy::http
