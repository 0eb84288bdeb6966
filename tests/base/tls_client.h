// SPDX-License-Identifier: Apache-2.0
// A TLS client for tests, built on OpenSSL alone, so that what it sees owes nothing to our streams.
// Talks over one end of a socket pair; whoever drives it reads the other end in turns.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "tests/base/test_certificates.h"

struct ssl_ctx_st;
struct ssl_session_st;
struct ssl_st;

namespace understudy {

class TlsClient final {
 public:
  struct Options {
    std::string server_name = {};
    std::vector<std::string> protocols = {};
    bool only_tls12 = false;
    bool only_tls13 = false;
    bool only_tls11 = false;
    std::string ciphers = {};
    bool asks_for_ocsp = false;
    const TestCertificate* certificate = nullptr;
    ssl_session_st* session = nullptr;  // to resume; borrowed
  };
  TlsClient(Fd fd, const Options& options);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;

  // Goes on as far as possible without waiting. False: it has failed.
  bool move_on();
  bool is_established() const;
  bool has_resumed() const;
  bool write(const std::string& text);
  bool end();          // with a close_notify
  bool renegotiate();  // TLS 1.2; only asks
  const std::string& received() const { return received_; }
  bool has_ended() const { return has_ended_; }  // by a close_notify

  std::string server_name_shown() const;  // the CN of the server's certificate
  std::string key_kind_shown() const;
  std::string protocol() const;
  std::string version() const;
  std::string cipher() const;
  std::string ocsp_response() const;
  // The last ticket the server has given; the caller owns it.
  ssl_session_st* take_session();
  int fd() const { return fd_.value(); }

 private:
  static int on_session(ssl_st* ssl, ssl_session_st* session);

  Fd fd_;
  ssl_ctx_st* context_;
  ssl_st* ssl_;
  ssl_session_st* session_ = nullptr;
  std::string received_;
  bool has_ended_ = false;
};

void free_session(ssl_session_st* session);

}  // namespace understudy
