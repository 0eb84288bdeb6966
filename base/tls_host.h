// SPDX-License-Identifier: Apache-2.0
// TlsHost: what one virtual host shows and asks of clients in the handshake: certificates,
// versions, ciphers, protocols, and whether a client needs a certificate of its own. Which host a
// client means is decided by TlsServer. Made once when a configuration is loaded; immutable, any
// thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/tls_certificate.h"
#include "base/tls_revocation.h"

struct ssl_ctx_st;

namespace understudy {

// RFC 8996: there is nothing below 1.2.
enum class TlsVersion : uint8_t { kTls12, kTls13 };

enum class ClientCertificate : uint8_t { kNone, kOptional, kRequired };

// For TLS 1.2: ephemeral ECDH with AEAD, Mozilla's "intermediate" without its finite-field groups,
// whose cost a client can inflict at will. TLS 1.3 has nothing else anyway.
inline constexpr std::string_view kTlsCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
inline constexpr std::string_view kTlsSuites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

class TlsHost final {
 public:
  struct Options {
    std::vector<std::string> names = {};  // lower case; "*.example.org": any one label before it
    std::vector<std::unique_ptr<TlsCertificate>> certificates = {};  // with keys, of each kind one
    TlsVersion oldest = TlsVersion::kTls12;
    TlsVersion newest = TlsVersion::kTls13;
    std::string ciphers = std::string(kTlsCiphers);  // of TLS 1.2
    std::string suites = std::string(kTlsSuites);    // of TLS 1.3
    bool server_chooses_cipher = false;
    bool has_tickets = true;
    std::vector<std::string> protocols = {"http/1.1"};  // ALPN, the preferred one first
    ClientCertificate client_certificate = ClientCertificate::kNone;
    std::string client_authorities = {};  // PEM; needed unless kNone
    int client_chain_depth_max = 1;       // authorities between the client and a trusted one
    TlsRevocation client_revocation = {};
  };
  static Result<std::shared_ptr<const TlsHost>> make(Options options);
  ~TlsHost();
  TlsHost(const TlsHost&) = delete;

  // What make() would say of these alone, so that a mistake can be shown where it was written.
  static Result<void> check_ciphers(const std::string& ciphers);
  static Result<void> check_suites(const std::string& suites);
  static Result<void> check_authorities(const std::string& pem);

  const std::vector<std::string>& names() const { return options_.names; }
  ClientCertificate client_certificate() const { return options_.client_certificate; }
  // Differs between hosts with different names or rules; binds a session ticket to its host.
  const std::array<uint8_t, 32>& identity() const { return identity_; }
  ssl_ctx_st* raw() const { return context_; }

 private:
  friend struct TlsHostCallbacks;
  explicit TlsHost(Options options) : options_(std::move(options)) {}
  Result<void> set_up();
  Result<void> set_up_client_certificates();
  void set_identity();

  // Constant after make().
  Options options_;
  ssl_ctx_st* context_ = nullptr;
  std::string protocols_on_wire_;
  std::array<uint8_t, 32> identity_{};
};

}  // namespace understudy
