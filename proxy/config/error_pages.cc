// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/error_pages.h"

namespace understudy::config {

const ErrorPage* find_error_page(const ErrorPages* location, const ErrorPages& host,
                                 unsigned status) {
  for (const ErrorPages* pages : {location, &host}) {
    if (pages == nullptr || pages->by_status.empty()) continue;
    const auto found = pages->by_status.find(static_cast<std::uint16_t>(status));
    if (found != pages->by_status.end()) return found->second.get();
  }
  if (status < 502 || status > 504) return nullptr;
  if (location != nullptr && location->no_member != nullptr) return location->no_member.get();
  return host.no_member.get();
}

}  // namespace understudy::config
