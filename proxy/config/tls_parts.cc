// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/tls_parts.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/clock.h"
#include "conf/values.h"

namespace understudy::config {

namespace {

const conf::Files& files_of(const Binding& binding) {
  static const conf::DiskFiles disk;
  return binding.options.files != nullptr ? *binding.options.files : disk;
}

// Warns of lists after whose day every certificate of their authority is refused.
bool add_lists(const std::string& text, const conf::Directive& directive, const std::string& path,
               std::string& lists, Binding& binding) {
  constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;
  const auto due = check_revocation_lists(text);
  if (!due) {
    binding.diagnostics().error(first_word(directive), path + ": " + due.error().detail);
    return false;
  }
  if (*due < wall_clock_us() / kMicrosecondsPerSecond) {
    binding.diagnostics().warning(
        first_word(directive),
        path + " should have been replaced by now: all certificates of its authority are refused");
  }
  if (lists.size() + text.size() > kRevocationBytesMax) {
    binding.diagnostics().error(first_word(directive), "the revocation lists are larger than " +
                                                           std::to_string(kRevocationBytesMax) +
                                                           " bytes together");
    return false;
  }
  lists += text + '\n';
  return true;
}

// As `openssl rehash` names them: 1a2b3c4d.r0.
bool add_directory(const conf::Directive& directive, std::string& lists, Binding& binding) {
  const std::string directory = binding.source.resolved_path(first_word(directive));
  const std::vector<std::string> paths =
      files_of(binding).matching(directory + "/*.r[0-9]*", kRevocationFilesMax);
  if (paths.empty() || paths.size() > kRevocationFilesMax) {
    binding.diagnostics().error(
        first_word(directive),
        directory + (paths.empty() ? " holds no revocation list that `openssl rehash` has named"
                                   : " holds more than " + std::to_string(kRevocationFilesMax) +
                                         " revocation lists"));
    return false;
  }
  for (const std::string& path : paths) {
    const conf::FileText file = files_of(binding).read(path, kRevocationBytesMax);
    if (!file.text) {
      binding.diagnostics().error(first_word(directive), path + " cannot be read: " + file.error);
      return false;
    }
    if (!add_lists(*file.text, directive, path, lists, binding)) return false;
  }
  return true;
}

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

std::optional<std::string> read_file(const conf::Directive& directive, Binding& binding,
                                     std::size_t bytes_max) {
  const std::string path = binding.source.resolved_path(first_word(directive));
  conf::FileText file = files_of(binding).read(path, bytes_max);
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

// "chain", "leaf no_crl_for_cert_ok", "none".
bool bind_revocation(const Scope& scope, const RevocationNames& names, TlsRevocation& out,
                     Binding& binding) {
  const conf::Settings& settings = scope.settings;
  const std::vector<conf::Word> words = settings.words(names.check);
  for (const conf::Word& word : words) {
    const auto is = [&word](std::string_view other) {
      return conf::equal_ignoring_case(word.text, other);
    };
    if (&word != &words.front() && is("no_crl_for_cert_ok")) {
      out.accepts_unlisted = true;
    } else if (&word == &words.front() && (is("none") || is("leaf") || is("chain"))) {
      out.check = is("none")   ? RevocationCheck::kNone
                  : is("leaf") ? RevocationCheck::kLeaf
                               : RevocationCheck::kChain;
    } else {
      binding.diagnostics().error(
          word, "expected chain, leaf or none, and behind it no_crl_for_cert_ok or nothing, not '" +
                    word.text + "'");
      return false;
    }
  }
  const conf::Directive* const file = settings.directive(names.file);
  const conf::Directive* const directory = settings.directive(names.path);
  if (!out.is_on()) {
    const conf::Directive* const unused = file != nullptr ? file : directory;
    if (unused != nullptr) {
      binding.diagnostics().warning(
          unused->name, "nobody looks into it: " + std::string(names.check) + " is none");
    }
    return true;
  }
  if (file == nullptr && directory == nullptr) {
    binding.diagnostics().error(settings.directive(names.check)->name,
                                std::string(names.check) + " needs a " + std::string(names.file) +
                                    " or a " + std::string(names.path));
    return false;
  }
  if (file != nullptr) {
    const auto text = read_file(*file, binding, kRevocationBytesMax);
    if (!text || !add_lists(*text, *file, first_word(*file).text, out.lists, binding)) return false;
  }
  return directory == nullptr || add_directory(*directory, out.lists, binding);
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
