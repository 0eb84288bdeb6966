// SPDX-License-Identifier: Apache-2.0
// How we connect to servers with TLS. A TlsDialer says whom we trust, what we show and what we
// offer; made once when a configuration is loaded, immutable, any thread. A TlsTarget is one
// server by its name, with the tickets that it gave us: a server that resumes has proved that very
// name to this very dialer, and no other dialer can use the ticket (peers resumed with another
// name, or under another policy). A target is owned by the connections to one server; one thread.
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
#include "base/tls_host.h"
#include "base/tls_revocation.h"

struct ssl_ctx_st;
struct ssl_session_st;
struct ssl_st;
struct x509_st;

namespace understudy {

class TlsDialer final {
 public:
  struct Options {
    bool verifies = true;          // an authority has signed the certificate
    bool checks_name = true;       // the certificate is for the server's name
    bool checks_time = true;       // it has not expired
    std::string authorities = {};  // PEM; empty: those that the system trusts
    int chain_depth_max = 3;       // certificates between the server's and an authority
    TlsRevocation revocation = {};
    std::unique_ptr<TlsCertificate> certificate = {};  // ours, with its key; may be null
    TlsVersion oldest = TlsVersion::kTls12;
    TlsVersion newest = TlsVersion::kTls13;
    std::string ciphers = std::string(kTlsCiphers);  // of TLS 1.2
    std::string suites = std::string(kTlsSuites);    // of TLS 1.3
    std::vector<std::string> protocols = {};         // ALPN, the preferred one first; may be empty
  };
  static Result<std::shared_ptr<const TlsDialer>> make(Options options);
  ~TlsDialer();
  TlsDialer(const TlsDialer&) = delete;

  bool verifies() const { return options_.verifies; }
  // Differs between dialers that trust, show or offer something else.
  const std::array<uint8_t, 32>& identity() const { return identity_; }
  ssl_ctx_st* raw() const { return context_; }

 private:
  friend class TlsTarget;
  friend struct TlsDialerCallbacks;
  explicit TlsDialer(Options options) : options_(std::move(options)) {}
  Result<void> set_up();
  Result<void> set_up_trust();
  void set_identity();

  // Constant after make().
  Options options_;
  ssl_ctx_st* context_ = nullptr;
  std::array<uint8_t, 32> identity_{};
};

class TlsTarget final {
 public:
  // Of the newest tickets so many are kept: TLS 1.3 wants each used once (RFC 8446 C.4).
  static constexpr size_t kTicketsMax = 4;

  // `name`: a host's name or an IP address, without port and brackets.
  TlsTarget(std::shared_ptr<const TlsDialer> dialer, std::string name);
  ~TlsTarget();
  TlsTarget(const TlsTarget&) = delete;

  const std::string& name() const { return name_; }
  size_t tickets() const { return tickets_.size(); }
  void forget_tickets();

  // For TlsStream: a handshake with this server, about to begin; `only_protocol` is offered in
  // place of the dialer's, unless it is empty. It reports tickets to this target when it reads, so
  // the target must live as long as a stream reads.
  ssl_st* begin(const std::string& only_protocol = {});

 private:
  friend struct TlsDialerCallbacks;
  bool is_named_by(x509_st* certificate) const;
  void keep(ssl_session_st* ticket);
  ssl_session_st* take_ticket();

  const std::shared_ptr<const TlsDialer> dialer_;
  const std::string name_;
  const bool is_ip_;
  std::vector<ssl_session_st*> tickets_;  // owned; the newest last
};

}  // namespace understudy
