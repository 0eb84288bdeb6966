// SPDX-License-Identifier: Apache-2.0
#include "base/tls_host.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/tls_authorities.h"
#include "base/tls_defaults.h"
#include "base/tls_error.h"

namespace understudy {
namespace {

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

constexpr int64_t kMicrosecondsPerSecond = 1'000'000;

Context scratch_context() {
  Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  CHECK(context);
  return context;
}

}  // namespace

// What OpenSSL asks in a handshake; `host` is a TlsHost that outlives it.
struct TlsHostCallbacks {
  // RFC 7301 3.2: a client whose protocols we do not speak is told so, not served another.
  static int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                             const unsigned char* offered, unsigned offered_size, void* host) {
    const std::string& ours = static_cast<const TlsHost*>(host)->protocols_on_wire_;
    unsigned char* chosen = nullptr;
    const int result = SSL_select_next_proto(
        &chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
        static_cast<unsigned>(ours.size()), offered, offered_size);
    *out = chosen;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  }

  // Staples what the file said at the start, as long as it is true.
  static int staple(SSL* ssl, void* host) {
    const X509* shown = SSL_get_certificate(ssl);
    for (const auto& certificate : static_cast<const TlsHost*>(host)->options_.certificates) {
      const std::string& response = certificate->ocsp_response();
      if (certificate->leaf() != shown || response.empty()) continue;
      if (wall_clock_us() / kMicrosecondsPerSecond >= certificate->ocsp_valid_until()) break;
      void* copy = OPENSSL_memdup(response.data(), response.size());
      if (copy == nullptr) break;
      SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(response.size()));
      return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
  }
};

Result<std::shared_ptr<const TlsHost>> TlsHost::make(Options options) {
  std::shared_ptr<TlsHost> host(new TlsHost(std::move(options)));
  if (auto done = host->set_up(); !done) return std::move(done).error();
  return std::shared_ptr<const TlsHost>(std::move(host));
}

TlsHost::~TlsHost() {
  SSL_CTX_free(context_);
}

Result<void> TlsHost::set_up() {
  CHECK(!options_.certificates.empty() && !options_.protocols.empty());
  context_ = SSL_CTX_new(TLS_server_method());
  if (context_ == nullptr) return tls_error("no TLS context");
  set_tls_defaults(context_);
  if (auto set = set_tls_rules(context_, {.oldest = options_.oldest,
                                          .newest = options_.newest,
                                          .ciphers = options_.ciphers,
                                          .suites = options_.suites});
      !set) {
    return set;
  }
  if (options_.server_chooses_cipher) {
    SSL_CTX_set_options(context_, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  }
  if (!options_.has_tickets) {
    SSL_CTX_set_options(context_, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context_, 0);  // TLS 1.3 would send stateful ones, to no use
  }
  for (const auto& certificate : options_.certificates) {
    CHECK(certificate->key() != nullptr);
    if (SSL_CTX_use_cert_and_key(context_, certificate->leaf(), certificate->key(),
                                 certificate->chain(), 1) != 1) {
      return tls_error("the certificate cannot be used");
    }
  }
  for (const std::string& protocol : options_.protocols) {
    protocols_on_wire_ += static_cast<char>(protocol.size());
    protocols_on_wire_ += protocol;
  }
  SSL_CTX_set_alpn_select_cb(context_, TlsHostCallbacks::choose_protocol, this);
  SSL_CTX_set_tlsext_status_cb(context_, TlsHostCallbacks::staple);
  SSL_CTX_set_tlsext_status_arg(context_, this);
  if (auto done = set_up_client_certificates(); !done) return done;
  set_identity();
  CHECK(SSL_CTX_set_session_id_context(context_, identity_.data(),
                                       static_cast<unsigned>(identity_.size())) == 1);
  return {};
}

Result<void> TlsHost::set_up_client_certificates() {
  if (options_.client_certificate == ClientCertificate::kNone) return {};
  if (auto set = trust_authorities(context_, options_.client_authorities, ToldToPeer::kYes); !set) {
    return set;
  }
  int mode = SSL_VERIFY_PEER;
  if (options_.client_certificate == ClientCertificate::kRequired) {
    mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  SSL_CTX_set_verify(context_, mode, nullptr);
  SSL_CTX_set_verify_depth(context_, options_.client_chain_depth_max);
  return use_revocation_lists(context_, options_.client_revocation, mode);
}

void TlsHost::set_identity() {
  std::string text;
  const auto add = [&text](std::string_view part) {
    text += std::to_string(part.size()) + ':';
    text += part;
  };
  for (const std::string& name : options_.names) add(name);
  add("|");
  for (const std::string& protocol : options_.protocols) add(protocol);
  add("|");
  add(std::to_string(tls_number_of(options_.oldest)));
  add(std::to_string(tls_number_of(options_.newest)));
  add(options_.ciphers);
  add(options_.suites);
  add(std::to_string(static_cast<int>(options_.client_certificate)));
  add(std::to_string(options_.client_chain_depth_max));
  add(options_.client_authorities);
  add(identity_of(options_.client_revocation));
  unsigned size = 0;
  CHECK(EVP_Digest(text.data(), text.size(), identity_.data(), &size, EVP_sha256(), nullptr) == 1);
  CHECK(size == identity_.size());
}

Result<void> TlsHost::check_ciphers(const std::string& ciphers) {
  const auto set = set_tls_ciphers(scratch_context().get(), ciphers);
  if (set) return {};
  return Error{.code = ErrorCode::kInvalid,
               .detail = "no cipher of TLS 1.2 is left (" + set.error().detail + ")"};
}

Result<void> TlsHost::check_suites(const std::string& suites) {
  if (!suites.empty() && SSL_CTX_set_ciphersuites(scratch_context().get(), suites.c_str()) == 1) {
    return {};
  }
  return Error{.code = ErrorCode::kInvalid,
               .detail = "not cipher suites of TLS 1.3 (" + take_tls_error("unknown") + ")"};
}

Result<void> TlsHost::check_authorities(const std::string& pem) {
  return understudy::check_authorities(pem);
}

}  // namespace understudy
