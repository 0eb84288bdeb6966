// SPDX-License-Identifier: Apache-2.0
// The header of the PROXY protocol, by which a connection to a member says first whose it is
// (haproxy.org, proxy-protocol.txt, versions 1 and 2). Pure; any thread.
#pragma once

#include <string>

#include "base/address.h"
#include "proxy/config/cluster.h"

namespace understudy {

// Who connected to whom. Where either is not set, or they are of different families, the header
// says that the connection is the proxy's own.
std::string proxy_header(config::ProxyHeader version, const Address& client, const Address& server);

}  // namespace understudy
