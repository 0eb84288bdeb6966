// SPDX-License-Identifier: Apache-2.0
#include "tests/base/test_certificates.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>

#include "base/check.h"

namespace understudy {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return std::string(bytes, static_cast<size_t>(size));
}

Certificate read_certificate(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  return {PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free};
}

Key read_key(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  return {PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
}

void add_extension(X509* certificate, int id, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str());
  CHECK(extension);
  CHECK(X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

std::string pem_of(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free);
  CHECK(PEM_write_bio_X509(bio.get(), certificate) == 1);
  return text_of(bio.get());
}

std::string pem_of(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free);
  CHECK(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_of(bio.get());
}

}  // namespace

TestCertificate make_test_certificate(const TestCertificateOptions& options) {
  const Key key(options.is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"), EVP_PKEY_free);
  CHECK(key);
  const Certificate certificate(X509_new(), X509_free);
  static long serial = 1;
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), options.valid_from);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), options.valid_until);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  const auto* name = reinterpret_cast<const unsigned char*>(options.names.front().c_str());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0);

  std::string alternatives;
  for (const std::string& one : options.names) {
    const bool is_ip = one.find_first_not_of("0123456789.") == std::string::npos || one[0] == ':';
    alternatives += std::string(alternatives.empty() ? "" : ",") + (is_ip ? "IP:" : "DNS:") + one;
  }
  add_extension(certificate.get(), NID_subject_alt_name, alternatives);
  add_extension(certificate.get(), NID_basic_constraints,
                options.is_authority ? "critical,CA:TRUE" : "CA:FALSE");

  TestCertificate out{.chain = {}, .key = pem_of(key.get())};
  if (options.issuer == nullptr) {
    X509_set_issuer_name(certificate.get(), subject);
    CHECK(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
    out.chain = pem_of(certificate.get());
    return out;
  }
  const Certificate issuer = read_certificate(options.issuer->chain);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get()));
  CHECK(X509_sign(certificate.get(), read_key(options.issuer->key).get(), EVP_sha256()) > 0);
  out.chain = pem_of(certificate.get()) + options.issuer->chain;
  return out;
}

std::string make_test_ocsp_response(const TestCertificate& subject, const TestCertificate& issuer,
                                    bool is_good, int64_t valid_until) {
  const Certificate about = read_certificate(subject.chain);
  const Certificate by = read_certificate(issuer.chain);
  OCSP_BASICRESP* basic = OCSP_BASICRESP_new();
  OCSP_CERTID* id = OCSP_cert_to_id(nullptr, about.get(), by.get());
  ASN1_TIME* from = X509_gmtime_adj(nullptr, -3600);
  ASN1_TIME* until = X509_gmtime_adj(nullptr, valid_until);
  const int status = is_good ? V_OCSP_CERTSTATUS_GOOD : V_OCSP_CERTSTATUS_REVOKED;
  CHECK(OCSP_basic_add1_status(basic, id, status, 0, is_good ? nullptr : from, from, until));
  CHECK(OCSP_basic_sign(basic, by.get(), read_key(issuer.key).get(), EVP_sha256(), nullptr, 0));
  OCSP_RESPONSE* response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
  unsigned char* der = nullptr;
  const int size = i2d_OCSP_RESPONSE(response, &der);
  CHECK(size > 0);
  std::string out(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  OCSP_RESPONSE_free(response);
  OCSP_BASICRESP_free(basic);
  OCSP_CERTID_free(id);
  ASN1_TIME_free(from);
  ASN1_TIME_free(until);
  return out;
}

std::string make_test_revocation_list(const TestCertificate& issuer,
                                      const std::vector<TestCertificate>& revoked,
                                      int64_t valid_until) {
  const Certificate by = read_certificate(issuer.chain);
  X509_CRL* list = X509_CRL_new();
  CHECK(X509_CRL_set_version(list, X509_CRL_VERSION_2) == 1);
  CHECK(X509_CRL_set_issuer_name(list, X509_get_subject_name(by.get())) == 1);
  ASN1_TIME* from = X509_gmtime_adj(nullptr, -7200);
  ASN1_TIME* until = X509_gmtime_adj(nullptr, valid_until);
  CHECK(X509_CRL_set1_lastUpdate(list, from) == 1 && X509_CRL_set1_nextUpdate(list, until) == 1);
  for (const TestCertificate& one : revoked) {
    const Certificate about = read_certificate(one.chain);
    X509_REVOKED* entry = X509_REVOKED_new();
    CHECK(X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(about.get())) == 1);
    CHECK(X509_REVOKED_set_revocationDate(entry, from) == 1);
    CHECK(X509_CRL_add0_revoked(list, entry) == 1);
  }
  CHECK(X509_CRL_sort(list) == 1);
  CHECK(X509_CRL_sign(list, read_key(issuer.key).get(), EVP_sha256()) > 0);
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free);
  CHECK(PEM_write_bio_X509_CRL(bio.get(), list) == 1);
  X509_CRL_free(list);
  ASN1_TIME_free(from);
  ASN1_TIME_free(until);
  return text_of(bio.get());
}

}  // namespace understudy
