// SPDX-License-Identifier: Apache-2.0
#include "base/tls_stream.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "base/tls_dialer.h"
#include "base/tls_error.h"
#include "base/tls_server.h"

namespace understudy {
namespace {

constexpr size_t kRecordMax = 16 * 1024;  // RFC 8446 5.1

int context_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// TLS_AES_128_GCM_SHA256 (RFC 8446 B.4): the hash a session for an external key must name.
constexpr unsigned char kPskCipher[] = {0x13, 0x01};
// OpenSSL asks for one wherever a certificate could be required; a session must carry the same.
constexpr unsigned char kIdContext[] = {'l', 'i', 'n', 'k'};

TlsStream::Failure failure_by(int reason) {
  if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) return TlsStream::Failure::kBroken;
  return reason >= SSL_AD_REASON_OFFSET ? TlsStream::Failure::kAlert : TlsStream::Failure::kOther;
}

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
    if (!raw) return tls_error("no TLS context");
    SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION);
    SSL_CTX_set_ciphersuites(raw, "TLS_AES_128_GCM_SHA256");
    // A write may continue from another address with more bytes; idle streams hold no buffers.
    SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    // Frames say their length: an end without close_notify, as by a kill, is an end like any other.
    SSL_CTX_set_options(raw, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_read_ahead(raw, 1);
    // Every link proves the key anew: no tickets, no resumption.
    SSL_CTX_set_num_tickets(raw, 0);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    // Without a key in common there must be a certificate that verifies, and neither end has one.
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

// A socket of OpenSSL's that raises no SIGPIPE, and does not ask the kernel again when the last
// answer came up short: most reads end with a question for one more record.
struct TlsStreamBio {
  using Read = int (*)(BIO*, char*, int);
  using Write = int (*)(BIO*, const char*, int);

  static const BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      const BIO_METHOD* socket = BIO_s_socket();
      BIO_METHOD* out = BIO_meth_new(
          BIO_get_new_index() | BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR, "watched socket");
      CHECK(out);
      CHECK(BIO_meth_set_write(out, write) == 1);
      CHECK(BIO_meth_set_read(out, read) == 1);
      CHECK(BIO_meth_set_puts(out, BIO_meth_get_puts(socket)) == 1);
      CHECK(BIO_meth_set_ctrl(out, BIO_meth_get_ctrl(socket)) == 1);
      CHECK(BIO_meth_set_create(out, BIO_meth_get_create(socket)) == 1);
      CHECK(BIO_meth_set_destroy(out, BIO_meth_get_destroy(socket)) == 1);
      return out;
    }();
    return made;
  }

  static int read(BIO* bio, char* into, int size) {
    static const Read read_socket = BIO_meth_get_read(BIO_s_socket());
    auto& stream = *reinterpret_cast<TlsStream*>(BIO_get_callback_arg(bio));
    BIO_clear_retry_flags(bio);
    if (stream.drained_) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const int count = read_socket(bio, into, size);
    // The kernel's TLS hands out a record at a time, so there a short count says nothing.
    const bool is_record = stream.kernel_may_help_ && BIO_get_ktls_recv(bio) != 0;
    stream.drained_ = count <= 0 || (count < size && !is_record);
    if (count > 0) stream.starved_ = false;
    return count;
  }

  static int write(BIO* bio, const char* from, int size) {
    static const Write write_socket = BIO_meth_get_write(BIO_s_socket());
    const auto& stream = *reinterpret_cast<TlsStream*>(BIO_get_callback_arg(bio));
    if (stream.kernel_may_help_ && BIO_get_ktls_send(bio) != 0) {
      return write_socket(bio, from, size);
    }
    BIO_clear_retry_flags(bio);
    const ssize_t count = ::send(stream.fd_.value(), from, static_cast<size_t>(size), MSG_NOSIGNAL);
    if (count <= 0 && BIO_sock_should_retry(static_cast<int>(count)) != 0) {
      BIO_set_retry_write(bio);
    }
    return static_cast<int>(count);
  }
};

TlsStream::TlsStream(ssl_st* ssl, Fd fd) : fd_(std::move(fd)), ssl_(ssl) {
  CHECK(ssl_);
  BIO* bio = BIO_new(TlsStreamBio::method());
  CHECK(bio);
  BIO_set_fd(bio, fd_.value(), BIO_NOCLOSE);
  BIO_set_callback_arg(bio, reinterpret_cast<char*>(this));
  SSL_set_bio(ssl_, bio, bio);
}

TlsStream::TlsStream(const TlsContext& context, Fd fd, Role role)
    : TlsStream(SSL_new(context.raw()), std::move(fd)) {
  if (role == Role::kClient) {
    SSL_set_connect_state(ssl_);
  } else {
    SSL_set_accept_state(ssl_);
  }
}

TlsStream::TlsStream(const TlsServer& server, Fd fd)
    : TlsStream(SSL_new(server.raw()), std::move(fd)) {
  SSL_set_accept_state(ssl_);
}

TlsStream::TlsStream(TlsTarget& target, Fd fd, const std::string& only_protocol)
    : TlsStream(target.begin(only_protocol), std::move(fd)) {}

TlsStream::~TlsStream() {
  say_goodbye();
  SSL_free(ssl_);
}

// RFC 8446 6.1: a side that closes says so; without it the end could be an attacker's. Within a
// record that is not out there is no place for it.
void TlsStream::say_goodbye() {
  const bool is_said = (SSL_get_shutdown(ssl_) & SSL_SENT_SHUTDOWN) != 0;
  if (failed_ || is_said || record_bytes_ > 0 || !is_established()) return;
  if (SSL_shutdown(ssl_) < 0) take_tls_error("");
}

bool TlsStream::is_established() const {
  return SSL_is_init_finished(ssl_);
}

bool TlsStream::has_resumed() const {
  return SSL_session_reused(ssl_) == 1;
}

const TlsHost* TlsStream::host() const {
  return TlsServer::chosen_by(ssl_);
}

const TlsPeer& TlsStream::peer() const {
  DCHECK(is_established());
  if (!peer_) peer_ = std::make_unique<const TlsPeer>(ssl_);
  return *peer_;
}

std::string_view TlsStream::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

bool TlsStream::has_buffered() const {
  return !drained_ || end_is_next_ || (!starved_ && SSL_has_pending(ssl_) == 1);
}

IoResult TlsStream::after(int returned) {
  const int saved_errno = errno;
  switch (SSL_get_error(ssl_, returned)) {
    case SSL_ERROR_WANT_READ:
      starved_ = true;
      return {.state = IoResult::State::kWouldBlock};
    case SSL_ERROR_WANT_WRITE:
      handshake_is_blocked_ = !is_established();
      return {.state = IoResult::State::kWouldBlock};
    case SSL_ERROR_ZERO_RETURN:
      return {.state = IoResult::State::kEnd};
    case SSL_ERROR_SYSCALL:
      failed_ = true;
      error_text_ = take_tls_error("the peer broke the connection");
      return {.state = IoResult::State::kError,
              .error_number = saved_errno ? saved_errno : ECONNRESET};
    default:
      failed_ = true;
      met_plain_http_ = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
      failure_ = failure_by(ERR_GET_REASON(ERR_peek_error()));
      error_text_ = take_tls_error("TLS failed");
      if (const long verdict = SSL_get_verify_result(ssl_); verdict != X509_V_OK) {
        error_text_.append(": ").append(X509_verify_cert_error_string(verdict));
      }
      return {.state = IoResult::State::kError, .error_number = EPROTO};
  }
}

// OpenSSL hands its keys to the kernel at the end of a handshake or never.
void TlsStream::look_for_kernel() {
  if (!kernel_may_help_ || !is_established()) return;
  kernel_may_help_ =
      BIO_get_ktls_send(SSL_get_wbio(ssl_)) != 0 || BIO_get_ktls_recv(SSL_get_rbio(ssl_)) != 0;
}

IoResult TlsStream::shake_hands() {
  if (failed_) return {.state = IoResult::State::kError, .error_number = EPROTO};
  handshake_is_blocked_ = false;
  drained_ = false;
  errno = 0;
  const int returned = SSL_do_handshake(ssl_);
  return returned == 1 ? IoResult{} : after(returned);
}

IoResult TlsStream::read(std::span<char> into) {
  end_is_next_ = false;
  if (failed_) return {.state = IoResult::State::kError, .error_number = EPROTO};
  look_for_kernel();
  handshake_is_blocked_ = false;
  drained_ = false;  // unless the first receive says otherwise
  size_t total = 0;
  while (total < into.size()) {
    errno = 0;
    size_t count = 0;
    const int returned = SSL_read_ex(ssl_, into.data() + total, into.size() - total, &count);
    if (returned != 1) {
      const IoResult result = after(returned);
      if (total == 0) return result;
      end_is_next_ = result.state != IoResult::State::kWouldBlock;
      break;
    }
    total += count;
    if (!has_buffered()) break;
  }
  return {.state = IoResult::State::kOk, .bytes = total};
}

// The bytes of the next record, from `offset` on. What fills a record alone, or comes last, is sent
// from where it lies; a record and a system call more would cost more than to copy the rest.
std::string_view TlsStream::next_record(std::span<const iovec> pieces, size_t offset) {
  while (!pieces.empty() && offset >= pieces.front().iov_len) {
    offset -= pieces.front().iov_len;
    pieces = pieces.subspan(1);
  }
  if (pieces.empty()) return {};
  const bool must_stay = kernel_may_help_ && BIO_get_ktls_send(SSL_get_wbio(ssl_)) != 0;
  const char* first = static_cast<const char*>(pieces.front().iov_base) + offset;
  const size_t first_bytes = pieces.front().iov_len - offset;
  if (!must_stay && (pieces.size() == 1 || first_bytes >= kRecordMax)) {
    return {first, std::min(first_bytes, kRecordMax)};
  }
  static thread_local std::array<char, kRecordMax> scratch;
  if (must_stay) kept_record_.resize(kRecordMax);
  char* record = must_stay ? kept_record_.data() : scratch.data();
  size_t size = 0;
  for (const iovec& piece : pieces) {
    const size_t count = std::min(piece.iov_len - offset, kRecordMax - size);
    std::memcpy(record + size, static_cast<const char*>(piece.iov_base) + offset, count);
    size += count;
    offset = 0;
    if (size == kRecordMax) break;
  }
  return {record, size};
}

// OpenSSL holds the record's bytes, or kept_record_ does; it only wants to hear their number again.
IoResult TlsStream::write_record(std::string_view record) {
  errno = 0;
  size_t count = 0;
  const int returned = SSL_write_ex(ssl_, record.data(), record.size(), &count);
  if (returned == 1) return {.state = IoResult::State::kOk, .bytes = count};
  return after(returned);
}

IoResult TlsStream::write(std::span<const iovec> pieces) {
  if (failed_) return {.state = IoResult::State::kError, .error_number = EPROTO};
  look_for_kernel();
  size_t done = 0;
  if (record_bytes_ > 0) {
    const char* any = static_cast<const char*>(pieces.front().iov_base);
    const IoResult result = write_record({any, record_bytes_});
    if (!result.ok()) return result;
    record_bytes_ = 0;
    done = 1;
  } else if (!is_established()) {
    drained_ = false;  // the handshake may have to receive first
  }
  for (;;) {
    const std::string_view record = next_record(pieces, done);
    if (record.empty()) break;
    const IoResult result = write_record(record);
    if (result.ok()) {
      done += result.bytes;
      continue;
    }
    if (result.state != IoResult::State::kWouldBlock) {
      if (done == 0) return result;
      break;
    }
    // Within a handshake nothing has been taken.
    if (is_established()) {
      record_bytes_ = record.size();
      done += record.size() - 1;
    }
    break;
  }
  if (done == 0) return {.state = IoResult::State::kWouldBlock};
  if (record_bytes_ == 0) kept_record_ = {};
  return {.state = IoResult::State::kOk, .bytes = done};
}

void TlsStream::shutdown_write() {
  say_goodbye();
  ::shutdown(fd_.value(), SHUT_WR);
}

}  // namespace understudy
