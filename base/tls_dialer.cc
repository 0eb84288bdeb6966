// SPDX-License-Identifier: Apache-2.0
#include "base/tls_dialer.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "base/tls_authorities.h"
#include "base/tls_defaults.h"
#include "base/tls_error.h"

namespace understudy {
namespace {

constexpr int64_t kMicrosecondsPerSecond = 1'000'000;

int target_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

bool is_ip_address(const std::string& name) {
  in6_addr room;
  return inet_pton(AF_INET, name.c_str(), &room) == 1 ||
         inet_pton(AF_INET6, name.c_str(), &room) == 1;
}

// RFC 6066 3: without the dot at the end.
std::string without_dot(std::string name) {
  if (name.ends_with('.')) name.pop_back();
  return name;
}

std::string protocols_on_wire(const std::vector<std::string>& protocols) {
  std::string out;
  for (const std::string& protocol : protocols) {
    out += static_cast<char>(protocol.size());
    out += protocol;
  }
  return out;
}

}  // namespace

struct TlsDialerCallbacks {
  // Who has signed the certificate does not count, but its name and its time may. 1: it will do.
  static int on_unverified(X509_STORE_CTX* store, void* context) {
    const auto& options = static_cast<const TlsDialer*>(context)->options_;
    const auto* ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    const auto* target = static_cast<TlsTarget*>(SSL_get_ex_data(ssl, target_index()));
    X509* const leaf = X509_STORE_CTX_get0_cert(store);
    int error = X509_V_OK;
    if (leaf == nullptr) {
      error = X509_V_ERR_UNSPECIFIED;
    } else if (options.checks_time && X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0) {
      error = X509_V_ERR_CERT_HAS_EXPIRED;
    } else if (options.checks_name && (target == nullptr || !target->is_named_by(leaf))) {
      error = X509_V_ERR_HOSTNAME_MISMATCH;
    }
    X509_STORE_CTX_set_error(store, error);
    return error == X509_V_OK ? 1 : 0;
  }

  // A ticket has come. 1: it is ours to keep.
  static int on_ticket(SSL* ssl, SSL_SESSION* ticket) {
    auto* target = static_cast<TlsTarget*>(SSL_get_ex_data(ssl, target_index()));
    if (target == nullptr || SSL_SESSION_is_resumable(ticket) != 1) return 0;
    target->keep(ticket);
    return 1;
  }
};

Result<std::shared_ptr<const TlsDialer>> TlsDialer::make(Options options) {
  std::shared_ptr<TlsDialer> dialer(new TlsDialer(std::move(options)));
  if (auto done = dialer->set_up(); !done) return std::move(done).error();
  return std::shared_ptr<const TlsDialer>(std::move(dialer));
}

TlsDialer::~TlsDialer() {
  SSL_CTX_free(context_);
}

Result<void> TlsDialer::set_up() {
  context_ = SSL_CTX_new(TLS_client_method());
  if (context_ == nullptr) return tls_error("no TLS context");
  set_tls_defaults(context_);
  if (auto set = set_tls_rules(context_, {.oldest = options_.oldest,
                                          .newest = options_.newest,
                                          .ciphers = options_.ciphers,
                                          .suites = options_.suites});
      !set) {
    return set;
  }
  // Tickets go to the target that they came from, and to no other.
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context_, TlsDialerCallbacks::on_ticket);
  if (options_.certificate != nullptr) {
    const TlsCertificate& own = *options_.certificate;
    CHECK(own.key() != nullptr);
    if (SSL_CTX_use_cert_and_key(context_, own.leaf(), own.key(), own.chain(), 1) != 1) {
      return tls_error("our certificate cannot be used");
    }
  }
  const std::string protocols = protocols_on_wire(options_.protocols);
  if (!protocols.empty()) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(protocols.data());
    CHECK(SSL_CTX_set_alpn_protos(context_, bytes, static_cast<unsigned>(protocols.size())) == 0);
  }
  if (auto set = set_up_trust(); !set) return set;
  set_identity();
  return {};
}

Result<void> TlsDialer::set_up_trust() {
  if (!options_.verifies) {
    const bool looks = options_.checks_name || options_.checks_time;
    SSL_CTX_set_verify(context_, looks ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    if (looks) {
      SSL_CTX_set_cert_verify_callback(context_, &TlsDialerCallbacks::on_unverified, this);
    }
    return {};
  }
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_verify_depth(context_, options_.chain_depth_max);
  X509_VERIFY_PARAM* rules = SSL_CTX_get0_param(context_);
  if (!options_.checks_time) X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_NO_CHECK_TIME);
  if (options_.authorities.empty()) {
    if (SSL_CTX_set_default_verify_paths(context_) != 1) {
      return tls_error("the system's authorities cannot be used");
    }
  } else {
    // Who is named is trusted, a root or not. But where each authority is looked up in the list of
    // the one above it, there has to be one: the chain goes on to a root.
    if (options_.revocation.check != RevocationCheck::kChain) {
      X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
    }
    auto trusted = trust_authorities(context_, options_.authorities, ToldToPeer::kNo);
    if (!trusted) return trusted;
  }
  return use_revocation_lists(context_, options_.revocation, SSL_VERIFY_PEER);
}

void TlsDialer::set_identity() {
  std::string text;
  const auto add = [&text](std::string_view part) {
    text += std::to_string(part.size()) + ':';
    text += part;
  };
  add(options_.verifies ? "verifies" : "");
  add(options_.checks_name ? "name" : "");
  add(options_.checks_time ? "time" : "");
  add(options_.authorities);
  add(identity_of(options_.revocation));
  add(std::to_string(options_.chain_depth_max));
  add(std::to_string(static_cast<int>(options_.oldest)));
  add(std::to_string(static_cast<int>(options_.newest)));
  add(options_.ciphers);
  add(options_.suites);
  add(protocols_on_wire(options_.protocols));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (options_.certificate != nullptr) {
    CHECK(X509_digest(options_.certificate->leaf(), EVP_sha256(), digest.data(), &size) == 1);
  }
  add({reinterpret_cast<const char*>(digest.data()), size});
  CHECK(EVP_Digest(text.data(), text.size(), identity_.data(), &size, EVP_sha256(), nullptr) == 1);
  CHECK(size == identity_.size());
}

// ---- One server.

TlsTarget::TlsTarget(std::shared_ptr<const TlsDialer> dialer, std::string name)
    : dialer_(std::move(dialer)),
      name_(without_dot(std::move(name))),
      is_ip_(is_ip_address(name_)) {}

TlsTarget::~TlsTarget() {
  forget_tickets();
}

void TlsTarget::forget_tickets() {
  for (ssl_session_st* ticket : tickets_) SSL_SESSION_free(ticket);
  tickets_.clear();
}

void TlsTarget::keep(ssl_session_st* ticket) {
  if (tickets_.size() == kTicketsMax) {
    SSL_SESSION_free(tickets_.front());
    tickets_.erase(tickets_.begin());
  }
  tickets_.push_back(ticket);
}

// The newest that is not too old; who would only be refused need not be shown.
ssl_session_st* TlsTarget::take_ticket() {
  const int64_t now = wall_clock_us() / kMicrosecondsPerSecond;
  while (!tickets_.empty()) {
    ssl_session_st* const ticket = tickets_.back();
    tickets_.pop_back();
    if (now < SSL_SESSION_get_time(ticket) + SSL_SESSION_get_timeout(ticket)) return ticket;
    SSL_SESSION_free(ticket);
  }
  return nullptr;
}

bool TlsTarget::is_named_by(x509_st* certificate) const {
  if (is_ip_) return X509_check_ip_asc(certificate, name_.c_str(), 0) == 1;
  return X509_check_host(certificate, name_.data(), name_.size(),
                         X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) == 1;
}

ssl_st* TlsTarget::begin(const std::string& only_protocol) {
  SSL* ssl = SSL_new(dialer_->raw());
  CHECK(ssl);
  CHECK(SSL_set_ex_data(ssl, target_index(), this) == 1);
  if (!only_protocol.empty()) {
    const std::string wire = protocols_on_wire({only_protocol});
    const auto* bytes = reinterpret_cast<const unsigned char*>(wire.data());
    CHECK(SSL_set_alpn_protos(ssl, bytes, static_cast<unsigned>(wire.size())) == 0);
  }
  // A name that is too long for SNI goes without it, and is compared all the same.
  if (!is_ip_ && !name_.empty() && SSL_set_tlsext_host_name(ssl, name_.c_str()) != 1) {
    take_tls_error("");
  }
  if (dialer_->options_.verifies && dialer_->options_.checks_name) {
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    // Without a name nothing would be compared; no certificate is for ".".
    const bool set = is_ip_ ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name_.c_str()) == 1
                            : SSL_set1_host(ssl, name_.empty() ? "." : name_.c_str()) == 1;
    CHECK(set, "a server's name cannot be compared");
  }
  if (ssl_session_st* ticket = take_ticket()) {
    if (SSL_set_session(ssl, ticket) != 1) take_tls_error("");
    SSL_SESSION_free(ticket);
  }
  SSL_set_connect_state(ssl);
  return ssl;
}

}  // namespace understudy
