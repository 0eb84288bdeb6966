// SPDX-License-Identifier: Apache-2.0
// TlsCertificate: a certificate with its chain, its private key and, if there is one, the word of
// its authority that it is not revoked (OCSP). Made from the texts of files and checked before
// anything serves. It shows itself to no peer: TlsHost does. Owned by the loader of a
// configuration, then by a TlsHost; immutable from there on, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_pkey_st;
struct stack_st_X509;
struct x509_st;

namespace understudy {

class TlsCertificate final {
 public:
  static constexpr size_t kChainMax = 16;  // certificates in one text

  // The certificate comes first, then the chain that leads to an authority.
  static Result<std::unique_ptr<TlsCertificate>> parse(std::string_view pem_chain);
  ~TlsCertificate();
  TlsCertificate(const TlsCertificate&) = delete;

  // kInvalid: no key in the text, an encrypted one, or that of another certificate.
  Result<void> set_key(std::string_view pem_key);
  // A response as `openssl ocsp -respout` writes it. kInvalid: it does not say that this
  // certificate is good, its signature is wrong, or it is out of date at `unix_seconds`.
  Result<void> set_ocsp_response(std::string_view der, int64_t unix_seconds);

  int64_t valid_from() const;   // seconds since 1970
  int64_t valid_until() const;  // the same
  // RFC 6125: whether the host `name` may show this certificate.
  bool covers(const std::string& name) const;
  // "RSA", "EC" ...: a host has one of each kind, and a client gets one that it understands.
  std::string_view key_kind() const;

  x509_st* leaf() const { return leaf_; }
  stack_st_X509* chain() const { return chain_; }  // without the leaf; may be null
  evp_pkey_st* key() const { return key_; }        // null until set_key
  const std::string& ocsp_response() const { return ocsp_response_; }
  int64_t ocsp_valid_until() const { return ocsp_valid_until_; }

 private:
  TlsCertificate() = default;

  // Owned.
  x509_st* leaf_ = nullptr;
  stack_st_X509* chain_ = nullptr;
  evp_pkey_st* key_ = nullptr;
  std::string ocsp_response_;
  int64_t ocsp_valid_until_ = 0;
};

}  // namespace understudy
