// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/error_response.h"

#include <fmt/format.h>

#include <ctime>
#include <string>

#include "base/clock.h"
#include "cookies/contract.h"

namespace understudy {
namespace {

// What a client that gets a 503 is asked to wait, in seconds; and how long a page that is looked at
// waits until it asks again by itself.
constexpr int kRetryAfterSeconds = 1;
constexpr int kRefreshSeconds = 5;

constexpr std::string_view kAllow = "Allow: GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS\r\n";

constexpr std::string_view kStyle =
    "<style>:root{color-scheme:light dark}"
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1.5rem}"
    "h1{font-size:1.4rem}small{opacity:.7}</style>";

// IMF-fixdate (RFC 9110 5.6.7), which no locale may change.
std::string http_date(int64_t wall_us) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = static_cast<std::time_t>(wall_us / 1'000'000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[utc.tm_wday], utc.tm_mday,
                     kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

template <size_t kSize, typename... Values>
std::string_view print(std::array<char, kSize>& room, fmt::format_string<Values...> format,
                       Values&&... values) {
  const auto result =
      fmt::format_to_n(room.data(), room.size(), format, std::forward<Values>(values)...);
  return {room.data(), static_cast<size_t>(result.out - room.data())};
}

}  // namespace

unsigned status_of(TryFailure failure) {
  switch (failure) {
    case TryFailure::kConnectRefused:
    case TryFailure::kConnectTimeout:
    case TryFailure::kConnectFailed:
    case TryFailure::kNoConnection:
    case TryFailure::kUnavailable:
      return 503;
    case TryFailure::kTimeout:
      return 504;
    case TryFailure::kDropped:
    case TryFailure::kUnreachable:
    case TryFailure::kBadResponse:
    case TryFailure::kMemberGone:
    case TryFailure::kMisdirected:
      return 502;
  }
  return 502;
}

std::string_view reason_phrase(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 301:
      return "Moved Permanently";
    case 303:
      return "See Other";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 410:
      return "Gone";
    case 302:
      return "Found";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

ErrorResponse::ErrorResponse(const Complaint& complaint) {
  page_.close = complaint.close;
  if (complaint.page != nullptr && !complaint.page->url.empty()) {
    page_.status = 302;
    page_.reason = reason_phrase(302);
    page_.lines = print(lines_, "Date: {}\r\nLocation: {}\r\nCache-Control: no-store\r\n",
                        http_date(wall_clock_us()), complaint.page->url);
    return;
  }
  const std::string_view reason = reason_phrase(complaint.status);
  page_.status = complaint.status;
  page_.reason = reason;
  std::string_view content_type = "text/html; charset=utf-8";
  if (complaint.page != nullptr) {
    page_.body = complaint.page->body;
    content_type = complaint.page->content_type;
  } else {
    write_body(complaint, reason);
  }
  const std::string retry_after =
      complaint.status == 503 ? fmt::format("Retry-After: {}\r\n", kRetryAfterSeconds) : "";
  // RFC 9110 10.2.1: a 405 names the methods that are allowed; 9.3.7: so does an answer to OPTIONS.
  const bool has_allow = complaint.status == 405 || complaint.status == 200;
  page_.lines = print(lines_,
                      "Date: {}\r\nContent-Type: {}\r\n"
                      "Cache-Control: no-store\r\n{}{}",
                      http_date(wall_clock_us()), content_type, retry_after,
                      has_allow ? kAllow : std::string_view());
}

void ErrorResponse::write_body(const Complaint& complaint, std::string_view reason) {
  std::string id;
  if (complaint.request_id != 0) {
    const Hex64 hex = format_hex64(complaint.request_id);
    id =
        fmt::format("<p><small>Request {}</small></p>\n", std::string_view(hex.data(), hex.size()));
  }
  const std::string refresh =
      complaint.may_refresh && complaint.status == 503
          ? fmt::format("<meta http-equiv=\"refresh\" content=\"{}\">", kRefreshSeconds)
          : "";
  page_.body = print(body_,
                     "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                     "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">{4}"
                     "<title>{0} {1}</title>{5}</head>\n<body><main><h1>{0} {1}</h1>\n<p>{2}</p>\n"
                     "{3}</main></body></html>\n",
                     complaint.status, reason, complaint.sentence, id, refresh, kStyle);
}

}  // namespace understudy
