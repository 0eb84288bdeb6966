// SPDX-License-Identifier: Apache-2.0
// TlsStream: TLS over a descriptor with OpenSSL, as a Stream. Clients are served with certificates,
// by a TlsServer; servers are asked as a TlsTarget; members' cluster links use an external
// pre-shared key (PROTOCOL 2.5), and their TlsContext holds what many streams share. The handshake
// happens inside the first reads and writes. Context: any thread after construction; stream: one
// thread.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "base/tls_peer.h"

struct ssl_ctx_st;
struct ssl_st;

namespace understudy {

class TlsHost;
class TlsServer;
class TlsTarget;

class TlsContext final {
 public:
  // Both ends must hold the same 32 byte key and identity; no other peer gets through the
  // handshake.
  static Result<std::unique_ptr<TlsContext>> make_psk(std::span<const unsigned char, 32> key,
                                                      const std::string& identity);
  // The same with several keys, at most kPskMax: a client shows the first, a server takes any.
  struct Psk {
    std::span<const unsigned char, 32> key;
    std::string identity;
  };
  static constexpr size_t kPskMax = 4;
  static Result<std::unique_ptr<TlsContext>> make_psk(std::span<const Psk> keys);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;

  ssl_ctx_st* raw() const { return context_; }

 private:
  TlsContext() = default;
  friend struct TlsPsk;
  ssl_ctx_st* context_ = nullptr;
  struct OwnedPsk {
    std::array<unsigned char, 32> key;
    std::string identity;
  };
  std::vector<OwnedPsk> keys_;  // the first is ours
};

class TlsStream final : public Stream {
 public:
  enum class Role { kClient, kServer };
  // `context` must outlive the stream.
  TlsStream(const TlsContext& context, Fd fd, Role role);
  // A client's connection; the handshake keeps what it needs of `server`.
  TlsStream(const TlsServer& server, Fd fd);
  // A connection of ours to a server, to which `target` belongs; it outlives all reading.
  // `only_protocol`: see TlsTarget::begin.
  TlsStream(TlsTarget& target, Fd fd, const std::string& only_protocol = {});
  ~TlsStream() override;

  IoResult shake_hands() override;
  // Also drives the handshake; kError with EPROTO when it fails (error_text() says why). A short
  // count means drained, up to has_buffered().
  IoResult read(std::span<char> into) override;
  // Small pieces share a record, a large one is encrypted from where it lies. A short count means
  // full. A record that the socket did not take whole counts as taken but for its last byte, so
  // that the caller comes back, with that byte first, and pushes the rest of it out.
  IoResult write(std::span<const iovec> pieces) override;
  void shutdown_write() override;
  bool has_buffered() const override;
  bool wants_writable() const override { return handshake_is_blocked_; }
  int fd() const override { return fd_.value(); }
  bool is_plain() const override { return false; }

  bool is_established() const override;
  bool has_resumed() const;
  std::string_view error_text() const override { return error_text_; }
  bool met_plain_http() const override { return met_plain_http_; }
  // What ended the stream, once read or write has said kError.
  enum class Failure {
    kBroken,  // the connection ended or broke
    kAlert,   // the peer refused by an alert of TLS
    kOther,   // what came was not what TLS expects
  };
  Failure failure() const { return failure_; }
  // Of a client's connection whose handshake has begun, else null; lives as long as the stream.
  const TlsHost* host() const;
  // What is known of the client; only once the connection is established. Put together by the first
  // call.
  const TlsPeer& peer() const;
  // What both agreed to speak inside (ALPN); empty when the client did not ask.
  std::string_view protocol() const override;

 private:
  friend struct TlsStreamBio;
  TlsStream(ssl_st* ssl, Fd fd);
  IoResult after(int returned);
  void look_for_kernel();
  void say_goodbye();
  IoResult write_record(std::string_view record);
  std::string_view next_record(std::span<const iovec> pieces, size_t offset);

  // Owned.
  Fd fd_;
  ssl_st* ssl_;
  // The record that the kernel encrypts, which must stay where it is until it is taken; unused
  // where OpenSSL encrypts, for it holds a copy then.
  std::string kept_record_;
  std::string error_text_;
  mutable std::unique_ptr<const TlsPeer> peer_;  // null: not asked for yet

  size_t record_bytes_ = 0;            // of a record that is not out; 0: there is none
  bool kernel_may_help_ = true;        // with TLS; false once a handshake has ended without it
  bool drained_ = true;                // the last receive came up short
  bool starved_ = true;                // OpenSSL holds no whole record
  bool handshake_is_blocked_ = false;  // by a full socket
  bool met_plain_http_ = false;
  Failure failure_ = Failure::kBroken;
  bool end_is_next_ = false;  // the last read met the end, or an error, behind bytes
  bool failed_ = false;
};

}  // namespace understudy
