// SPDX-License-Identifier: Apache-2.0
#include "base/tls_certificate.h"

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "base/check.h"
#include "base/tls_error.h"

namespace understudy {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using OcspResponse = std::unique_ptr<OCSP_RESPONSE, decltype(&OCSP_RESPONSE_free)>;
using OcspBasic = std::unique_ptr<OCSP_BASICRESP, decltype(&OCSP_BASICRESP_free)>;
using OcspId = std::unique_ptr<OCSP_CERTID, decltype(&OCSP_CERTID_free)>;
using Store = std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)>;

// The clocks of an authority and of this machine may differ by this much.
constexpr long kOcspSkewSeconds = 300;

Error invalid(std::string detail) {
  return {.code = ErrorCode::kInvalid, .detail = std::move(detail)};
}

Bio text_bio(std::string_view text) {
  Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
  CHECK(bio);
  return bio;
}

// Never asks a terminal; an encrypted key is an error then.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

int64_t unix_seconds_of(const ASN1_TIME* time) {
  std::tm utc{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &utc) != 1) return 0;
  return static_cast<int64_t>(timegm(&utc));
}

}  // namespace

Result<std::unique_ptr<TlsCertificate>> TlsCertificate::parse(std::string_view pem_chain) {
  const Bio bio = text_bio(pem_chain);
  std::unique_ptr<TlsCertificate> out(new TlsCertificate);
  out->leaf_ = PEM_read_bio_X509_AUX(bio.get(), nullptr, no_passphrase, nullptr);
  if (out->leaf_ == nullptr) {
    take_tls_error("");
    return invalid("it holds no certificate in PEM form");
  }
  out->chain_ = sk_X509_new_null();
  CHECK(out->chain_ != nullptr);
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    const bool has_room = static_cast<size_t>(sk_X509_num(out->chain_)) + 1 < kChainMax;
    if (!has_room || sk_X509_push(out->chain_, next) == 0) {
      X509_free(next);
      return invalid("it holds more than " + std::to_string(kChainMax) + " certificates");
    }
  }
  take_tls_error("");  // "no start line": the text ends after the last certificate
  return out;
}

TlsCertificate::~TlsCertificate() {
  X509_free(leaf_);
  sk_X509_pop_free(chain_, X509_free);
  EVP_PKEY_free(key_);
}

Result<void> TlsCertificate::set_key(std::string_view pem_key) {
  const Bio bio = text_bio(pem_key);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr);
  if (key == nullptr) {
    take_tls_error("");
    const bool is_encrypted = pem_key.find("ENCRYPTED") != std::string_view::npos;
    return invalid(is_encrypted ? "its private key is encrypted; store it without a passphrase"
                                : "it holds no private key in PEM form");
  }
  EVP_PKEY_free(key_);
  key_ = key;
  if (X509_check_private_key(leaf_, key_) != 1) {
    take_tls_error("");
    return invalid("this key is not the one of the certificate");
  }
  return {};
}

Result<void> TlsCertificate::set_ocsp_response(std::string_view der, int64_t unix_seconds) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const OcspResponse response(d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<long>(der.size())),
                              OCSP_RESPONSE_free);
  if (!response || OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    take_tls_error("");
    return invalid("it is no successful OCSP response");
  }
  if (sk_X509_num(chain_) == 0) {
    return invalid("an OCSP response needs its issuer's certificate behind the certificate");
  }
  X509* issuer = sk_X509_value(chain_, 0);
  const OcspBasic basic(OCSP_response_get1_basic(response.get()), OCSP_BASICRESP_free);
  // The issuer is trusted to speak for its own certificates, whichever authority has signed the
  // issuer.
  const Store store(X509_STORE_new(), X509_STORE_free);
  CHECK(store && X509_STORE_add_cert(store.get(), issuer) == 1);
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  if (!basic || OCSP_basic_verify(basic.get(), chain_, store.get(), 0) != 1) {
    return invalid("the OCSP response is not signed by the certificate's issuer (" +
                   take_tls_error("no signature") + ")");
  }
  const OcspId id(OCSP_cert_to_id(nullptr, leaf_, issuer), OCSP_CERTID_free);
  int status = V_OCSP_CERTSTATUS_UNKNOWN;
  ASN1_GENERALIZEDTIME* from = nullptr;
  ASN1_GENERALIZEDTIME* until = nullptr;
  if (OCSP_resp_find_status(basic.get(), id.get(), &status, nullptr, nullptr, &from, &until) != 1) {
    take_tls_error("");
    return invalid("the OCSP response is about another certificate");
  }
  if (status != V_OCSP_CERTSTATUS_GOOD) {
    return invalid(std::string("the OCSP response says that the certificate is ") +
                   OCSP_cert_status_str(status));
  }
  // RFC 6960 4.2.2.1: without an end, newer information is always available.
  const int64_t valid_until = until != nullptr ? unix_seconds_of(until) : unix_seconds;
  if (unix_seconds_of(from) > unix_seconds + kOcspSkewSeconds || valid_until <= unix_seconds) {
    return invalid("the OCSP response is out of date");
  }
  ocsp_response_ = der;
  ocsp_valid_until_ = valid_until;
  return {};
}

int64_t TlsCertificate::valid_from() const {
  return unix_seconds_of(X509_get0_notBefore(leaf_));
}

int64_t TlsCertificate::valid_until() const {
  return unix_seconds_of(X509_get0_notAfter(leaf_));
}

bool TlsCertificate::covers(const std::string& name) const {
  if (X509_check_host(leaf_, name.data(), name.size(), 0, nullptr) == 1) return true;
  return X509_check_ip_asc(leaf_, name.c_str(), 0) == 1;
}

std::string_view TlsCertificate::key_kind() const {
  const char* name = EVP_PKEY_get0_type_name(X509_get0_pubkey(leaf_));
  return name != nullptr ? name : "unknown";
}

}  // namespace understudy
