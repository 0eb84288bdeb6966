// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/forwarded.h"

#include <array>

#include "proxy/http/authority.h"
#include "proxy/http/char_class.h"

namespace understudy::http {
namespace {

// What a client for which no trusted proxy vouches may not say about itself.
constexpr FieldSet kClaims{FieldId::kXForwardedFor,    FieldId::kXForwardedProto,
                           FieldId::kXForwardedHost,   FieldId::kXForwardedPort,
                           FieldId::kXForwardedServer, FieldId::kXForwardedPrefix,
                           FieldId::kForwarded,        FieldId::kXRealIp};

constexpr std::string_view kHttp = "http";
constexpr std::string_view kHttps = "https";

class Forwarder final {
 public:
  Forwarder(const RequestHead& head, const ForwardedOptions& options, const Peer& peer,
            FieldMask& dropped, LineArena& arena)
      : head_(head),
        options_(options),
        peer_(peer),
        dropped_(dropped),
        arena_(arena),
        is_trusted_(options.trusted != nullptr && options.client->peer_is_trusted),
        is_passed_on_(is_trusted_ || options.passes_claims) {}

  void run() {
    if (!is_passed_on_) drop_claims();
    if (options_.x_forwarded) add_x_forwarded();
    if (options_.forwarded) add_forwarded();
  }

 private:
  void drop_claims() {
    drop_fields(head_.fields, kClaims, dropped_);
    if (options_.trusted == nullptr || options_.trusted->id != FieldId::kOther) return;
    // The operator's own header for this: it must not reach a member from another source.
    for (size_t i = 0; i < head_.fields.size(); ++i) {
      const Field& field = head_.fields[i];
      const bool is_meant =
          field.id == FieldId::kOther && equals_ignoring_case(field.name, options_.trusted->header);
      if (is_meant) dropped_.set(i);
    }
  }

  bool says(FieldId id) const { return is_passed_on_ && head_.fields.has(id); }
  bool has_hops() const { return is_trusted_ && options_.client->hops != 0; }

  void add_x_forwarded() {
    drop_fields(head_.fields, {FieldId::kXForwardedFor}, dropped_);
    arena_.append("X-Forwarded-For: ");
    if (has_hops()) {
      if (options_.trusted->id == FieldId::kXForwardedFor) {
        append_last_elements(head_.fields, *options_.trusted, options_.client->hops, arena_);
      } else {
        Address::HostText room;
        arena_.append(options_.client->address.text(room), ", ");
      }
    } else if (options_.passes_claims) {
      append_received(FieldId::kXForwardedFor);
    }
    arena_.append(peer_.address, "\r\n");
    if (!says(FieldId::kXForwardedProto)) {
      arena_.append("X-Forwarded-Proto: ", scheme(), "\r\n");
    }
    if (!says(FieldId::kXForwardedHost) && !head_.authority.empty()) {
      arena_.append("X-Forwarded-Host: ", head_.authority, "\r\n");
    }
    if (!says(FieldId::kXForwardedPort) && port() != 0) {
      arena_.add_line("X-Forwarded-Port", uint64_t{port()});
    }
  }

  // The lines of this name, each with a comma behind it.
  void append_received(FieldId id) {
    for (const Field& field : head_.fields) {
      if (field.id == id && !field.value.empty()) arena_.append(field.value, ", ");
    }
  }

  // One line of all lines received and ours, which is the last element.
  void add_forwarded() {
    arena_.append("Forwarded: ");
    if (says(FieldId::kForwarded)) {
      drop_fields(head_.fields, {FieldId::kForwarded}, dropped_);
      append_received(FieldId::kForwarded);
    } else if (has_hops()) {
      Address::HostText room;
      append_node(options_.client->address.text(room));
      arena_.append(", ");
    }
    append_node(peer_.address);
    if (!host().empty()) {
      // Quoted because of the colon before a port; an authority holds neither quote nor backslash.
      arena_.append(";host=\"", host(), "\"");
    }
    arena_.append(";proto=", scheme(), "\r\n");
  }

  // RFC 7239 6: IPv6 in brackets, and therefore quoted.
  void append_node(std::string_view address) {
    const bool is_v6 = address.find(':') != std::string_view::npos;
    arena_.append(is_v6 ? "for=\"[" : "for=", address);
    if (is_v6) arena_.append("]\"");
  }

  // What a trusted peer says of its client's side holds for all that we say of it, or the lines
  // would contradict each other.
  std::string_view scheme() const {
    if (!says(FieldId::kXForwardedProto)) return peer_.tls ? kHttps : kHttp;
    const std::string_view said = head_.fields.value(FieldId::kXForwardedProto);
    return equals_ignoring_case(said, kHttps) ? kHttps : kHttp;
  }
  std::string_view host() const {
    if (!says(FieldId::kXForwardedHost)) return head_.authority;
    const std::string_view said = head_.fields.value(FieldId::kXForwardedHost);
    internal::Authority authority;
    const bool is_one = internal::parse_authority(said, authority) == Refusal::kNone;
    return is_one ? said : head_.authority;
  }
  // Of our listener, where the client has come to it; else the one that goes with what was said.
  uint16_t port() const {
    if (!says(FieldId::kXForwardedProto)) return peer_.local_port;
    internal::Authority authority;
    const bool is_named = internal::parse_authority(host(), authority) == Refusal::kNone;
    if (is_named && authority.port != 0) return authority.port;
    return scheme() == kHttps ? 443 : 80;
  }

  const RequestHead& head_;
  const ForwardedOptions& options_;
  const Peer& peer_;
  FieldMask& dropped_;
  LineArena& arena_;
  const bool is_trusted_;
  const bool is_passed_on_;  // what the peer says of others
};

}  // namespace

void forward_peer(const RequestHead& head, const ForwardedOptions& options, const Peer& peer,
                  FieldMask& dropped, LineArena& arena) {
  Forwarder(head, options, peer, dropped, arena).run();
}

}  // namespace understudy::http
