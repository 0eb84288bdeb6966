// SPDX-License-Identifier: Apache-2.0
#include "base/tls_defaults.h"

#include <openssl/ssl.h>

#include "base/check.h"
#include "base/tls_error.h"

namespace understudy {
namespace {

// No renegotiation: a client could ask for the costly half of a handshake again and again.
// The kernel encrypts where it can; OpenSSL does where it cannot.
constexpr uint64_t kOptions = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_ENABLE_KTLS;

// A write may continue from another address; an idle connection holds no buffers.
constexpr long kModes =
    SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS;

constexpr const char* kGroups = "X25519:P-256:P-384:X448:P-521";

}  // namespace

int tls_number_of(TlsVersion version) {
  return version == TlsVersion::kTls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

void set_tls_defaults(ssl_ctx_st* context) {
  CHECK(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1);
  SSL_CTX_set_options(context, kOptions);
  SSL_CTX_set_mode(context, kModes);
  // Otherwise OpenSSL asks the kernel twice for each record: for its length, then for the rest.
  SSL_CTX_set_read_ahead(context, 1);
  // Tickets carry the state; a cache would be one more thing for workers to share.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  CHECK(SSL_CTX_set1_groups_list(context, kGroups) == 1);
}

// Whatever the list says, never without authentication or encryption.
Result<void> set_tls_ciphers(ssl_ctx_st* context, const std::string& ciphers) {
  const std::string list = ciphers + ":!aNULL:!eNULL:!EXPORT";
  if (SSL_CTX_set_cipher_list(context, list.c_str()) == 1) return {};
  return Error{.code = ErrorCode::kTls, .detail = take_tls_error("unknown")};
}

Result<void> set_tls_rules(ssl_ctx_st* context, const TlsRules& rules) {
  CHECK(SSL_CTX_set_min_proto_version(context, tls_number_of(rules.oldest)) == 1);
  CHECK(SSL_CTX_set_max_proto_version(context, tls_number_of(rules.newest)) == 1);
  if (auto set = set_tls_ciphers(context, rules.ciphers); !set) {
    set.error().detail = "the ciphers cannot be used: " + set.error().detail;
    return set;
  }
  if (SSL_CTX_set_ciphersuites(context, rules.suites.c_str()) == 1) return {};
  return tls_error("the TLS 1.3 cipher suites cannot be used");
}

}  // namespace understudy
