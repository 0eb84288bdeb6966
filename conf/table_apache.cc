// SPDX-License-Identifier: Apache-2.0
// What an existing httpd.conf may contain besides the proxy's own directives. Ignored with a
// warning is only what changes nothing about which request reaches which member; what would make
// a difference to security or routing is refused, unless its argument asks for what happens anyway.
#include "conf/directive_table.h"

namespace understudy::conf {

namespace {

constexpr Contexts kAny = kEverywhere | kProxySection;
constexpr std::size_t kManyWords = 256;

constexpr DirectiveSpec ignored(std::string_view name, std::string_view why) {
  return {.name = name,
          .contexts = kAny,
          .argument = Argument::kWords,
          .words_min = 0,
          .words_max = kManyWords,
          .may_repeat = true,
          .status = Status::kIgnored,
          .description = why};
}

constexpr DirectiveSpec ignored_section(std::string_view name, std::string_view why) {
  DirectiveSpec spec = ignored(name, why);
  spec.is_section = true;
  return spec;
}

constexpr DirectiveSpec refused(std::string_view name, std::string_view why,
                                std::string_view harmless = {}) {
  DirectiveSpec spec = ignored(name, why);
  spec.status = Status::kRefused;
  spec.harmless = harmless;
  return spec;
}

constexpr DirectiveSpec refused_section(std::string_view name, std::string_view why) {
  DirectiveSpec spec = refused(name, why);
  spec.is_section = true;
  return spec;
}

constexpr std::string_view kNoModules = "there are no modules to load";
constexpr std::string_view kNoFiles = "this server serves no files";
constexpr std::string_view kProcess = "the process is set up by Workers and by its service manager";
constexpr std::string_view kIdentity = "it changes no answer of a proxy";
constexpr std::string_view kOwnLog = "use ErrorLog, LogLevel and CustomLog";
constexpr std::string_view kRaw = "the path and the query are forwarded as the client sent them";
constexpr std::string_view kNoScripts = "this server runs no scripts";
constexpr std::string_view kTickets = "session tickets need no memory of the server";
constexpr std::string_view kOcsp = "revoked certificates are known by SSLCARevocationFile only";
constexpr std::string_view kAccess =
    "write Require expr \"%{HTTPS} == 'on'\", with what else is asked for";

constexpr std::string_view kMcmp =
    "members do not register themselves by mod_cluster's protocol here; name them with "
    "BalancerMember in <Proxy \"balancer://NAME\">, or let them link the SDK and name one of them "
    "in BackendCluster";
constexpr std::string_view kNoMcmp =
    "it is about members that register themselves; see EnableMCPMReceive";
constexpr std::string_view kUsers = "users are in AuthUserFile, with AuthType Basic";
constexpr std::string_view kSessions = "the proxy keeps no session of its own in a cookie";
constexpr std::string_view kAcme =
    "get certificates by an ACME client and name them in "
    "SSLCertificateFile; a reload reads them again";
constexpr std::string_view kInspect =
    "requests are not searched for attacks; keep the program that does in front of the proxy";

constexpr DirectiveSpec kRows[] = {
    // Sections about files.
    ignored_section("Directory", kNoFiles),
    ignored_section("DirectoryMatch", kNoFiles),
    ignored_section("Files", kNoFiles),
    ignored_section("FilesMatch", kNoFiles),

    // The plug-in's.
    ignored("WLLogFile", kOwnLog),
    ignored("Debug", kOwnLog),
    ignored("QueryFromRequest", kRaw),
    ignored("WLForwardUriUnparsed", kRaw),
    ignored("WLSendHdrSeparately", "heads and bodies leave as they come"),
    ignored("WLFlushChunks", "heads and bodies leave as they come"),
    ignored("MaxProxyConnections", "use MaxConnectionsPerMember"),
    ignored("RoutingAlgorithm",
            "members get new clients in turn; LoadBalanceMethod says otherwise"),
    ignored("WeightUpdateInterval", "weights come with the list of members, at once"),
    ignored("WLProtocol", "members are spoken to in HTTP/1.1; BackendProtocol says otherwise"),
    ignored("EnforceBasicConstraints",
            "a certificate signs others only where its own basic constraints say that it may"),
    ignored("SSLHostMatchOID",
            "names are looked for in subjectAltName and, only without one, in CN"),
    refused("WLSSLWallet",
            "a wallet is not read; export its authorities with `openssl pkcs12 -in ewallet.p12 "
            "-nokeys -out ca.pem` and write TrustedCAFile ca.pem"),
    refused("SSLWallet",
            "a wallet is not read; export its certificate and key with `openssl pkcs12 -in "
            "ewallet.p12 -nodes -out server.pem` and write SSLCertificateFile server.pem"),

    // The process.
    ignored("LoadModule", kNoModules),
    ignored("AddModule", kNoModules),
    ignored("ClearModuleList", kNoModules),
    ignored("PidFile", kProcess),
    ignored("User", kProcess),
    ignored("Group", kProcess),
    ignored("Mutex", kProcess),
    ignored("StartServers", kProcess),
    ignored("ServerLimit", kProcess),
    ignored("ThreadLimit", kProcess),
    ignored("ThreadsPerChild", kProcess),
    ignored("MinSpareServers", kProcess),
    ignored("MaxSpareServers", kProcess),
    ignored("MinSpareThreads", kProcess),
    ignored("MaxSpareThreads", kProcess),
    ignored("MaxClients", kProcess),
    ignored("MaxRequestWorkers", kProcess),
    ignored("MaxRequestsPerChild", kProcess),
    ignored("MaxConnectionsPerChild", kProcess),
    ignored("ScoreBoardFile", kProcess),

    // Identity and presentation.
    ignored("NameVirtualHost", "virtual hosts are always told apart by name"),
    ignored("ServerAdmin", kIdentity),
    ignored("ServerTokens", kIdentity),
    ignored("ServerSignature", kIdentity),
    ignored("UseCanonicalName", kIdentity),
    ignored("HostnameLookups", kIdentity),
    ignored("EnableMMAP", kIdentity),
    ignored("EnableSendfile", kIdentity),
    ignored("TraceEnable", "TRACE is never forwarded"),
    ignored("DirectoryIndex", kNoFiles),
    ignored("Options", kNoFiles),
    ignored("AllowOverride", kNoFiles),
    ignored("AccessFileName", kNoFiles),
    ignored("TypesConfig", kNoFiles),
    ignored("DefaultType", kNoFiles),
    ignored("MIMEMagicFile", kNoFiles),
    ignored("AddType", kNoFiles),
    ignored("AddLanguage", kNoFiles),
    ignored("AddCharset", kNoFiles),
    ignored("AddDefaultCharset", kNoFiles),
    ignored("AddHandler", kNoFiles),
    ignored("ScriptAlias", kNoScripts),
    ignored("ScriptAliasMatch", kNoScripts),
    ignored("IndexOptions", kNoFiles),
    ignored("AddIcon", kNoFiles),

    // TLS.
    ignored("SSLSessionCache", kTickets),
    ignored("SSLSessionCacheTimeout", kTickets),
    ignored("SSLSessionTicketKeyFile", "the keys of tickets are made and rotated in memory"),
    ignored("SSLStaplingCache", "an OCSP response comes from SSLStaplingFile"),
    ignored("SSLRandomSeed", "the kernel's randomness is used"),
    ignored("SSLPassPhraseDialog", "a private key has to be stored without a passphrase"),
    ignored("SSLOptions", "it is about scripts and files"),

    // Proxying.
    refused("ProxyRequests", "this is no forward proxy", "Off"),
    ignored("JkMountFileReload", "a reload reads every file anew"),
    ignored("JkWatchdogInterval", "HealthCheck says how often members are asked"),
    ignored("JkExtractSSL", "members are always told of the client's TLS"),
    ignored("JkHTTPSIndicator", "members are always told of the client's TLS"),
    ignored("JkCERTSIndicator", "members are always told of the client's TLS"),
    ignored("JkCIPHERIndicator", "members are always told of the client's TLS"),
    ignored("JkSESSIONIndicator", "members are always told of the client's TLS"),
    ignored("JkKEYSIZEIndicator", "members are always told of the client's TLS"),
    refused("ProxyRemote", "members are asked directly; name the other proxy in ProxyPass"),
    refused("ProxyRemoteMatch", "members are asked directly; name the other proxy in ProxyPass"),
    refused("ProxyPassInterpolateEnv", "targets have no variables; use RewriteRule with [P]",
            "Off"),
    refused("ProxyPassInherit", "hosts have the ProxyPass lines that stand outside of them", "On"),
    refused("BalancerInherit", "hosts know the balancers that stand outside of them", "On"),
    refused("ProxyExpressEnable", "no database is asked where a request goes", "Off"),
    refused("RemoteIPInternalProxyList", "write the addresses into RemoteIPInternalProxy"),
    refused("RemoteIPTrustedProxyList", "write the addresses into RemoteIPTrustedProxy"),
    refused("RemoteIPProxiesHeader", "members are told of other proxies in X-Forwarded-For"),
    ignored("EnableWsTunnel", "WebSockets need no module here"),
    ignored("WSUpgradeHeader", "WebSockets need no module here"),
    refused("EnableMCPMReceive", kMcmp),
    ignored("ManagerBalancerName", kNoMcmp),
    ignored("MemManagerFile", kNoMcmp),
    ignored("ServerAdvertise", kNoMcmp),
    ignored("AdvertiseFrequency", kNoMcmp),
    ignored("AdvertiseGroup", kNoMcmp),
    ignored("AdvertiseSecurityKey", kNoMcmp),
    ignored("AdvertiseManagerUrl", kNoMcmp),
    ignored("AdvertiseBindAddress", kNoMcmp),
    ignored("AllowDisplay", kNoMcmp),
    ignored("AllowCmd", kNoMcmp),
    ignored("CheckNonce", kNoMcmp),
    ignored("CreateBalancers", kNoMcmp),
    ignored("UseAlias", kNoMcmp),
    ignored("LBstatusRecalTime", kNoMcmp),
    ignored("WaitBeforeRemove", kNoMcmp),
    ignored("ProxyPassMatchContext", kNoMcmp),
    ignored("EnableOptions", kNoMcmp),
    ignored("ReduceDisplay", kNoMcmp),
    ignored("PersistSlots", kNoMcmp),
    ignored("Maxcontext", kNoMcmp),
    ignored("Maxnode", kNoMcmp),
    ignored("Maxhost", kNoMcmp),
    ignored("Maxsessionid", kNoMcmp),
    ignored("MaxMCMPMaxMessSize", kNoMcmp),
    ignored("MaxMCMPConnections", kNoMcmp),
    refused("JkAutoAlias", kNoFiles),
    refused("JkStripSession", "sessions in paths go to the members"),

    // What ignoring would make unsafe or wrong.
    refused("SSLProxyCACertificatePath", "write all of them into SSLProxyCACertificateFile"),
    refused("SSLProxyMachineCertificatePath", "use SSLProxyMachineCertificateFile"),
    refused("SSLProxyMachineCertificateChainFile",
            "the chain stands in SSLProxyMachineCertificateFile, behind the certificate"),
    refused("ProtocolsHonorOrder", "the order of Protocols always decides", "On"),
    refused("SSLCompression", "TLS is never compressed", "Off"),
    refused("SSLInsecureRenegotiation", "there is no renegotiation", "Off"),
    refused("SSLStrictSNIVHostCheck", "who names no known host gets the first one", "Off"),
    refused("SSLFIPS", "OpenSSL's own configuration decides", "Off"),
    refused("SSLOpenSSLConfCmd", "use SSLProtocol and SSLCipherSuite"),
    refused("SSLCACertificatePath", "use SSLCACertificateFile"),
    refused("SSLCADNRequestFile", "clients are shown the names in SSLCACertificateFile"),
    refused("SSLOCSPEnable", kOcsp, "Off"),
    refused("AuthLDAPURL", kUsers),
    refused("AuthLDAPBindDN", kUsers),
    refused("AuthLDAPBindPassword", kUsers),
    refused("AuthDigestProvider", kUsers),
    refused("AuthDigestDomain", kUsers),
    refused("AuthFormProvider", kUsers),
    refused("AuthBasicFake", kUsers),
    refused("AllowMethods", "write <LimitExcept METHOD ...> with Require all denied in it"),
    refused("Session", kSessions, "Off"),
    refused("SessionCookieName", kSessions),
    refused("MDomain", kAcme),
    refused("SecRuleEngine", kInspect, "Off"),
    refused("SecRule", kInspect),
    refused("SecAction", kInspect),
    refused("ModSecurity", kInspect, "Off"),
    refused("DOSPageCount", kInspect),
    refused("DOSSiteCount", kInspect),
    refused("SSLRequire", kAccess),
    refused("SSLRequireSSL", kAccess),
};

}  // namespace

std::span<const DirectiveSpec> apache_rows() {
  return kRows;
}

}  // namespace understudy::conf
