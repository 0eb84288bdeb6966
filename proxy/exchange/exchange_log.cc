// SPDX-License-Identifier: Apache-2.0
// What the access log is told of an exchange when it is over.
#include <algorithm>

#include "proxy/exchange/access_record.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/worker_cluster.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/http/char_class.h"

namespace understudy {

namespace {

// A trusted proxy's request id, found again in the head's text: its views have died.
std::string_view kept_id(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find('\n'); at != head.npos; at = head.find('\n', at + 1)) {
    const std::string_view line = head.substr(at + 1, head.find('\r', at + 1) - at - 1);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (!http::equals_ignoring_case(line.substr(0, name.size()), name)) continue;
    const std::string_view value = line.substr(name.size() + 1);
    const std::size_t begin = std::min(value.find_first_not_of(" \t"), value.size());
    return value.substr(begin, value.find_last_not_of(" \t") + 1 - begin);
  }
  return {};
}

}  // namespace

void Exchange::log(bool aborted) const {
  const std::string_view head = downstream_.head_text();
  const std::string_view line = head.substr(0, head.find('\r'));
  const size_t after_method = std::min(line.find(' '), line.size());
  const size_t before_version = std::max(after_method, std::min(line.rfind(' '), line.size()));
  const routing::ChoiceText why(attempt_.last());
  const bool asked = static_cast<bool>(asked_);
  const ResponseTraits traits = downstream_.response_traits();
  Address::HostText room;
  const AccessRecord record{
      .client = *peer_,
      .remote_host = client_.address.is_set() ? client_.address.text(room) : std::string_view(),
      .head = head,
      .method = line.substr(0, after_method),
      .target = after_method < before_version
                    ? line.substr(after_method + 1, before_version - after_method - 1)
                    : std::string_view(),
      .version =
          before_version < line.size() ? line.substr(before_version + 1) : std::string_view(),
      .status = account_.status != 0 ? account_.status : kClientClosedRequest,
      .body_bytes_sent = account_.body_bytes_sent,
      .body_bytes_received = account_.body_bytes_received,
      .head_bytes_sent = traits.head_bytes,
      .keeps_alive = traits.keeps_alive,
      .earlier_requests = traits.earlier_requests,
      .response_fields = account_.status != 0 ? std::string_view(noted_) : std::string_view(),
      .duration = worker_.io.loop.now() - account_.started,
      .aborted = aborted,
      .member = asked ? std::string_view(asked_->name()) : std::string_view(),
      .primary = account_.primary,
      .secondary = account_.secondary,
      .why = asked ? why.view() : std::string_view(),
      .failure = account_.failure,
      .request_id = account_.request_id,
      .kept_request_id = account_.keeps_request_id
                             ? kept_id(head, location_->forwarding.request_id_header)
                             : std::string_view(),
      .hedge = account_.hedge,
      .tries = asked ? attempt_.tries() : 0};
  access_log_->write(record);
}

}  // namespace understudy
