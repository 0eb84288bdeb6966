// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>

#include "base/clock.h"
#include "proxy/config/binding.h"
#include "proxy/config/tls_parts.h"

namespace understudy::config {

namespace {

constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;

const MemberSeed* first_with(const std::vector<MemberSeed>& members, MemberScheme scheme) {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [scheme](const auto& member) { return member.scheme == scheme; });
  return found == members.end() ? nullptr : &*found;
}

// Whether any is spoken to with TLS; ajp:// is plain. Nothing after an error.
std::optional<bool> wants_tls(const std::vector<MemberSeed>& members,
                              const conf::Settings& settings, const conf::Word& where,
                              conf::Diagnostics& diagnostics) {
  const bool all_ajp = std::all_of(members.begin(), members.end(), [](const MemberSeed& member) {
    return member.scheme == MemberScheme::kAjp;
  });
  if (all_ajp) return false;
  const MemberSeed* const https = first_with(members, MemberScheme::kHttps);
  const MemberSeed* const http = first_with(members, MemberScheme::kHttp);
  const MemberSeed* const unsaid = first_with(members, MemberScheme::kUnsaid);
  const conf::Directive* const secure = settings.directive("SecureProxy");
  const bool is_on = settings.flag("SecureProxy");
  if (https != nullptr && !settings.flag("SSLProxyEngine")) {
    diagnostics.error(first_word(*settings.directive("SSLProxyEngine")),
                      "SSLProxyEngine is Off, but " + https->address + " is named with https://");
    return std::nullopt;
  }
  if (https != nullptr && unsaid != nullptr && !is_on) {
    diagnostics.error(where, "write http:// or https:// for each member: " + https->address +
                                 " is spoken to with TLS, and " + unsaid->address +
                                 " says nothing of it");
    return std::nullopt;
  }
  const bool is_at_odds = secure != nullptr && (is_on ? http != nullptr : https != nullptr);
  if (is_at_odds) {
    diagnostics.error(first_word(*secure), "SecureProxy is " +
                                               std::string(is_on ? "On, but " : "Off, but ") +
                                               (is_on ? http : https)->address + " is named with " +
                                               (is_on ? "http://" : "https://"));
    return std::nullopt;
  }
  return is_on || https != nullptr;
}

// Apache looks at the name unless one of the two is Off and the other one is not said; the name in
// CN alone is not told apart from those in subjectAltName.
bool checks_name(const conf::Settings& settings) {
  const bool says_name = settings.is_set("SSLProxyCheckPeerName");
  const bool says_cn = settings.is_set("SSLProxyCheckPeerCN");
  if (says_name && settings.flag("SSLProxyCheckPeerName")) return true;
  if (says_cn && settings.flag("SSLProxyCheckPeerCN")) return true;
  return !says_name && !says_cn;
}

// Unsaid: by Apache's directives as in Apache, by ours always.
bool verifies(const conf::Settings& settings, const conf::Word& where, bool is_apache,
              conf::Diagnostics& diagnostics) {
  if (is_apache && !settings.is_set("SSLProxyVerify")) {
    diagnostics.warning(where,
                        "as in Apache, who has signed the certificates of these members is "
                        "not looked at; SSLProxyVerify require does, with "
                        "SSLProxyCACertificateFile");
    return false;
  }
  const std::string wanted = settings.text("SSLProxyVerify");
  if (wanted == "require") return true;
  diagnostics.warning(first_word(*settings.directive("SSLProxyVerify")),
                      "who has signed a member's certificate is not looked at");
  return false;
}

bool bind_trust(const Scope& scope, TlsDialer::Options& options, Binding& binding) {
  const conf::Settings& settings = scope.settings;
  options.checks_name = checks_name(settings);
  options.checks_time = settings.flag("SSLProxyCheckPeerExpire");
  options.chain_depth_max = static_cast<int>(settings.integer("SSLProxyVerifyDepth"));
  if (options.verifies && !bind_revocation(scope,
                                           {.file = "SSLProxyCARevocationFile",
                                            .path = "SSLProxyCARevocationPath",
                                            .check = "SSLProxyCARevocationCheck"},
                                           options.revocation, binding)) {
    return false;
  }
  const conf::Directive* const file = settings.directive("SSLProxyCACertificateFile");
  if (file == nullptr) return true;
  const auto text = read_file(*file, binding);
  if (!text || !went_well(TlsHost::check_authorities(*text), *file, binding)) return false;
  options.authorities = *text;
  return true;
}

bool bind_own_certificate(const Scope& scope, TlsDialer::Options& options, Binding& binding) {
  const conf::Directive* const file = scope.settings.directive("SSLProxyMachineCertificateFile");
  if (file == nullptr) return true;
  const auto text = read_file(*file, binding);
  if (!text) return false;
  auto certificate = TlsCertificate::parse(*text);
  if (!certificate) return went_well(std::move(certificate).error(), *file, binding);
  if (!went_well((*certificate)->set_key(*text), *file, binding)) return false;
  if ((*certificate)->valid_until() < wall_clock_us() / kMicrosecondsPerSecond) {
    binding.diagnostics().warning(first_word(*file), "the certificate has expired");
  }
  options.certificate = *std::move(certificate);
  return true;
}

std::vector<std::string> protocols_offered(MemberProtocol protocol) {
  switch (protocol) {
    case MemberProtocol::kHttp1:
      return {"http/1.1"};
    case MemberProtocol::kHttp2:
      return {"h2"};
    case MemberProtocol::kAjp:
      return {};
    case MemberProtocol::kAuto:
      break;
  }
  return {"h2", "http/1.1"};
}

}  // namespace

void bind_member_tls(const Scope& scope, const conf::Word& where, bool is_apache, Cluster& cluster,
                     Binding& binding) {
  const auto wanted = wants_tls(cluster.seeds, scope.settings, where, binding.diagnostics());
  if (!wanted || !*wanted) return;
  TlsDialer::Options options{.protocols = protocols_offered(cluster.protocol)};
  options.verifies = verifies(scope.settings, where, is_apache, binding.diagnostics());
  if (!bind_trust(scope, options, binding) || !bind_own_certificate(scope, options, binding) ||
      !bind_versions(scope, "SSLProxyProtocol", {options.oldest, options.newest}, binding) ||
      !bind_ciphers(scope, "SSLProxyCipherSuite", {options.ciphers, options.suites}, binding)) {
    return;
  }
  cluster.tls_name = scope.settings.text("SSLProxyPeerName");
  auto made = TlsDialer::make(std::move(options));
  if (!made) {
    binding.diagnostics().error(where, "TLS with members: " + made.error().detail);
    return;
  }
  cluster.tls = *std::move(made);
}

}  // namespace understudy::config
