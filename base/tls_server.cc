// SPDX-License-Identifier: Apache-2.0
#include "base/tls_server.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>

#include "base/check.h"
#include "base/tls_defaults.h"
#include "base/tls_error.h"

namespace understudy {

struct TlsServer::Directory {
  std::vector<std::shared_ptr<const TlsHost>> hosts;
  TlsTickets* tickets = nullptr;
  std::unordered_map<std::string, const TlsHost*> by_name;
  std::unordered_map<std::string, const TlsHost*> by_parent;  // of "*.example.org": "example.org"

  const TlsHost& find(std::string_view name) const;
};

namespace {

constexpr size_t kHostNameBytesMax = 255;
constexpr std::string_view kWildcard = "*.";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return out;
}

}  // namespace

const TlsHost& TlsServer::Directory::find(std::string_view name) const {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (!name.empty() && name.size() <= kHostNameBytesMax) {
    const std::string wanted = lower(name);
    if (const auto exact = by_name.find(wanted); exact != by_name.end()) return *exact->second;
    const size_t dot = wanted.find('.');
    if (dot != std::string::npos && dot > 0) {
      const auto parent = by_parent.find(wanted.substr(dot + 1));
      if (parent != by_parent.end()) return *parent->second;
    }
  }
  return *hosts.front();
}

struct TlsServerCallbacks {
  using Directory = TlsServer::Directory;

  static void destroy(void*, void* directory, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<Directory*>(directory);
  }
  // Of a server's context: the Directory it owns.
  static int directory_index() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, destroy);
    return index;
  }
  // Of a handshake: the Directory, and the host that was chosen from it.
  static int directory_of_handshake_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
  }
  static int host_of_handshake_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
  }

  // RFC 6066 3: a list of names, of which OpenSSL accepts exactly one, of the type host_name.
  static std::string_view server_name(SSL* ssl) {
    const unsigned char* bytes = nullptr;
    size_t size = 0;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &size) != 1) return {};
    const auto number_at = [bytes](size_t at) { return size_t{bytes[at]} << 8 | bytes[at + 1]; };
    constexpr size_t kBeforeName = 5;  // length of the list, type, length of the name
    const bool is_one_name = size > kBeforeName && number_at(0) == size - 2 &&
                             bytes[2] == TLSEXT_NAMETYPE_host_name &&
                             number_at(3) == size - kBeforeName;
    if (!is_one_name) return {};  // OpenSSL refuses it in a moment
    return {reinterpret_cast<const char*>(bytes) + kBeforeName, size - kBeforeName};
  }

  // The first thing of a handshake. OpenSSL looks at tickets before it asks for a host in its usual
  // callback for names; a ticket of a lax host would then open a strict one (CVE-2025-23419).
  static int on_client_hello(SSL* ssl, int* alert, void* argument) {
    auto* directory = static_cast<Directory*>(argument);
    const TlsHost& host = directory->find(server_name(ssl));
    SSL_CTX* context = host.raw();
    *alert = SSL_AD_INTERNAL_ERROR;
    if (SSL_set_SSL_CTX(ssl, context) == nullptr) return SSL_CLIENT_HELLO_ERROR;
    // The rest of its rules do not come along with a context.
    SSL_clear_options(ssl, SSL_get_options(ssl));
    SSL_set_options(ssl, SSL_CTX_get_options(context));
    if (SSL_set_min_proto_version(ssl, SSL_CTX_get_min_proto_version(context)) != 1 ||
        SSL_set_max_proto_version(ssl, SSL_CTX_get_max_proto_version(context)) != 1) {
      return SSL_CLIENT_HELLO_ERROR;
    }
    SSL_set_verify(ssl, SSL_CTX_get_verify_mode(context), SSL_CTX_get_verify_callback(context));
    SSL_set_verify_depth(ssl, SSL_CTX_get_verify_depth(context));
    SSL_set_num_tickets(ssl, SSL_CTX_get_num_tickets(context));
    SSL_set_ex_data(ssl, directory_of_handshake_index(), directory);
    SSL_set_ex_data(ssl, host_of_handshake_index(), const_cast<TlsHost*>(&host));
    return SSL_CLIENT_HELLO_SUCCESS;
  }

  // Looked up once: OpenSSL would search its providers for each ticket.
  static const EVP_CIPHER* ticket_cipher() {
    static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
    CHECK(cipher != nullptr);
    return cipher;
  }

  static bool set_up_keys(const TlsTickets::Keys& keys, const unsigned char* iv,
                          EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, bool encrypts) {
    char digest[] = "SHA256";
    auto* key = const_cast<uint8_t*>(keys.mac.data());
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key, keys.mac.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    return EVP_CipherInit_ex(cipher, ticket_cipher(), nullptr, keys.cipher.data(), iv,
                             encrypts ? 1 : 0) == 1 &&
           EVP_MAC_CTX_set_params(mac, params) == 1;
  }

  // SSL_CTX_set_tlsext_ticket_key_evp_cb: 1 goes on, 2 goes on and renews the ticket, 0 ignores it.
  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                       EVP_MAC_CTX* mac, int encrypts) {
    constexpr int kFailed = -1;
    constexpr int kUnknown = 0;
    constexpr int kFound = 1;
    constexpr int kFoundOld = 2;
    const auto* directory =
        static_cast<Directory*>(SSL_get_ex_data(ssl, directory_of_handshake_index()));
    const TlsHost* host = TlsServer::chosen_by(ssl);
    if (directory == nullptr || host == nullptr) return kFailed;
    if (encrypts == 1) {
      const TlsTickets::Keys keys = directory->tickets->newest(host->identity());
      std::copy(keys.name.begin(), keys.name.end(), name);
      if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(ticket_cipher())) != 1) return kFailed;
      return set_up_keys(keys, iv, cipher, mac, true) ? kFound : kFailed;
    }
    const std::span<const uint8_t, TlsTickets::kNameBytes> shown(name, TlsTickets::kNameBytes);
    const auto keys = directory->tickets->find(host->identity(), shown);
    if (!keys) return kUnknown;
    if (!set_up_keys(*keys, iv, cipher, mac, false)) return kFailed;
    // A ticket of TLS 1.3 is to be used once (RFC 8446 C.4): who comes back by one gets another.
    const bool is_spent = SSL_version(ssl) == TLS1_3_VERSION;
    return keys->is_newest && !is_spent ? kFound : kFoundOld;
  }
};

const TlsHost* TlsServer::chosen_by(const ssl_st* handshake) {
  return static_cast<const TlsHost*>(
      SSL_get_ex_data(handshake, TlsServerCallbacks::host_of_handshake_index()));
}

Result<std::shared_ptr<const TlsServer>> TlsServer::make(
    std::vector<std::shared_ptr<const TlsHost>> hosts, TlsTickets& tickets) {
  CHECK(!hosts.empty());
  std::shared_ptr<TlsServer> server(new TlsServer);
  server->context_ = SSL_CTX_new(TLS_server_method());
  if (server->context_ == nullptr) return tls_error("no TLS context");

  auto directory = std::make_unique<Directory>();
  for (const auto& host : hosts) {
    for (const std::string& name : host->names()) {
      const bool is_wildcard = name.starts_with(kWildcard);
      const std::string key = lower(is_wildcard ? name.substr(kWildcard.size()) : name);
      (is_wildcard ? directory->by_parent : directory->by_name).emplace(key, host.get());
    }
  }
  directory->hosts = std::move(hosts);
  directory->tickets = &tickets;
  server->directory_ = directory.get();

  SSL_CTX* context = server->context_;
  CHECK(SSL_CTX_set_ex_data(context, TlsServerCallbacks::directory_index(), directory.release()) ==
        1);
  set_tls_defaults(context);
  SSL_CTX_set_client_hello_cb(context, TlsServerCallbacks::on_client_hello, server->directory_);
  // OpenSSL asks the context that a connection began with for these two.
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, TlsServerCallbacks::on_ticket);
  SSL_CTX_set_timeout(context,
                      std::chrono::duration_cast<std::chrono::seconds>(TlsTickets::kLife).count());
  return std::shared_ptr<const TlsServer>(std::move(server));
}

TlsServer::~TlsServer() {
  SSL_CTX_free(context_);
}

const TlsHost& TlsServer::host_named(std::string_view name) const {
  return directory_->find(name);
}

}  // namespace understudy
