// SPDX-License-Identifier: Apache-2.0
// Tells the backend who asked: X-Forwarded-For, -Proto, -Host and -Port. What a client claims about
// itself is believed as far as the configuration says that proxies of ours stand in front of us.
// Pure; any thread. Called by exchange/ before it composes the request.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/http/hop_by_hop.h"
#include "proxy/http/http1_writer.h"
#include "proxy/http/message.h"

namespace understudy::http {

enum class ForwardedFor : uint8_t {
  kAppend,   // our peer's address behind what the client sent: ProxyAddHeaders On
  kReplace,  // our peer's address alone
  kOff,      // add nothing; received lines pass unless nobody is trusted
};

struct ForwardedOptions {
  ForwardedFor policy = ForwardedFor::kAppend;
  // How many proxies of the operator stand between the clients and us. 0: our peer is the client,
  // and its -Proto, -Host, -Port, -Server, -Prefix, Forwarded and X-Real-IP are dropped.
  unsigned trusted_hops = 0;
};

// How the request reached us.
struct Peer {
  std::string_view address;  // "192.0.2.1" or "2001:db8::1"
  uint16_t local_port = 0;   // 0: X-Forwarded-Port is not added
  bool tls = false;
};

// Marks in `dropped` what is replaced, and adds our lines to `arena`.
void forward_peer(const RequestHead& head, const ForwardedOptions& options, const Peer& peer,
                  FieldMask& dropped, LineArena& arena);

// The address to write into logs and to judge by: the one that the outermost trusted proxy saw.
// The peer's own when nobody is trusted or nothing was forwarded; the first of a list that is
// shorter than the number of trusted hops. Not checked for syntax.
std::string_view client_address(const RequestHead& head, const ForwardedOptions& options,
                                const Peer& peer);

}  // namespace understudy::http
