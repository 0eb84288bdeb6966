// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>
#include <utility>

#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

constexpr std::size_t kRangesMax = 1024;

// The networks of a directive that may repeat, written here, else further out.
std::vector<AddressRange> ranges_of(const Scope& innermost, std::string_view name,
                                    conf::Diagnostics& diagnostics) {
  std::vector<AddressRange> ranges;
  for (const Scope* scope = &innermost; scope != nullptr && ranges.empty(); scope = scope->outer) {
    for (const conf::Directive* directive : scope->settings.all_here(name)) {
      for (const conf::Word& word : directive->arguments) {
        auto range = AddressRange::parse(word.text);
        if (!range) {
          diagnostics.error(
              word, "expected a network such as 10.0.0.0/8 or an address: " + range.error().detail);
        } else if (ranges.size() == kRangesMax) {
          diagnostics.error(word, "more than " + std::to_string(kRangesMax) + " networks");
          return ranges;
        } else {
          ranges.push_back(*range);
        }
      }
    }
  }
  return ranges;
}

// A field's name that no other directive acts upon; empty after an error.
std::string header_of(const conf::Word& word, conf::Diagnostics& diagnostics) {
  const std::string_view why = http::why_not_editable(word.text);
  if (why.empty()) return word.text;
  diagnostics.error(word, word.text + " cannot be used here: " + std::string(why));
  return {};
}

// As in Apache, where nothing says whose word is believed.
std::vector<AddressRange> all_addresses(const Scope& scope, std::string_view name,
                                        conf::Diagnostics& diagnostics) {
  diagnostics.warning(scope.settings.directive(name)->name,
                      std::string(name) +
                          " believes any client, as in Apache: each may say who it is, to the "
                          "access rules too; RemoteIPInternalProxy and RemoteIPTrustedProxy say "
                          "whose word is believed");
  std::vector<AddressRange> ranges;
  for (const std::string_view all : {"0.0.0.0/0", "::/0"}) {
    if (auto range = AddressRange::parse(all)) ranges.push_back(*range);
  }
  return ranges;
}

bool has_ranges(const Scope& innermost) {
  for (const Scope* scope = &innermost; scope != nullptr; scope = scope->outer) {
    for (const std::string_view name : {"RemoteIPInternalProxy", "RemoteIPTrustedProxy"}) {
      if (!scope->settings.all_here(name).empty()) return true;
    }
  }
  return false;
}

}  // namespace

std::shared_ptr<const http::TrustedHops> bind_trusted_hops(const Scope& host,
                                                           conf::Diagnostics& diagnostics) {
  http::TrustedHops trusted;
  trusted.internal = ranges_of(host, "RemoteIPInternalProxy", diagnostics);
  trusted.external = ranges_of(host, "RemoteIPTrustedProxy", diagnostics);
  if (const conf::Directive* directive = host.settings.directive("RemoteIPHeader")) {
    if (!has_ranges(host)) trusted.external = all_addresses(host, "RemoteIPHeader", diagnostics);
    const conf::Word& word = directive->arguments.front();
    if (conf::equal_ignoring_case(word.text, "Forwarded")) {
      diagnostics.error(word,
                        "RemoteIPHeader names a list of addresses such as X-Forwarded-For; "
                        "Forwarded is none");
    }
    trusted.header = header_of(word, diagnostics);
  } else {
    trusted.header = host.settings.text("RemoteIPHeader");
  }
  trusted.id = trusted.header.empty() ? http::FieldId::kOther : http::field_id(trusted.header);
  if (trusted.internal.empty() && trusted.external.empty()) return nullptr;
  return std::make_shared<const http::TrustedHops>(std::move(trusted));
}

std::optional<ProxyProtocol> bind_proxy_protocol(const Scope& host,
                                                 conf::Diagnostics& diagnostics) {
  if (!host.settings.flag("RemoteIPProxyProtocol")) return {};
  ProxyProtocol protocol;
  if (!has_ranges(host))
    protocol.expected = all_addresses(host, "RemoteIPProxyProtocol", diagnostics);
  for (const std::string_view name : {"RemoteIPInternalProxy", "RemoteIPTrustedProxy"}) {
    const auto ranges = ranges_of(host, name, diagnostics);
    protocol.expected.insert(protocol.expected.end(), ranges.begin(), ranges.end());
  }
  protocol.exceptions = ranges_of(host, "RemoteIPProxyProtocolExceptions", diagnostics);
  return protocol;
}

Forwarding bind_forwarding(const Scope& scope, const Seeds& seeds, conf::Diagnostics& diagnostics) {
  const conf::Settings& settings = scope.settings;
  Forwarding forwarding;
  const std::string which = settings.text("ForwardedHeaders");
  const bool adds = settings.flag("ProxyAddHeaders");
  forwarding.x_forwarded = adds && (which == "X-Forwarded" || which == "both");
  forwarding.forwarded = adds && (which == "Forwarded" || which == "both");
  forwarding.passes_claims =
      seeds.is_apache && !settings.is_set("ForwardedHeaders") && !has_ranges(scope);
  forwarding.session_flags = settings.flag("SessionFlags");
  const std::string cert = settings.text("ClientCertHeaders");
  forwarding.client_cert = cert == "none"    ? ClientCertLines::kNone
                           : cert == "chain" ? ClientCertLines::kChain
                                             : ClientCertLines::kCert;
  if (const conf::Directive* directive = settings.directive("RequestIdHeader")) {
    const conf::Word& word = directive->arguments.front();
    if (!conf::equal_ignoring_case(word.text, "none")) {
      forwarding.request_id_header = header_of(word, diagnostics);
    }
  }
  forwarding.claims_tls = settings.flag("WLProxySSL");
  forwarding.passes_tls = settings.flag("WLProxySSLPassThrough");
  forwarding.passes_client = settings.flag("WLProxyPassThrough");
  for (const std::string_view name : {"WLProxySSLPassThrough", "WLProxyPassThrough"}) {
    if (!settings.flag(name) || has_ranges(scope)) continue;
    diagnostics.warning(settings.directive(name)->name,
                        std::string(name) +
                            " believes any client, as the plug-in does; with "
                            "RemoteIPInternalProxy it believes your balancer only");
  }
  return forwarding;
}

}  // namespace understudy::config
