// SPDX-License-Identifier: Apache-2.0
// What the directives about TLS with clients and those about TLS with members have in common: files
// of PEM, versions, ciphers. Whatever is wrong is reported where it stands. Internal to
// proxy/config; used by one thread during one load.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/tls_host.h"
#include "base/tls_revocation.h"
#include "proxy/config/binding.h"

namespace understudy::config {

using Directives = std::vector<const conf::Directive*>;

// All of one name in the innermost section that has any.
Directives in_force(const Scope& innermost, std::string_view name);
const conf::Word& first_word(const conf::Directive& directive);
inline constexpr std::size_t kTlsFileBytesMax = std::size_t{1} << 20;
std::optional<std::string> read_file(const conf::Directive& directive, Binding& binding,
                                     std::size_t bytes_max = kTlsFileBytesMax);
// Whether a step went well; what it complains of is shown at the directive.
bool went_well(const Result<void>& step, const conf::Directive& directive, Binding& binding);

struct TlsVersions {
  TlsVersion& oldest;
  TlsVersion& newest;
};
bool bind_versions(const Scope& scope, std::string_view directive, TlsVersions out,
                   Binding& binding);

struct TlsCiphers {
  std::string& ciphers;  // of TLS 1.2
  std::string& suites;   // of TLS 1.3
};
bool bind_ciphers(const Scope& scope, std::string_view name, TlsCiphers out, Binding& binding);

// The lists of all files together, at most.
inline constexpr std::size_t kRevocationBytesMax = std::size_t{64} << 20;
inline constexpr std::size_t kRevocationFilesMax = 1000;
struct RevocationNames {
  std::string_view file;
  std::string_view path;
  std::string_view check;
};
bool bind_revocation(const Scope& scope, const RevocationNames& names, TlsRevocation& out,
                     Binding& binding);

}  // namespace understudy::config
