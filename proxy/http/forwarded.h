// SPDX-License-Identifier: Apache-2.0
// Tells the backend who asked and how: X-Forwarded-For, -Proto, -Host and -Port, and RFC 7239's
// Forwarded. What a client claims about itself does not get through, unless the options say so;
// what a proxy of the operator in front of us says does. Pure; any thread. Called by exchange/
// before it composes the request.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/http/hop_by_hop.h"
#include "proxy/http/line_arena.h"
#include "proxy/http/message.h"
#include "proxy/http/remote_client.h"

namespace understudy::http {

struct ForwardedOptions {
  bool x_forwarded = true;
  bool forwarded = false;
  // Who may speak for others, with what has been made of this request's word; null: no peer may.
  const TrustedHops* trusted = nullptr;
  const RemoteClient* client = nullptr;
  // Apache's way: what any peer says is passed on, with our word for it behind.
  bool passes_claims = false;
};

// How the request reached us.
struct Peer {
  std::string_view address;  // "192.0.2.1" or "2001:db8::1"
  uint16_t local_port = 0;   // 0: X-Forwarded-Port is not added
  bool tls = false;
};

// Marks in `dropped` what is replaced, and adds our lines to `arena`. Of a list of addresses, what
// stands left of the client was said by no trusted hop, and goes.
void forward_peer(const RequestHead& head, const ForwardedOptions& options, const Peer& peer,
                  FieldMask& dropped, LineArena& arena);

}  // namespace understudy::http
