// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/forwarded.h"

#include "proxy/http/list.h"

namespace understudy::http {
namespace {

// What a client that nobody vouches for may not say about itself. X-Forwarded-For is apart: there
// each hop adds to what it received, so that the reader can tell the hops it trusts.
constexpr FieldSet kClaims{FieldId::kXForwardedProto,  FieldId::kXForwardedHost,
                           FieldId::kXForwardedPort,   FieldId::kXForwardedServer,
                           FieldId::kXForwardedPrefix, FieldId::kForwarded,
                           FieldId::kXRealIp};

constexpr std::string_view kHttp = "http";
constexpr std::string_view kHttps = "https";

// One line of all lines received and the peer: servers are known that read the first line only.
void add_addresses(const RequestHead& head, std::string_view peer, LineArena& arena) {
  if (!head.fields.has(FieldId::kXForwardedFor)) {
    arena.add_line(field_name(FieldId::kXForwardedFor), peer);
    return;
  }
  arena.append(field_name(FieldId::kXForwardedFor));
  arena.append(": ");
  for (const Field& field : head.fields) {
    if (field.id != FieldId::kXForwardedFor || field.value.empty()) continue;
    arena.append(field.value);
    arena.append(", ");
  }
  arena.append(peer);
  arena.append("\r\n");
}

}  // namespace

void forward_peer(const RequestHead& head, const ForwardedOptions& options, const Peer& peer,
                  FieldMask& dropped, LineArena& arena) {
  const bool trusted = options.trusted_hops != 0;
  const FieldList& fields = head.fields;
  if (!trusted) drop_fields(fields, kClaims, dropped);
  if (options.policy == ForwardedFor::kOff) {
    if (!trusted) drop_fields(fields, {FieldId::kXForwardedFor}, dropped);
    return;
  }
  drop_fields(fields, {FieldId::kXForwardedFor}, dropped);
  if (options.policy == ForwardedFor::kReplace) {
    arena.add_line(field_name(FieldId::kXForwardedFor), peer.address);
  } else {
    add_addresses(head, peer.address, arena);
  }
  const auto says = [&](FieldId id) { return trusted && fields.has(id); };
  if (!says(FieldId::kXForwardedProto)) {
    arena.add_line(field_name(FieldId::kXForwardedProto), peer.tls ? kHttps : kHttp);
  }
  if (!says(FieldId::kXForwardedHost) && !head.authority.empty()) {
    arena.add_line(field_name(FieldId::kXForwardedHost), head.authority);
  }
  if (!says(FieldId::kXForwardedPort) && peer.local_port != 0) {
    arena.add_line(field_name(FieldId::kXForwardedPort), uint64_t{peer.local_port});
  }
}

std::string_view client_address(const RequestHead& head, const ForwardedOptions& options,
                                const Peer& peer) {
  std::string_view address = peer.address;
  unsigned hops = options.trusted_hops;
  if (hops == 0 || !head.fields.has(FieldId::kXForwardedFor)) return address;
  for (size_t i = head.fields.size(); i-- > 0 && hops != 0;) {
    if (head.fields[i].id != FieldId::kXForwardedFor) continue;
    // From the right: the last element was added by the proxy next to us.
    std::string_view rest = head.fields[i].value;
    while (!rest.empty() && hops != 0) {
      const size_t comma = rest.rfind(',');
      const size_t begin = comma == std::string_view::npos ? 0 : comma + 1;
      const std::string_view element = without_blanks(rest.substr(begin));
      rest = rest.substr(0, begin == 0 ? 0 : comma);
      if (element.empty()) continue;
      address = element;
      --hops;
    }
  }
  return address;
}

}  // namespace understudy::http
