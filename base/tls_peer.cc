// SPDX-License-Identifier: Apache-2.0
#include "base/tls_peer.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <utility>
#include <vector>

namespace understudy {
namespace {

// Of all of RFC 9440's Client-Cert-Chain; a longer chain is left out.
constexpr std::size_t kChainBytesMax = 6144;

struct NamedFact {
  std::string_view name;
  TlsFact fact;
};
constexpr NamedFact kNames[] = {
    {"SSL_PROTOCOL", TlsFact::kProtocol},
    {"SSL_CIPHER", TlsFact::kCipher},
    {"SSL_CIPHER_USEKEYSIZE", TlsFact::kCipherBits},
    {"SSL_TLS_SNI", TlsFact::kServerName},
    {"SSL_SESSION_RESUMED", TlsFact::kResumed},
    {"SSL_CLIENT_VERIFY", TlsFact::kVerify},
    {"SSL_CLIENT_S_DN", TlsFact::kSubject},
    {"SSL_CLIENT_S_DN_CN", TlsFact::kSubjectName},
    {"SSL_CLIENT_I_DN", TlsFact::kIssuer},
    {"SSL_CLIENT_M_SERIAL", TlsFact::kSerial},
    {"SSL_CLIENT_V_START", TlsFact::kValidFrom},
    {"SSL_CLIENT_V_END", TlsFact::kValidUntil},
    {"SSL_CLIENT_CERT", TlsFact::kCertificate},
};

using Bio = std::unique_ptr<BIO, decltype(&BIO_free_all)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

// Whatever OpenSSL has printed: nothing in it may end a header's line.
std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  std::string text(bytes, size > 0 ? static_cast<std::size_t>(size) : 0);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

std::string name_text(const X509_NAME* name) {
  const Bio bio(BIO_new(BIO_s_mem()), &BIO_free_all);
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  return text_of(bio.get());
}

std::string common_name(const X509_NAME* name) {
  const int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (index < 0) return {};
  const Bio bio(BIO_new(BIO_s_mem()), &BIO_free_all);
  ASN1_STRING_print_ex(bio.get(), X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)),
                       ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_UTF8_CONVERT);
  return text_of(bio.get());
}

std::string time_text(const ASN1_TIME* time) {
  const Bio bio(BIO_new(BIO_s_mem()), &BIO_free_all);
  ASN1_TIME_print(bio.get(), time);
  return text_of(bio.get());
}

std::string serial_text(const X509* certificate) {
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr), &BN_free);
  if (!number) return {};
  char* const digits = BN_bn2hex(number.get());
  std::string text(digits != nullptr ? digits : "");
  OPENSSL_free(digits);
  return text;
}

std::string base64_der(X509* certificate) {
  unsigned char* der = nullptr;
  const int bytes = i2d_X509(certificate, &der);
  if (bytes <= 0) return {};
  std::string text(static_cast<std::size_t>(bytes + 2) / 3 * 4 + 1, '\0');
  const int written = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), der, bytes);
  OPENSSL_free(der);
  text.resize(static_cast<std::size_t>(written));
  return text;
}

std::string folded_pem(std::string_view base64) {
  constexpr std::size_t kLineBytes = 64;
  std::string text = "-----BEGIN CERTIFICATE----- ";
  for (std::size_t at = 0; at < base64.size(); at += kLineBytes) {
    text.append(base64.substr(at, kLineBytes)).append(" ");
  }
  return text + "-----END CERTIFICATE----- ";
}

// What stands behind the leaf. A client that came back by a ticket has shown none again.
std::string chain_text(SSL* ssl) {
  std::string text;
  const STACK_OF(X509)* chain = SSL_get0_verified_chain(ssl);
  for (int i = 1; chain != nullptr && i < sk_X509_num(chain); ++i) {
    const std::string one = base64_der(sk_X509_value(chain, i));
    text += (text.empty() ? ":" : ", :") + one + ":";
  }
  return text.size() <= kChainBytesMax ? text : std::string();
}

}  // namespace

std::optional<TlsFact> find_tls_fact(std::string_view name) {
  for (const NamedFact& named : kNames) {
    if (named.name == name) return named.fact;
  }
  return {};
}

TlsPeer::TlsPeer(ssl_st* ssl) {
  set(TlsFact::kProtocol, SSL_get_version(ssl));
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl)) {
    set(TlsFact::kCipher, SSL_CIPHER_get_name(cipher));
    set(TlsFact::kCipherBits, std::to_string(SSL_CIPHER_get_bits(cipher, nullptr)));
  }
  // A host name that OpenSSL took; a client that sent anything else was refused by it.
  if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) {
    std::string text(name);
    for (char& c : text) {
      if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) > 0x7e) c = '?';
    }
    set(TlsFact::kServerName, std::move(text));
  }
  set(TlsFact::kResumed, SSL_session_reused(ssl) == 1 ? "Resumed" : "Initial");
  set(TlsFact::kVerify, "NONE");
  read_certificate(ssl);
}

void TlsPeer::read_certificate(ssl_st* ssl) {
  const Certificate certificate(SSL_get1_peer_certificate(ssl), &X509_free);
  if (!certificate || SSL_get_verify_result(ssl) != X509_V_OK) return;
  std::string der = base64_der(certificate.get());
  if (der.empty()) return;
  set(TlsFact::kVerify, "SUCCESS");
  set(TlsFact::kSubject, name_text(X509_get_subject_name(certificate.get())));
  set(TlsFact::kSubjectName, common_name(X509_get_subject_name(certificate.get())));
  set(TlsFact::kIssuer, name_text(X509_get_issuer_name(certificate.get())));
  set(TlsFact::kSerial, serial_text(certificate.get()));
  set(TlsFact::kValidFrom, time_text(X509_get0_notBefore(certificate.get())));
  set(TlsFact::kValidUntil, time_text(X509_get0_notAfter(certificate.get())));
  set(TlsFact::kCertificate, folded_pem(der));
  set(TlsFact::kCertificateDer, std::move(der));
  set(TlsFact::kChain, chain_text(ssl));
}

}  // namespace understudy
