// SPDX-License-Identifier: Apache-2.0
// TlsPeer: what is known of a client from its handshake, as text for headers and logs, in the words
// of Apache's mod_ssl. Put together once for a connection, by the first who asks. No byte of it can
// end a header line: control characters of a certificate's names are escaped. Owned by a
// TlsStream; one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct ssl_st;

namespace understudy {

enum class TlsFact : uint8_t {
  kProtocol,        // "TLSv1.3"
  kCipher,          // "TLS_AES_128_GCM_SHA256"
  kCipherBits,      // "128"
  kServerName,      // that the client asked for (SNI)
  kResumed,         // "Initial" or "Resumed"
  kVerify,          // "SUCCESS", or "NONE" without a certificate
  kSubject,         // RFC 2253
  kSubjectName,     // its CN
  kIssuer,          // RFC 2253
  kSerial,          // hex digits
  kValidFrom,       // "Nov 22 06:00:00 2026 GMT"
  kValidUntil,      // the same
  kCertificate,     // PEM with blanks for line ends, as mod_headers writes it
  kCertificateDer,  // base64 of the DER form
  kChain,           // RFC 9440's Client-Cert-Chain: what the client showed behind its certificate
};
inline constexpr std::size_t kTlsFactCount = static_cast<std::size_t>(TlsFact::kChain) + 1;

// By mod_ssl's name ("SSL_CLIENT_S_DN"); the last two have none.
std::optional<TlsFact> find_tls_fact(std::string_view name);

class TlsPeer final {
 public:
  // Of an established connection. A certificate counts only where it was verified.
  explicit TlsPeer(ssl_st* ssl);
  // Empty: there is none.
  std::string_view fact(TlsFact fact) const { return facts_[static_cast<std::size_t>(fact)]; }
  bool has_certificate() const { return !fact(TlsFact::kCertificateDer).empty(); }

 private:
  void set(TlsFact fact, std::string text) {
    facts_[static_cast<std::size_t>(fact)] = std::move(text);
  }
  void read_certificate(ssl_st* ssl);

  std::array<std::string, kTlsFactCount> facts_;
};

}  // namespace understudy
