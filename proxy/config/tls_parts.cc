// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/tls_parts.h"

#include <algorithm>
#include <utility>

#include "conf/values.h"

namespace understudy::config {

namespace {

constexpr std::size_t kTlsFileBytesMax = std::size_t{1} << 20;

}  // namespace

// All of one name in the innermost section that has any.
Directives in_force(const Scope& innermost, std::string_view name) {
  for (const Scope* scope = &innermost; scope != nullptr; scope = scope->outer) {
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

// "TLSv1.2 TLSv1.3", "all -TLSv1.2", "+TLSv1.3".
bool bind_versions(const Scope& scope, std::string_view directive, TlsVersions out,
                   Binding& binding) {
  bool has_12 = false;
  bool has_13 = false;
  const std::vector<conf::Word> words = scope.settings.words(directive);
  for (const conf::Word& word : words) {
    // The plug-in writes TLSv1_2.
    std::string text = word.text;
    std::replace(text.begin(), text.end(), '_', '.');
    std::string_view name = text;
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
    binding.diagnostics().error(words.back(), std::string(directive) + " leaves no version of TLS");
    return false;
  }
  out.oldest = has_12 ? TlsVersion::kTls12 : TlsVersion::kTls13;
  out.newest = has_13 ? TlsVersion::kTls13 : TlsVersion::kTls12;
  return true;
}

// "[SSL] LIST" is about TLS 1.2, "TLSv1.3 LIST" about 1.3.
bool bind_ciphers(const Scope& scope, std::string_view name, TlsCiphers out, Binding& binding) {
  for (const conf::Directive* directive : in_force(scope, name)) {
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
    (is_13 ? out.suites : out.ciphers) = list.text;
  }
  return true;
}

}  // namespace understudy::config
