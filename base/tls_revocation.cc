// SPDX-License-Identifier: Apache-2.0
#include "base/tls_revocation.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <memory>
#include <vector>

#include "base/check.h"
#include "base/tls_error.h"

namespace understudy {
namespace {

using CrlBio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Crl = std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)>;

Result<std::vector<Crl>> parse_lists(const std::string& pem) {
  std::vector<Crl> out;
  const CrlBio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  CHECK(bio);
  while (X509_CRL* next = PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr)) {
    out.emplace_back(next, X509_CRL_free);
  }
  // "No start line" is the end of the text; anything else is a list that cannot be read.
  const unsigned long error = ERR_peek_last_error();
  const bool is_end =
      ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  take_tls_error("");
  if (!is_end) {
    return Error{.code = ErrorCode::kInvalid,
                 .detail = "it holds a revocation list that cannot be read"};
  }
  if (out.empty()) {
    return Error{.code = ErrorCode::kInvalid, .detail = "it holds no revocation list in PEM form"};
  }
  return out;
}

int64_t seconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
    return std::numeric_limits<int64_t>::max();
  }
  return timegm(&parts);
}

int accept_unlisted(int ok, X509_STORE_CTX* context) {
  if (ok == 1 || X509_STORE_CTX_get_error(context) != X509_V_ERR_UNABLE_TO_GET_CRL) return ok;
  X509_STORE_CTX_set_error(context, X509_V_OK);
  return 1;
}

}  // namespace

Result<int64_t> check_revocation_lists(const std::string& pem) {
  const auto lists = parse_lists(pem);
  if (!lists) return lists.error();
  int64_t due = std::numeric_limits<int64_t>::max();
  for (const Crl& list : *lists) {
    due = std::min(due, seconds_of(X509_CRL_get0_nextUpdate(list.get())));
  }
  return due;
}

Result<void> use_revocation_lists(ssl_ctx_st* context, const TlsRevocation& revocation,
                                  int verify_mode) {
  if (!revocation.is_on()) return {};
  const auto lists = parse_lists(revocation.lists);
  if (!lists) return lists.error();
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const Crl& list : *lists) {
    if (X509_STORE_add_crl(store, list.get()) != 1) {
      return tls_error("a revocation list cannot be used");
    }
  }
  unsigned long flags = X509_V_FLAG_CRL_CHECK;
  if (revocation.check == RevocationCheck::kChain) flags |= X509_V_FLAG_CRL_CHECK_ALL;
  CHECK(X509_STORE_set_flags(store, flags) == 1);
  if (revocation.accepts_unlisted) SSL_CTX_set_verify(context, verify_mode, accept_unlisted);
  return {};
}

std::string identity_of(const TlsRevocation& revocation) {
  if (!revocation.is_on()) return {};
  return std::to_string(static_cast<int>(revocation.check)) +
         (revocation.accepts_unlisted ? "+" : "-") + revocation.lists;
}

}  // namespace understudy
