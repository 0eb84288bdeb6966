// SPDX-License-Identifier: Apache-2.0
// What members are told about the client and how it came, and whose word about that is believed.
// Values of the immutable Config; any thread.
#pragma once

#include <cstdint>
#include <string>

namespace understudy::config {

// Of a verified client certificate, RFC 9440; the plug-in's dialect has its own line besides.
enum class ClientCertLines : std::uint8_t { kNone, kCert, kChain };

struct Forwarding {
  bool x_forwarded = true;     // X-Forwarded-For, -Proto, -Host, -Port
  bool session_flags = false;  // clients see what the SDK says of their session
  bool forwarded = false;      // RFC 7239
  bool passes_claims = false;  // of peers that no RemoteIP directive speaks of, as Apache does
  ClientCertLines client_cert = ClientCertLines::kCert;
  std::string request_id_header;  // empty: none is added

  // The plug-in's dialect.
  bool claims_tls = false;     // WLProxySSL: WL-Proxy-SSL says true, whatever the client speaks
  bool passes_tls = false;     // WLProxySSLPassThrough: as a trusted hop says
  bool passes_client = false;  // WLProxyPassThrough: as a trusted hop says
};

}  // namespace understudy::config
