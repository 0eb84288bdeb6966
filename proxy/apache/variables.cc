// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/variables.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "base/tls_stream.h"
#include "proxy/http/char_class.h"

namespace understudy::apache {
namespace {

std::string text_of(const IpAddress& address) {
  Address::HostText room;
  return address.is_set() ? std::string(address.text(room)) : std::string();
}

std::string_view host_without_port(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

std::string tls_fact(std::string_view name, const Request& request) {
  const auto fact = find_tls_fact(name);
  const bool is_known = fact && request.tls != nullptr && request.tls->is_established();
  return is_known ? std::string(request.tls->peer().fact(*fact)) : std::string();
}

std::string field(std::string_view name, const Request& request) {
  return field_value(*request.fields, name);
}

using Reader = std::string (*)(const Request&);
struct Named {
  std::string_view name;
  Reader read;
};

// A part of the local time, or all of it, in strftime's words.
template <const char* const& kFormat>
std::string time_text(const Request& request) {
  const auto seconds = static_cast<std::time_t>(request.now_us / 1'000'000);
  std::tm local{};
  localtime_r(&seconds, &local);
  std::array<char, 32> room{};
  return {room.data(), std::strftime(room.data(), room.size(), kFormat, &local)};
}

constexpr const char* kYear = "%Y";
constexpr const char* kMonth = "%m";
constexpr const char* kDay = "%d";
constexpr const char* kHour = "%H";
constexpr const char* kMinute = "%M";
constexpr const char* kSecond = "%S";
constexpr const char* kWeekDay = "%w";
constexpr const char* kWhole = "%Y%m%d%H%M%S";

// As Apache with UseCanonicalName Off: what the client has asked for.
std::string server_name(const Request& r) {
  const std::string_view asked = host_without_port(r.authority);
  return std::string(asked.empty() ? r.local_name : asked);
}

std::string server_port(const Request& r) {
  const std::string_view host = host_without_port(r.authority);
  if (host.size() + 1 < r.authority.size()) return std::string(r.authority.substr(host.size() + 1));
  return r.is_tls ? "443" : "80";
}

std::string the_request(const Request& r) {
  return std::string(r.method) + " " + std::string(r.target) + " " + std::string(r.protocol);
}

std::string file_name(const Request& r) {
  return std::string(r.filename.empty() ? r.path : r.filename);
}

std::string nothing(const Request&) {
  return {};
}

constexpr Named kVariables[] = {
    {"API_VERSION", [](const Request&) -> std::string { return "20120211:0"; }},
    {"AUTH_TYPE", [](const Request& r) -> std::string { return r.user.empty() ? "" : "Basic"; }},
    {"CONN_REMOTE_ADDR", [](const Request& r) { return text_of(r.peer); }},
    {"CONTENT_TYPE", [](const Request& r) { return field("Content-Type", r); }},
    {"CONTEXT_DOCUMENT_ROOT", [](const Request& r) { return std::string(r.document_root); }},
    {"CONTEXT_PREFIX", nothing},
    {"DOCUMENT_ROOT", [](const Request& r) { return std::string(r.document_root); }},
    {"DOCUMENT_URI", [](const Request& r) { return std::string(r.path); }},
    {"HANDLER",
     [](const Request& r) -> std::string { return r.handler.empty() ? "" : "proxy-server"; }},
    {"HTTPS", [](const Request& r) -> std::string { return r.is_tls ? "on" : "off"; }},
    {"HTTP_ACCEPT", [](const Request& r) { return field("Accept", r); }},
    {"HTTP_COOKIE", [](const Request& r) { return field("Cookie", r); }},
    {"HTTP_FORWARDED", [](const Request& r) { return field("Forwarded", r); }},
    {"HTTP_HOST", [](const Request& r) { return std::string(r.authority); }},
    {"HTTP_PROXY_CONNECTION", [](const Request& r) { return field("Proxy-Connection", r); }},
    {"HTTP_REFERER", [](const Request& r) { return field("Referer", r); }},
    {"HTTP_USER_AGENT", [](const Request& r) { return field("User-Agent", r); }},
    {"IPV6",
     [](const Request& r) -> std::string {
       return r.peer.is_set() && !r.peer.is_v4() ? "on" : "off";
     }},
    {"IS_SUBREQ", [](const Request&) -> std::string { return "false"; }},
    {"PATH_INFO", nothing},
    {"QUERY_STRING", [](const Request& r) { return std::string(r.query); }},
    {"REMOTE_ADDR", [](const Request& r) { return text_of(r.client); }},
    {"REMOTE_HOST", [](const Request& r) { return text_of(r.client); }},
    {"REMOTE_IDENT", nothing},
    {"REMOTE_PORT", [](const Request& r) { return std::to_string(r.peer_port); }},
    {"REMOTE_USER", [](const Request& r) { return r.user; }},
    // Of a request that no file answers.
    {"REQUEST_FILENAME", file_name},
    {"REQUEST_METHOD", [](const Request& r) { return std::string(r.method); }},
    {"REQUEST_SCHEME", [](const Request& r) -> std::string { return r.is_tls ? "https" : "http"; }},
    {"REQUEST_STATUS",
     [](const Request& r) { return r.status == 0 ? std::string() : std::to_string(r.status); }},
    {"REQUEST_URI", [](const Request& r) { return std::string(r.path); }},
    {"SCRIPT_FILENAME", file_name},
    {"SERVER_ADDR", [](const Request& r) { return text_of(r.local); }},
    {"SERVER_ADMIN", nothing},
    {"SERVER_NAME", server_name},
    {"SERVER_PORT", server_port},
    {"SERVER_PROTOCOL", [](const Request& r) { return std::string(r.protocol); }},
    {"SERVER_SOFTWARE", [](const Request&) -> std::string { return "Apache"; }},
    {"THE_REQUEST", the_request},
    {"TIME", time_text<kWhole>},
    {"TIME_DAY", time_text<kDay>},
    {"TIME_HOUR", time_text<kHour>},
    {"TIME_MIN", time_text<kMinute>},
    {"TIME_MON", time_text<kMonth>},
    {"TIME_SEC", time_text<kSecond>},
    {"TIME_WDAY", time_text<kWeekDay>},
    {"TIME_YEAR", time_text<kYear>},
};

const Named* find(std::string_view name) {
  const auto* found = std::find_if(
      std::begin(kVariables), std::end(kVariables),
      [name](const Named& known) { return http::equals_ignoring_case(known.name, name); });
  return found == std::end(kVariables) ? nullptr : found;
}

}  // namespace

bool is_variable(std::string_view name) {
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos) {
    return find(name) != nullptr || find_tls_fact(name).has_value();
  }
  const std::string_view kind = name.substr(0, colon);
  const std::string_view rest = name.substr(colon + 1);
  if (rest.empty()) return false;
  return kind == "HTTP" || kind == "ENV" || (kind == "SSL" && rest.starts_with("SSL_"));
}

std::string variable(std::string_view name, const Request& request) {
  if (name.starts_with("HTTP:")) return field(name.substr(5), request);
  if (name.starts_with("ENV:")) {
    const std::string* value = request.environment->find(name.substr(4));
    return value != nullptr ? *value : std::string();
  }
  if (name.starts_with("SSL:")) return tls_fact(name.substr(4), request);
  if (const Named* known = find(name)) return known->read(request);
  return tls_fact(name, request);
}

}  // namespace understudy::apache
