// SPDX-License-Identifier: Apache-2.0
#include "base/tls_authorities.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <memory>

#include "base/check.h"
#include "base/tls_error.h"

namespace understudy {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificates = std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)>;

Certificates parse_authorities(const std::string& pem) {
  Certificates out(sk_X509_new_null(),
                   [](STACK_OF(X509) * all) { sk_X509_pop_free(all, X509_free); });
  CHECK(out);
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  CHECK(bio);
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    CHECK(sk_X509_push(out.get(), next) > 0);
  }
  // "No start line" is the end of the text; anything else is a certificate that cannot be read.
  const unsigned long error = ERR_peek_last_error();
  const bool is_end =
      ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  take_tls_error("");
  if (!is_end) sk_X509_pop_free(out.release(), X509_free);
  return out;
}

}  // namespace

Result<void> check_authorities(const std::string& pem) {
  const Certificates authorities = parse_authorities(pem);
  if (authorities && sk_X509_num(authorities.get()) > 0) return {};
  return Error{.code = ErrorCode::kInvalid,
               .detail = authorities ? "it holds no certificate in PEM form"
                                     : "it holds a certificate that cannot be read"};
}

Result<void> trust_authorities(ssl_ctx_st* context, const std::string& pem, ToldToPeer told) {
  if (auto checked = check_authorities(pem); !checked) return checked;
  const Certificates authorities = parse_authorities(pem);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (int i = 0; i < sk_X509_num(authorities.get()); ++i) {
    X509* authority = sk_X509_value(authorities.get(), i);
    if (X509_STORE_add_cert(store, authority) != 1 ||
        (told == ToldToPeer::kYes && SSL_CTX_add_client_CA(context, authority) != 1)) {
      return tls_error("an authority cannot be used");
    }
  }
  return {};
}

}  // namespace understudy
