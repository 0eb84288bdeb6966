// SPDX-License-Identifier: Apache-2.0
#include "tests/base/tls_client.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <utility>

#include "base/check.h"

namespace understudy {
namespace {

void show(SSL_CTX* context, const TestCertificate& certificate) {
  BIO* bio = BIO_new_mem_buf(certificate.chain.data(), static_cast<int>(certificate.chain.size()));
  X509* leaf = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  bio = BIO_new_mem_buf(certificate.key.data(), static_cast<int>(certificate.key.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  CHECK(SSL_CTX_use_cert_and_key(context, leaf, key, nullptr, 1) == 1);
  X509_free(leaf);
  EVP_PKEY_free(key);
}

void limit_versions(SSL_CTX* context, const TlsClient::Options& options) {
  if (options.only_tls11) {
    SSL_CTX_set_security_level(context, 0);
    CHECK(SSL_CTX_set_min_proto_version(context, TLS1_VERSION) == 1);
    SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
  }
  if (options.only_tls12) SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  if (options.only_tls13) SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
}

}  // namespace

TlsClient::TlsClient(Fd fd, const Options& options)
    : fd_(std::move(fd)), context_(SSL_CTX_new(TLS_client_method())), ssl_(nullptr) {
  CHECK(context_);
  limit_versions(context_, options);
  if (!options.ciphers.empty()) {
    CHECK(SSL_CTX_set_cipher_list(context_, options.ciphers.c_str()) == 1);
  }
  if (options.certificate != nullptr) show(context_, *options.certificate);
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context_, on_session);
  ssl_ = SSL_new(context_);
  CHECK(ssl_);
  SSL_set_app_data(ssl_, this);
  SSL_set_fd(ssl_, fd_.value());
  SSL_set_connect_state(ssl_);
  if (!options.server_name.empty()) {
    SSL_set_tlsext_host_name(ssl_, options.server_name.c_str());
  }
  std::string wire;
  for (const std::string& protocol : options.protocols) {
    wire += static_cast<char>(protocol.size()) + protocol;
  }
  if (!wire.empty()) {
    SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(wire.data()),
                        static_cast<unsigned>(wire.size()));
  }
  if (options.asks_for_ocsp) SSL_set_tlsext_status_type(ssl_, TLSEXT_STATUSTYPE_ocsp);
  if (options.session != nullptr) CHECK(SSL_set_session(ssl_, options.session) == 1);
}

TlsClient::~TlsClient() {
  SSL_SESSION_free(session_);
  // A connection that ends without a word would make its session unfit to come back with.
  SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
  SSL_CTX_free(context_);
}

int TlsClient::on_session(ssl_st* ssl, ssl_session_st* session) {
  auto& self = *static_cast<TlsClient*>(SSL_get_app_data(ssl));
  SSL_SESSION_free(std::exchange(self.session_, session));
  return 1;
}

bool TlsClient::move_on() {
  std::array<char, 16384> bytes;
  for (;;) {
    ERR_clear_error();
    const int count = SSL_read(ssl_, bytes.data(), static_cast<int>(bytes.size()));
    if (count > 0) {
      received_.append(bytes.data(), static_cast<size_t>(count));
      continue;
    }
    const int error = SSL_get_error(ssl_, count);
    has_ended_ = error == SSL_ERROR_ZERO_RETURN;
    return has_ended_ || error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
  }
}

bool TlsClient::write(const std::string& text) {
  ERR_clear_error();
  return SSL_write(ssl_, text.data(), static_cast<int>(text.size())) ==
         static_cast<int>(text.size());
}

bool TlsClient::end() {
  ERR_clear_error();
  return SSL_shutdown(ssl_) >= 0;
}

bool TlsClient::renegotiate() {
  ERR_clear_error();
  return SSL_renegotiate(ssl_) == 1;
}

bool TlsClient::is_established() const {
  return SSL_is_init_finished(ssl_) == 1;
}

bool TlsClient::has_resumed() const {
  return SSL_session_reused(ssl_) == 1;
}

std::string TlsClient::server_name_shown() const {
  X509* certificate = SSL_get0_peer_certificate(ssl_);
  std::array<char, 256> name{};
  if (certificate != nullptr) {
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                              static_cast<int>(name.size()));
  }
  return name.data();
}

std::string TlsClient::key_kind_shown() const {
  const X509* certificate = SSL_get0_peer_certificate(ssl_);
  if (certificate == nullptr) return "";
  return EVP_PKEY_get0_type_name(X509_get0_pubkey(certificate));
}

std::string TlsClient::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return std::string(reinterpret_cast<const char*>(name), size);
}

std::string TlsClient::version() const {
  return SSL_get_version(ssl_);
}

std::string TlsClient::cipher() const {
  return SSL_get_cipher_name(ssl_);
}

std::string TlsClient::ocsp_response() const {
  const unsigned char* bytes = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(ssl_, &bytes);
  return size > 0 ? std::string(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size))
                  : "";
}

ssl_session_st* TlsClient::take_session() {
  return std::exchange(session_, nullptr);
}

void free_session(ssl_session_st* session) {
  SSL_SESSION_free(session);
}

}  // namespace understudy
