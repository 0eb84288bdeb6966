// SPDX-License-Identifier: Apache-2.0
// The one place where something that went wrong becomes a status and a page. It knows nothing of
// connections: a Page goes to Downstream. Called by exchange/. Worker thread only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/config/error_pages.h"
#include "proxy/exchange/downstream.h"
#include "proxy/exchange/retry.h"

namespace understudy {

// 502, 503 or 504.
unsigned status_of(TryFailure failure);
// "Service Unavailable"; empty for a status that the proxy never answers with.
std::string_view reason_phrase(unsigned status);

struct Complaint {
  unsigned status = 500;
  // For the client: what happened and what to do. Never bytes from outside.
  std::string_view sentence = {};
  uint64_t request_id = 0;                  // 0: none
  bool close = false;                       // the connection cannot go on
  bool may_refresh = false;                 // a browser may ask by itself again: it was a GET
  const config::ErrorPage* page = nullptr;  // the operator's, in place of ours; null: ours
};

// A complete page: a small one in fixed room, or the operator's, or a 302 to where he has one. The
// Page's views live as long as this and as the operator's page.
class ErrorResponse final {
 public:
  explicit ErrorResponse(const Complaint& complaint);
  ErrorResponse(const ErrorResponse&) = delete;
  const Page& page() const { return page_; }

 private:
  void write_body(const Complaint& complaint, std::string_view reason);

  std::array<char, config::kErrorUrlBytesMax + 256> lines_;
  std::array<char, 2048> body_;
  Page page_;
};

}  // namespace understudy
