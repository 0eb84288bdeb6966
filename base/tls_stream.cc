// SPDX-License-Identifier: Apache-2.0
#include "base/tls_stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace understudy {
namespace {

constexpr size_t kRecordMax = 16 * 1024;  // RFC 8446 5.1

std::string last_tls_error(const char* otherwise) {
  const unsigned long code = ERR_get_error();
  if (code == 0) return otherwise;
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return text;
}

int context_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// TLS_AES_128_GCM_SHA256 (RFC 8446 B.4): the hash a session for an external key must name.
constexpr unsigned char kPskCipher[] = {0x13, 0x01};
// OpenSSL asks for one wherever a certificate could be required; a session must carry the same.
constexpr unsigned char kIdContext[] = {'l', 'i', 'n', 'k'};

}  // namespace

// The callbacks by which OpenSSL asks for the pre-shared key.
struct TlsPsk {
  static SSL_SESSION* session(SSL* ssl, const TlsContext::OwnedPsk& psk) {
    const SSL_CIPHER* cipher = SSL_CIPHER_find(ssl, kPskCipher);
    SSL_SESSION* session = SSL_SESSION_new();
    if (!cipher || !session ||
        !SSL_SESSION_set1_master_key(session, psk.key.data(), psk.key.size()) ||
        !SSL_SESSION_set_cipher(session, cipher) ||
        !SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) ||
        !SSL_SESSION_set1_id_context(session, kIdContext, sizeof kIdContext)) {
      SSL_SESSION_free(session);
      return nullptr;
    }
    return session;
  }

  static const TlsContext& context_of(SSL* ssl) {
    return *static_cast<const TlsContext*>(
        SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index()));
  }

  static int use(SSL* ssl, const EVP_MD*, const unsigned char** id, size_t* id_size,
                 SSL_SESSION** out) {
    const TlsContext& context = context_of(ssl);
    const TlsContext::OwnedPsk& psk = context.keys_.front();
    *out = session(ssl, psk);
    *id = reinterpret_cast<const unsigned char*>(psk.identity.data());
    *id_size = psk.identity.size();
    return *out != nullptr;
  }

  // An unknown identity goes on without a key, and then fails: the server has no certificate.
  static int find(SSL* ssl, const unsigned char* id, size_t id_size, SSL_SESSION** out) {
    const TlsContext& context = context_of(ssl);
    *out = nullptr;
    const std::string_view identity(reinterpret_cast<const char*>(id), id_size);
    for (const TlsContext::OwnedPsk& psk : context.keys_) {
      if (psk.identity != identity) continue;
      *out = session(ssl, psk);
      return *out != nullptr;
    }
    return 1;
  }

  static Result<std::unique_ptr<TlsContext>> make(std::span<const TlsContext::Psk> keys) {
    CHECK(!keys.empty() && keys.size() <= TlsContext::kPskMax);
    auto context = std::unique_ptr<TlsContext>(new TlsContext);
    context->keys_.reserve(keys.size());
    for (const TlsContext::Psk& psk : keys) {
      context->keys_.push_back({.key = {}, .identity = psk.identity});
      std::copy(psk.key.begin(), psk.key.end(), context->keys_.back().key.begin());
    }
    SSL_CTX* raw = context->context_ = SSL_CTX_new(TLS_method());
    if (!raw) return Error{.code = ErrorCode::kTls, .detail = last_tls_error("no TLS context")};
    SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION);
    SSL_CTX_set_ciphersuites(raw, "TLS_AES_128_GCM_SHA256");
    // A write may continue from another address with more bytes; idle streams hold no buffers.
    SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    // Frames say their length: an end without close_notify, as a killed process leaves it, is an
    // end like any other.
    SSL_CTX_set_options(raw, SSL_OP_IGNORE_UNEXPECTED_EOF);
    // Every link proves the key anew: no tickets, no resumption.
    SSL_CTX_set_num_tickets(raw, 0);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    // Without a key in common there must be a certificate that verifies, and nobody has one.
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_session_id_context(raw, kIdContext, sizeof kIdContext);
    SSL_CTX_set_psk_use_session_callback(raw, &TlsPsk::use);
    SSL_CTX_set_psk_find_session_callback(raw, &TlsPsk::find);
    SSL_CTX_set_ex_data(raw, context_index(), context.get());
    return context;
  }
};

Result<std::unique_ptr<TlsContext>> TlsContext::make_psk(std::span<const unsigned char, 32> key,
                                                         const std::string& identity) {
  const Psk psk{key, identity};
  return TlsPsk::make({&psk, 1});
}

Result<std::unique_ptr<TlsContext>> TlsContext::make_psk(std::span<const Psk> keys) {
  return TlsPsk::make(keys);
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
  for (OwnedPsk& psk : keys_) OPENSSL_cleanse(psk.key.data(), psk.key.size());
}

TlsStream::TlsStream(const TlsContext& context, Fd fd, Role role)
    : fd_(std::move(fd)), ssl_(SSL_new(context.raw())) {
  CHECK(ssl_);
  CHECK(SSL_set_fd(ssl_, fd_.value()) == 1);
  if (role == Role::kClient) {
    SSL_set_connect_state(ssl_);
  } else {
    SSL_set_accept_state(ssl_);
  }
}

TlsStream::~TlsStream() {
  SSL_free(ssl_);
}

bool TlsStream::is_established() const {
  return SSL_is_init_finished(ssl_);
}

bool TlsStream::has_buffered() const {
  return SSL_pending(ssl_) > 0;
}

IoResult TlsStream::after(int returned) {
  const int saved_errno = errno;
  switch (SSL_get_error(ssl_, returned)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {.state = IoResult::State::kWouldBlock};
    case SSL_ERROR_ZERO_RETURN:
      return {.state = IoResult::State::kEnd};
    case SSL_ERROR_SYSCALL:
      failed_ = true;
      error_text_ = last_tls_error("the peer broke the connection");
      return {.state = IoResult::State::kError,
              .error_number = saved_errno ? saved_errno : ECONNRESET};
    default:
      failed_ = true;
      error_text_ = last_tls_error("TLS failed");
      return {.state = IoResult::State::kError, .error_number = EPROTO};
  }
}

IoResult TlsStream::read(std::span<char> into) {
  if (failed_) return {.state = IoResult::State::kError, .error_number = EPROTO};
  errno = 0;
  size_t count = 0;
  const int returned = SSL_read_ex(ssl_, into.data(), into.size(), &count);
  if (returned == 1) return {.state = IoResult::State::kOk, .bytes = count};
  return after(returned);
}

IoResult TlsStream::write(std::span<const iovec> pieces) {
  if (failed_) return {.state = IoResult::State::kError, .error_number = EPROTO};
  if (record_.empty()) {
    for (const iovec& piece : pieces) {
      const size_t room = kRecordMax - record_.size();
      record_.append(static_cast<const char*>(piece.iov_base), std::min(piece.iov_len, room));
      if (record_.size() == kRecordMax) break;
    }
  }
  if (record_.empty()) return {};
  errno = 0;
  size_t count = 0;
  const int returned = SSL_write_ex(ssl_, record_.data(), record_.size(), &count);
  if (returned == 1) {
    record_.clear();
    return {.state = IoResult::State::kOk, .bytes = count};
  }
  // The caller repeats the write from the same bytes; OpenSSL needs the same record then.
  return after(returned);
}

void TlsStream::shutdown_write() {
  // Before the handshake is over OpenSSL refuses, and its complaint would be taken for the next
  // stream's.
  if (failed_ || !is_established()) return;
  if (SSL_shutdown(ssl_) < 0) ERR_clear_error();
}

}  // namespace understudy
