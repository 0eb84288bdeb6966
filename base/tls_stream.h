// SPDX-License-Identifier: Apache-2.0
// TlsStream: TLS 1.3 over a descriptor with OpenSSL, as a Stream. TlsContext holds what many
// streams share. Members' cluster links use an external pre-shared key (PROTOCOL 2.5); listeners
// and upstreams will use certificates. The handshake happens inside the first reads and writes.
// Context: any thread after construction; stream: one thread.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stream.h"

struct ssl_ctx_st;
struct ssl_st;

namespace understudy {

class TlsContext final {
 public:
  // Both ends must hold the same 32 byte key and identity; nobody else gets through the handshake.
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
  ~TlsStream() override;

  // Also drives the handshake; kError with EPROTO when it fails (error_text() says why).
  IoResult read(std::span<char> into) override;
  // Gathers small pieces into one record.
  IoResult write(std::span<const iovec> pieces) override;
  void shutdown_write() override;
  bool has_buffered() const override;
  int fd() const override { return fd_.value(); }
  bool is_plain() const override { return false; }
  bool is_established() const;
  const std::string& error_text() const { return error_text_; }

 private:
  IoResult after(int returned);
  Fd fd_;
  ssl_st* ssl_;
  std::string record_;  // bytes gathered for a write that OpenSSL wants repeated
  std::string error_text_;
  bool failed_ = false;
};

}  // namespace understudy
