// SPDX-License-Identifier: Apache-2.0
// The operator's own answers to errors that the proxy itself makes: Apache's ErrorDocument and the
// plug-in's ErrorPage, read when the configuration is loaded. Values of the immutable Config; any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace understudy::config {

inline constexpr std::size_t kErrorPageBytesMax = std::size_t{32} * 1024;
inline constexpr std::size_t kErrorUrlBytesMax = 2048;

struct ErrorPage {
  std::string url;  // not empty: the client is sent there with 302, and the rest says nothing
  std::string content_type;
  std::string body;
};

struct ErrorPages {
  // By status. Null: the proxy's own page, whatever is said further out.
  std::map<std::uint16_t, std::shared_ptr<const ErrorPage>> by_status;
  // ErrorPage: for 502, 503 and 504 that have none above; null: none.
  std::shared_ptr<const ErrorPage> no_member;

  bool has_any() const { return !by_status.empty() || no_member != nullptr; }
};

// The page of the innermost one that says something; `location` may be null. Null: the proxy's own.
const ErrorPage* find_error_page(const ErrorPages* location, const ErrorPages& host,
                                 unsigned status);

}  // namespace understudy::config
