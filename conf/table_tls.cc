// SPDX-License-Identifier: Apache-2.0
// The directives of the proxy that are about TLS, with clients and with members.
#include "conf/directive_table.h"

namespace understudy::conf {

namespace {

constexpr Contexts kHosts = kGlobal | kVirtualHost;

constexpr DirectiveSpec kRows[] = {
    {.name = "SSLEngine",
     .contexts = kHosts,
     .argument = Argument::kFlag,
     .default_text = "Off",
     .description = "TLS with clients; all hosts of one Listen have it, or none"},
    {.name = "SSLCertificateFile",
     .contexts = kHosts,
     .argument = Argument::kPath,
     .may_repeat = true,
     .description = "A certificate and the chain behind it, PEM; one for each kind of key. Read "
                    "again by a reload"},
    {.name = "SSLCertificateKeyFile",
     .contexts = kHosts,
     .argument = Argument::kPath,
     .may_repeat = true,
     .description = "The private keys, in the order of SSLCertificateFile; without it they stand "
                    "in the certificates' files"},
    {.name = "SSLCertificateChainFile",
     .contexts = kHosts,
     .argument = Argument::kPath,
     .description = "The chain, where it is not in SSLCertificateFile"},
    {.name = "SSLProtocol",
     .contexts = kHosts,
     .argument = Argument::kWords,
     .default_text = "TLSv1.2 TLSv1.3",
     .words_max = 8,
     .description = "The versions offered: TLSv1.2, TLSv1.3 or all, each with + or - before it or "
                    "without; older ones can only be taken away"},
    {.name = "SSLCipherSuite",
     .contexts = kHosts,
     .argument = Argument::kWords,
     .words_max = 2,
     .may_repeat = true,
     .description =
         "[SSL or TLSv1.3] and OpenSSL's list; without it ephemeral ECDH with AES-GCM or "
         "ChaCha20"},
    {.name = "SSLHonorCipherOrder",
     .contexts = kHosts,
     .argument = Argument::kFlag,
     .default_text = "Off",
     .description = "On: the order of SSLCipherSuite decides, not the client's, who knows what its "
                    "processor is good at"},
    {.name = "SSLSessionTickets",
     .contexts = kHosts,
     .argument = Argument::kFlag,
     .default_text = "On",
     .description = "Tickets let a client come back without a full handshake; their keys rotate by "
                    "themselves"},
    {.name = "SSLUseStapling",
     .contexts = kHosts,
     .argument = Argument::kFlag,
     .default_text = "Off",
     .description = "Shows clients what SSLStaplingFile says"},
    {.name = "SSLStaplingFile",
     .contexts = kHosts,
     .argument = Argument::kPath,
     .may_repeat = true,
     .description = "OCSP responses in the order of SSLCertificateFile, as `openssl ocsp -respout` "
                    "writes them"},
    {.name = "SSLVerifyClient",
     .contexts = kHosts,
     .argument = Argument::kChoice,
     .default_text = "none",
     .choices = "none|optional|require",
     .description = "Whether clients show a certificate signed by one of SSLCACertificateFile"},
    {.name = "SSLVerifyDepth",
     .contexts = kHosts,
     .argument = Argument::kInteger,
     .default_text = "1",
     .minimum = "0",
     .maximum = "10",
     .description = "Certificates between a client's and one of SSLCACertificateFile"},
    {.name = "SSLCACertificateFile",
     .contexts = kHosts,
     .argument = Argument::kPath,
     .description = "The authorities that sign clients' certificates, PEM"},
    {.name = "Protocols",
     .contexts = kHosts,
     .argument = Argument::kWords,
     .default_text = "http/1.1",
     .words_max = 3,
     .description = "What clients may speak, best first: http/1.1, h2 (HTTP/2 inside TLS), h2c "
                    "(HTTP/2 without TLS, by clients that know)"},

    // With members, and how they are reached.
    {.name = "DNSRefreshInterval",
     .aliases = "WLDNSRefreshInterval",
     .contexts = kEverywhere,
     .argument = Argument::kDuration,
     .default_text = "1m",
     .minimum = "0s",
     .maximum = "1d",
     .description =
         "How often the host names of members are looked up again; 0: at the start only"},
    {.name = "BackendProtocol",
     .contexts = kEverywhere,
     .argument = Argument::kChoice,
     .default_text = "h1",
     .choices = "h1|h2|auto",
     .description = "What members speak: h1 (HTTP/1.1), h2 (HTTP/2, without TLS too), auto (HTTP/2 "
                    "where TLS agrees on it, else HTTP/1.1)"},
    {.name = "BackendProxyProtocol",
     .contexts = kEverywhere,
     .argument = Argument::kChoice,
     .default_text = "off",
     .choices = "off|v1|v2",
     .description = "Each connection to a member begins with the PROXY protocol's header, which "
                    "names the client; connections are not kept then"},
    {.name = "SecureProxy",
     .contexts = kEverywhere,
     .argument = Argument::kFlag,
     .default_text = "Off",
     .description = "TLS with members that are named without http:// or https://"},
    {.name = "SSLProxyEngine",
     .contexts = kEverywhere,
     .argument = Argument::kFlag,
     .default_text = "On",
     .description = "Off: no member may be named with https://"},
    {.name = "SSLProxyVerify",
     .contexts = kEverywhere,
     .argument = Argument::kChoice,
     .default_text = "require",
     .choices = "none|require",
     .description = "Whether a member must show a certificate that an authority has signed; none "
                    "lets anybody answer in its place"},
    {.name = "SSLProxyVerifyDepth",
     .contexts = kEverywhere,
     .argument = Argument::kInteger,
     .default_text = "3",
     .minimum = "0",
     .maximum = "10",
     .description = "Certificates between a member's and one of SSLProxyCACertificateFile"},
    {.name = "SSLProxyCACertificateFile",
     .aliases = "TrustedCAFile",
     .contexts = kEverywhere,
     .argument = Argument::kPath,
     .description = "The authorities that sign members' certificates, PEM; without it those that "
                    "the system trusts"},
    {.name = "SSLProxyCheckPeerName",
     .aliases = "RequireSSLHostMatch",
     .contexts = kEverywhere,
     .argument = Argument::kFlag,
     .default_text = "On",
     .description = "The certificate must be for the member's host name (or SSLProxyPeerName), or "
                    "for its IP address"},
    {.name = "SSLProxyCheckPeerExpire",
     .contexts = kEverywhere,
     .argument = Argument::kFlag,
     .default_text = "On",
     .description = "The certificate must not have expired"},
    {.name = "SSLProxyPeerName",
     .contexts = kEverywhere,
     .argument = Argument::kText,
     .description = "The name that members are asked for (SNI) and have in their certificates; "
                    "without it each one's own host name"},
    {.name = "SSLProxyMachineCertificateFile",
     .contexts = kEverywhere,
     .argument = Argument::kPath,
     .description = "The certificate that members see of the proxy, its chain and its key, PEM"},
    {.name = "SSLProxyProtocol",
     .aliases = "WebLogicSSLVersion",
     .contexts = kEverywhere,
     .argument = Argument::kWords,
     .default_text = "TLSv1.2 TLSv1.3",
     .words_max = 8,
     .description = "The versions offered to members, as in SSLProtocol"},
    {.name = "SSLProxyCipherSuite",
     .contexts = kEverywhere,
     .argument = Argument::kWords,
     .words_max = 2,
     .may_repeat = true,
     .description = "What is offered to members, as in SSLCipherSuite"},
};

}  // namespace

std::span<const DirectiveSpec> tls_rows() {
  return kRows;
}

}  // namespace understudy::conf
