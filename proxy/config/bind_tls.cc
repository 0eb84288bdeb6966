// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "base/clock.h"
#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

constexpr std::size_t kTlsFileBytesMax = std::size_t{1} << 20;
constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;

using Directives = std::vector<const conf::Directive*>;

// All of one name in the innermost section that has any.
Directives in_force(const Scope& host, std::string_view name) {
  for (const Scope* scope = &host; scope != nullptr; scope = scope->outer) {
    Directives found = scope->settings.all_here(name);
    if (!found.empty()) return found;
  }
  return {};
}

const conf::Word& first_word(const conf::Directive& directive) {
  return directive.arguments.front();
}

std::optional<std::string> read_file(const conf::Directive& directive, Binding& binding) {
  static const conf::DiskFiles disk;
  const conf::Files& files = binding.options.files != nullptr ? *binding.options.files : disk;
  const std::string path = binding.source.resolved_path(first_word(directive));
  conf::FileText file = files.read(path, kTlsFileBytesMax);
  if (!file.text) {
    binding.diagnostics().error(first_word(directive), path + " cannot be read: " + file.error);
  }
  return std::move(file.text);
}

// Whether a step went well; what it complains of is shown at the directive.
bool went_well(const Result<void>& step, const conf::Directive& directive, Binding& binding) {
  if (step) return true;
  binding.diagnostics().error(first_word(directive),
                              first_word(directive).text + ": " + step.error().detail);
  return false;
}

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

// "TLSv1.2 TLSv1.3", "all -TLSv1.2", "+TLSv1.3".
bool bind_versions(const Scope& host, TlsHost::Options& options, Binding& binding) {
  bool has_12 = false;
  bool has_13 = false;
  const std::vector<conf::Word> words = host.settings.words("SSLProtocol");
  for (const conf::Word& word : words) {
    std::string_view name = word.text;
    const bool is_taken_away = name.starts_with('-');
    if (is_taken_away || name.starts_with('+')) name.remove_prefix(1);
    const auto is = [name](std::string_view other) {
      return conf::equal_ignoring_case(name, other);
    };
    const bool is_obsolete = is("SSLv2") || is("SSLv3") || is("TLSv1") || is("TLSv1.1");
    if (is("all") || is("TLSv1.2")) has_12 = !is_taken_away;
    if (is("all") || is("TLSv1.3")) has_13 = !is_taken_away;
    if (is("all") || is("TLSv1.2") || is("TLSv1.3") || (is_obsolete && is_taken_away)) continue;
    binding.diagnostics().error(
        word, is_obsolete ? word.text + " is not offered any more (RFC 8996)"
                          : "expected TLSv1.2, TLSv1.3 or all, not '" + word.text + "'");
    return false;
  }
  if (!has_12 && !has_13) {
    binding.diagnostics().error(words.back(), "SSLProtocol leaves no version of TLS");
    return false;
  }
  options.oldest = has_12 ? TlsVersion::kTls12 : TlsVersion::kTls13;
  options.newest = has_13 ? TlsVersion::kTls13 : TlsVersion::kTls12;
  return true;
}

// "[SSL] LIST" is about TLS 1.2, "TLSv1.3 LIST" about 1.3.
bool bind_ciphers(const Scope& host, TlsHost::Options& options, Binding& binding) {
  for (const conf::Directive* directive : in_force(host, "SSLCipherSuite")) {
    const conf::Word& list = directive->arguments.back();
    const bool names_version = directive->arguments.size() == 2;
    const bool is_13 =
        names_version && conf::equal_ignoring_case(first_word(*directive).text, "TLSv1.3");
    if (names_version && !is_13 && !conf::equal_ignoring_case(first_word(*directive).text, "SSL")) {
      binding.diagnostics().error(first_word(*directive), "expected SSL or TLSv1.3, not '" +
                                                              first_word(*directive).text + "'");
      return false;
    }
    const auto checked =
        is_13 ? TlsHost::check_suites(list.text) : TlsHost::check_ciphers(list.text);
    if (!checked) {
      binding.diagnostics().error(list, checked.error().detail);
      return false;
    }
    (is_13 ? options.suites : options.ciphers) = list.text;
  }
  return true;
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
  return true;
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
  if (!bind_versions(host, options, binding) || !bind_ciphers(host, options, binding) ||
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
