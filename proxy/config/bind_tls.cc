// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "base/clock.h"
#include "proxy/config/binding.h"
#include "proxy/config/tls_parts.h"

namespace understudy::config {

namespace {

constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;

void warn_of_times(const TlsCertificate& certificate, const conf::Directive& file,
                   Binding& binding) {
  const std::int64_t now = wall_clock_us() / kMicrosecondsPerSecond;
  if (certificate.valid_until() < now) {
    binding.diagnostics().warning(first_word(file), "the certificate has expired");
  } else if (certificate.valid_from() > now) {
    binding.diagnostics().warning(first_word(file), "the certificate is not valid yet");
  }
}

void warn_of_names(const TlsCertificate& certificate, const std::vector<std::string>& names,
                   const conf::Directive& file, Binding& binding) {
  for (const std::string& name : names) {
    const bool is_pattern = name.find_first_of("*?") != std::string::npos;
    if (is_pattern || certificate.covers(name)) continue;
    binding.diagnostics().warning(first_word(file),
                                  "the certificate is not for " + name + ", so clients refuse it");
  }
}

// The files that belong to the certificates one by one.
struct CertificateFiles {
  Directives certificates;
  Directives keys;       // as certificates, or none
  Directives responses;  // as certificates, or none
  const conf::Directive* chain = nullptr;
};

std::unique_ptr<TlsCertificate> bind_certificate(const CertificateFiles& files, std::size_t index,
                                                 Binding& binding) {
  const conf::Directive& file = *files.certificates[index];
  const auto text = read_file(file, binding);
  if (!text) return nullptr;
  std::string chain = *text;
  if (files.chain != nullptr) {
    const auto more = read_file(*files.chain, binding);
    if (!more) return nullptr;
    chain += '\n' + *more;
  }
  auto certificate = TlsCertificate::parse(chain);
  if (!certificate) {
    went_well(std::move(certificate).error(), file, binding);
    return nullptr;
  }
  const conf::Directive& key_file = files.keys.empty() ? file : *files.keys[index];
  const auto key = files.keys.empty() ? text : read_file(key_file, binding);
  if (!key || !went_well((*certificate)->set_key(*key), key_file, binding)) return nullptr;
  if (files.responses.empty()) return *std::move(certificate);

  const auto response = read_file(*files.responses[index], binding);
  if (!response) return nullptr;
  const std::int64_t now = wall_clock_us() / kMicrosecondsPerSecond;
  // Clients can do without it, and it may be renewed any minute: no reason not to start.
  if (auto set = (*certificate)->set_ocsp_response(*response, now); !set) {
    binding.diagnostics().warning(first_word(*files.responses[index]),
                                  set.error().detail + "; it is not shown to clients");
  }
  return *std::move(certificate);
}

bool has_as_many(const Directives& files, std::string_view name, std::size_t certificates,
                 Binding& binding) {
  if (files.empty() || files.size() == certificates) return true;
  binding.diagnostics().error(
      files.back()->name, "there are " + std::to_string(files.size()) + " " + std::string(name) +
                              " for " + std::to_string(certificates) + " SSLCertificateFile");
  return false;
}

std::vector<std::unique_ptr<TlsCertificate>> bind_certificates(
    const Scope& host, const std::vector<std::string>& names, Binding& binding) {
  CertificateFiles files{.certificates = in_force(host, "SSLCertificateFile"),
                         .keys = in_force(host, "SSLCertificateKeyFile"),
                         .responses = {},
                         .chain = host.settings.directive("SSLCertificateChainFile")};
  if (host.settings.flag("SSLUseStapling")) files.responses = in_force(host, "SSLStaplingFile");
  std::vector<std::unique_ptr<TlsCertificate>> out;
  if (files.certificates.empty()) {
    binding.diagnostics().error(host.settings.directive("SSLEngine")->name,
                                "SSLEngine On needs an SSLCertificateFile");
    return out;
  }
  const std::size_t count = files.certificates.size();
  if (!has_as_many(files.keys, "SSLCertificateKeyFile", count, binding) ||
      !has_as_many(files.responses, "SSLStaplingFile", count, binding)) {
    return out;
  }
  for (std::size_t index = 0; index < count; ++index) {
    const conf::Directive& file = *files.certificates[index];
    auto certificate = bind_certificate(files, index, binding);
    if (!certificate) return {};
    const bool is_second = std::any_of(out.begin(), out.end(), [&certificate](const auto& other) {
      return other->key_kind() == certificate->key_kind();
    });
    if (is_second) {
      binding.diagnostics().error(first_word(file),
                                  "there is another certificate with a key of the kind " +
                                      std::string(certificate->key_kind()));
      return {};
    }
    warn_of_times(*certificate, file, binding);
    warn_of_names(*certificate, names, file, binding);
    out.push_back(std::move(certificate));
  }
  return out;
}

// In the order given, which is that of our preference. Without http/1.1 a client that cannot speak
// HTTP/2 would be sent away without a word.
bool bind_protocols(const Scope& host, TlsHost::Options& options, Binding& binding) {
  options.protocols.clear();
  const std::vector<conf::Word> words = host.settings.words("Protocols");
  bool has_http1 = false;
  for (const conf::Word& word : words) {
    if (conf::equal_ignoring_case(word.text, "http/1.1")) {
      has_http1 = true;
      options.protocols.push_back("http/1.1");
    } else if (conf::equal_ignoring_case(word.text, "h2")) {
      options.protocols.push_back("h2");
    } else if (!conf::equal_ignoring_case(word.text, "h2c")) {
      binding.diagnostics().error(word, "expected h2, h2c or http/1.1, not '" + word.text + "'");
      return false;
    }
  }
  if (has_http1) return true;
  binding.diagnostics().error(words.back(), "this version needs http/1.1 among the Protocols");
  return false;
}

bool bind_client_certificates(const Scope& host, TlsHost::Options& options, Binding& binding) {
  const std::string wanted = host.settings.text("SSLVerifyClient");
  if (wanted == "none") return true;
  options.client_certificate =
      wanted == "require" ? ClientCertificate::kRequired : ClientCertificate::kOptional;
  options.client_chain_depth_max = static_cast<int>(host.settings.integer("SSLVerifyDepth"));
  const conf::Directive* file = host.settings.directive("SSLCACertificateFile");
  if (file == nullptr) {
    binding.diagnostics().error(host.settings.directive("SSLVerifyClient")->name,
                                "SSLVerifyClient needs an SSLCACertificateFile");
    return false;
  }
  const auto text = read_file(*file, binding);
  if (!text || !went_well(TlsHost::check_authorities(*text), *file, binding)) return false;
  options.client_authorities = *text;
  return bind_revocation(host,
                         {.file = "SSLCARevocationFile",
                          .path = "SSLCARevocationPath",
                          .check = "SSLCARevocationCheck"},
                         options.client_revocation, binding);
}

}  // namespace

bool speaks_http2(const Scope& host) {
  const std::string_view wanted = host.settings.flag("SSLEngine") ? "h2" : "h2c";
  const std::vector<conf::Word> words = host.settings.words("Protocols");
  return std::any_of(words.begin(), words.end(), [wanted](const conf::Word& word) {
    return conf::equal_ignoring_case(word.text, wanted);
  });
}

std::shared_ptr<const TlsHost> bind_tls(const Scope& host, const std::vector<std::string>& names,
                                        Binding& binding) {
  TlsHost::Options options{.names = names};
  if (!bind_protocols(host, options, binding) || !host.settings.flag("SSLEngine")) return nullptr;
  if (!bind_versions(host, "SSLProtocol", {options.oldest, options.newest}, binding) ||
      !bind_ciphers(host, "SSLCipherSuite", {options.ciphers, options.suites}, binding) ||
      !bind_client_certificates(host, options, binding)) {
    return nullptr;
  }
  options.server_chooses_cipher = host.settings.flag("SSLHonorCipherOrder");
  options.has_tickets = host.settings.flag("SSLSessionTickets");
  options.certificates = bind_certificates(host, names, binding);
  if (options.certificates.empty()) return nullptr;
  auto made = TlsHost::make(std::move(options));
  if (!made) {
    went_well(std::move(made).error(), *in_force(host, "SSLCertificateFile").front(), binding);
    return nullptr;
  }
  return *std::move(made);
}

}  // namespace understudy::config
