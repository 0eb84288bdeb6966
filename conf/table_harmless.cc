// SPDX-License-Identifier: Apache-2.0
// Directives of Apache's httpd, and of Oracle's, that are accepted with a warning and do nothing:
// for each group one sentence why ignoring them changes nothing about which request reaches which
// member, nor for whom.
#include <array>

#include "conf/directive_table.h"

namespace understudy::conf {

namespace {

struct Group {
  std::string_view why;
  std::string_view names;  // separated by blanks
};

constexpr Group kGroups[] = {
    {"this server serves no files",
     "AcceptPathInfo AddAlt AddAltByEncoding AddAltByType AddDescription AddEncoding "
     "AddIconByEncoding AddIconByType AddInputFilter AddOutputFilter CacheNegotiatedDocs "
     "CGIDScriptTimeout CGIPassAuth ContentDigest DefaultIcon DefaultLanguage "
     "DirectoryCheckHandler DirectoryIndexRedirect DirectorySlash FallbackResource "
     "FileETag ForceLanguagePriority ForceType HeaderName IndexHeadInsert IndexIgnore "
     "IndexIgnoreReset IndexOrderDefault IndexStyleSheet LanguagePriority "
     "LimitXMLRequestBody ModMimeUsePathInfo MultiviewsMatch ReadmeName RemoveCharset "
     "RemoveEncoding RemoveHandler RemoveInputFilter RemoveLanguage RemoveOutputFilter "
     "RemoveType UserDir XBitHack"},
    {"no scripts run here",
     "Action Script ScriptLog ScriptLogBuffer ScriptLogLength ScriptSock php_admin_flag "
     "php_admin_value php_flag php_value PHPIniDir SSIEndTag SSIErrorMsg SSIStartTag "
     "SSITimeFormat SSIUndefinedEcho"},
    {"the process is set up by Workers and by its service manager",
     "SuexecUserGroup Suexec LoadFile ListenCoresBucketsRatio ListenTCPDeferAccept "
     "WatchdogInterval "
     "AcceptFilter AcceptMutex AsyncRequestWorkerFactor CoreDumpDirectory "
     "DefaultRuntimeDir EnableExceptionHook LockFile MaxMemFree RLimitCPU RLimitMEM "
     "RLimitNPROC ServerType ThreadStackSize GprofDir Win32DisableAcceptEx"},
    {"the kernel sizes the buffers of connections by their traffic",
     "ReceiveBufferSize SendBufferSize ProxyReceiveBufferSize"},
    {"the Admin address has /status and /metrics",
     "ExtendedStatus ProxyStatus SeeRequestTail BalancerPersist"},
    {"it changes no answer of a proxy",
     "UseCanonicalPhysicalPort AllowOverrideList AliasPreservePath QualifyRedirectURL "
     "RedirectRelative CheckSpelling CheckCaseOnly CheckBasenameMatch ModemStandard LogMessage "
     "VirtualDocumentRoot VirtualDocumentRootIP VirtualScriptAlias VirtualScriptAliasIP ServerPath "
     "IdentityCheck IdentityCheckTimeout "
     "MaxRangeOverlaps MaxRangeReversals MaxRanges LimitInternalRecursion "
     "RegisterHttpMethod"},
    {"requests are always read as strictly as the RFCs ask",
     "HttpProtocolOptions MergeTrailers StrictHostCheck ProxyBadHeader"},
    {"the error log and the access log have their own form and buffers",
     "ErrorLogFormat BufferedLogs LogIOTrackTTFB GlobalLog ForensicLog DumpIOInput "
     "DumpIOOutput RewriteLog RewriteLogLevel JkLogFile JkLogLevel JkLogStampFormat "
     "JkRequestLogFormat JkShmFile JkShmSize"},
    {"it is about forward proxies", "AllowCONNECT NoProxy ProxyBlock ProxyDomain ProxyMaxForwards"},
    {"members of this kind are not spoken to",
     "ProxyFCGIBackendType ProxyFCGISetEnvIf ProxyFtpDirCharset ProxyFtpEscapeWildcards "
     "ProxyFtpListOnWildcard ProxySCGIInternalRedirect ProxySCGISendfile"},
    {"the table of members grows by itself", "BalancerGrowth ProxyHCTPsize"},
    {"WebSockets need no module here",
     "ProxyWebsocketAsync ProxyWebsocketAsyncDelay ProxyWebsocketFallbackToProxyHttp"},
    {"bodies go to clients as members send them, compressed or not",
     "DeflateAlterETag DeflateBufferSize DeflateCompressionLevel DeflateFilterNote "
     "DeflateInflateLimitRequestBody DeflateInflateRatioBurst DeflateInflateRatioLimit "
     "DeflateMemLevel DeflateWindowSize BrotliAlterETag BrotliCompressionMaxInputBlock "
     "BrotliCompressionQuality BrotliCompressionWindow BrotliFilterNote "
     "AddOutputFilterByType SetOutputFilter SetInputFilter FilterChain FilterDeclare "
     "FilterProtocol FilterProvider FilterTrace"},
    {"members say themselves how long their answers may be kept; Header set Cache-Control changes "
     "that",
     "ExpiresActive ExpiresByType ExpiresDefault"},
    {"answers are not cached, so each comes from a member",
     "CacheDefaultExpire CacheDetailHeader CacheDirLength CacheDirLevels CacheDisable "
     "CacheEnable CacheFile CacheHeader CacheIgnoreCacheControl CacheIgnoreHeaders "
     "CacheIgnoreNoLastMod CacheIgnoreQueryString CacheIgnoreURLSessionIdentifiers "
     "CacheKeyBaseURL CacheLastModifiedFactor CacheLock CacheLockMaxAge CacheLockPath "
     "CacheMaxExpire CacheMaxFileSize CacheMinExpire CacheMinFileSize CacheQuickHandler "
     "CacheReadSize CacheReadTime CacheRoot CacheSocache CacheStaleOnError "
     "CacheStoreExpired CacheStoreNoStore CacheStorePrivate MCacheSize MMapFile"},
    {"bodies are passed on as they are; links in pages are the member's own",
     "ProxyHTMLBufSize ProxyHTMLCharsetOut ProxyHTMLDocType ProxyHTMLEnable "
     "ProxyHTMLEvents ProxyHTMLExtended ProxyHTMLFixups ProxyHTMLInterp ProxyHTMLLinks "
     "ProxyHTMLMeta ProxyHTMLStripComments ProxyHTMLURLMap Substitute "
     "SubstituteInheritBefore SubstituteMaxLineLength xml2EncAlias xml2EncDefault "
     "xml2StartParse"},
    {"HTTP/2 has limits of its own; Protocols says who speaks it",
     "H2EarlyHint H2MaxHeaderBlockLen H2AltSvcMaxAge H2AltSvc H2CopyFiles H2Direct H2EarlyHints "
     "H2MaxDataFrameLen "
     "H2MaxSessionStreams H2MaxStreamErrors H2MaxWorkerIdleSeconds H2MaxWorkers "
     "H2MinWorkers H2ModernTLSOnly H2OutputBuffering H2Padding H2ProxyRequests H2Push "
     "H2PushDiarySize H2PushPriority H2PushResource H2SerializeHeaders "
     "H2SessionExtraMemory H2StreamMaxMemSize H2StreamTimeout H2TLSCoolDownSecs "
     "H2TLSWarmUpSize H2Upgrade H2WebSockets H2WindowSize"},
    {"TLS needs no store, device or responder of its own here",
     "SSLLog SSLLogLevel SSLCryptoDevice SSLMutex SSLRenegBufferSize SSLOCSPDefaultResponder "
     "SSLOCSPNoverify "
     "SSLOCSPOverrideResponder SSLOCSPProxyURL SSLOCSPResponderCertificateFile "
     "SSLOCSPResponderTimeout SSLOCSPResponseMaxAge SSLOCSPResponseTimeSkew "
     "SSLOCSPUseRequestNonce SSLStaplingErrorCacheTimeout SSLStaplingFakeTryLater "
     "SSLStaplingForceURL SSLStaplingResponderTimeout SSLStaplingResponseMaxAge "
     "SSLStaplingResponseTimeSkew SSLStaplingReturnResponderErrors "
     "SSLStaplingStandardCacheTimeout"},
    {"Oracle's logs and audit have no counterpart; use ErrorLog and CustomLog",
     "OraLogMode OraLogDir OraLogSeverity OraLogRotationParams OraLogFilter OraAuditEnable "
     "OraAuditLogDir OraAuditConfFile OraLogCatalog OHSAuditEnable UseWebCacheIp"},
    {"users are not tracked",
     "CookieExpires CookieStyle CookieTracking CookieDomain CookieHTTPOnly CookieSecure "
     "CookieSameSite"},
};

constexpr std::size_t count_of_names() {
  std::size_t count = 0;
  for (const Group& group : kGroups) {
    ++count;
    for (const char c : group.names) count += c == ' ' ? 1 : 0;
  }
  return count;
}

constexpr DirectiveSpec harmless(std::string_view name, std::string_view why) {
  return {.name = name,
          .contexts = kEverywhere | kProxySection,
          .argument = Argument::kWords,
          .words_min = 0,
          .words_max = 256,
          .may_repeat = true,
          .status = Status::kIgnored,
          .description = why};
}

constexpr auto make_rows() {
  std::array<DirectiveSpec, count_of_names()> rows{};
  std::size_t next = 0;
  for (const Group& group : kGroups) {
    std::string_view rest = group.names;
    while (!rest.empty()) {
      const std::size_t end = rest.find(' ');
      rows[next++] = harmless(rest.substr(0, end), group.why);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }
  return rows;
}

constexpr auto kRows = make_rows();

}  // namespace

std::span<const DirectiveSpec> harmless_rows() {
  return kRows;
}

}  // namespace understudy::conf
