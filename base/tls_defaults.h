// SPDX-License-Identifier: Apache-2.0
// What every context with certificates has in common, towards clients and towards servers, so that
// nothing changes where a handshake moves from the context of a listening address to that of a
// host. Internal to the TLS files of base/; any thread.
#pragma once

#include <string>

#include "base/result.h"
#include "base/tls_host.h"

struct ssl_ctx_st;

namespace understudy {

void set_tls_defaults(ssl_ctx_st* context);

struct TlsRules {
  TlsVersion oldest;
  TlsVersion newest;
  const std::string& ciphers;  // of TLS 1.2
  const std::string& suites;   // of TLS 1.3
};
Result<void> set_tls_rules(ssl_ctx_st* context, const TlsRules& rules);
// The error's text is OpenSSL's reason alone.
Result<void> set_tls_ciphers(ssl_ctx_st* context, const std::string& ciphers);

int tls_number_of(TlsVersion version);

}  // namespace understudy
