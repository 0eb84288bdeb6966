// SPDX-License-Identifier: Apache-2.0
// Which session a request names, and so whom its Exchange asks first: the cookie, else the path's
// parameter, else a field of a small form (the order of the WebLogic plug-in).
#include <algorithm>
#include <array>

#include "base/check.h"
#include "cookies/cookie_header.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/form_search.h"
#include "proxy/exchange/worker_cluster.h"
#include "proxy/http/char_class.h"

namespace understudy {
namespace {

using http::FieldId;

bool is_form(const http::FieldList& fields) {
  static constexpr std::string_view kForm = "application/x-www-form-urlencoded";
  std::string_view type = fields.value(FieldId::kContentType);
  type = type.substr(0, std::min(type.find_first_of("; \t"), type.size()));
  return http::equals_ignoring_case(type, kForm);
}

}  // namespace

// Lives until scratch is used for the next head.
std::optional<std::string_view> Exchange::session_value(const http::RequestHead& head) {
  if (head.fields.has(FieldId::kCookie)) {
    for (const http::Field& field : head.fields) {
      if (field.id != FieldId::kCookie) continue;
      if (auto value = find_cookie(field.value, cluster_->session_cookie())) return value;
    }
  }
  if (cluster_->session_parameter().empty()) return {};
  return find_path_parameter(head.target, cluster_->session_parameter(),
                             worker_.io.scratch.session);
}

void Exchange::begin_affinity(std::optional<std::string_view> session) {
  DecodedAffinity cookie;
  if (session) {
    cookie = cluster_->decode(*session);
    if (cookie) {
      account_.primary = cookie.token.primary;
      account_.secondary = cookie.token.secondary;
      if (cluster_->inserted() != nullptr) note_shown(cookie.token);
    }
  }
  attempt_ = cluster_->routing().begin(cookie);
  if (cluster_->speaks_native() || !location_->forwarding.request_id_header.empty()) {
    // One id for all tries: that is how a member knows a request it has executed already.
    do {
      account_.request_id = worker_.request_ids.next();
    } while (account_.request_id == 0);
  }
}

void Exchange::note_shown(const AffinityToken& token) {
  const routing::Member* member = cluster_->routing().table().by_tag(token.member_tag);
  account_.shown = {.serial = member == nullptr ? 0 : member->serial,
                    .tag = token.member_tag,
                    .issued_s = token.issued_s,
                    .seen_s = token.seen_s};
}

// ---- A session in the body.

// Whether the body is to be read before anybody is asked. Larger forms are not looked into, and
// when there is no room to hold one its request goes its way without: that costs stickiness, never
// the request.
bool Exchange::begin_gathering(const http::RequestHead& head) {
  const std::string& field = cluster_->session_form_field();
  if (field.empty() || !account_.has_body || head.method != http::Method::kPost) return false;
  const bool has_length = head.body.kind == http::Framing::kLength;
  if (has_length && head.body.length > kFormBytesMax) return false;
  if (!is_form(head.fields) || session_value(head)) return false;
  const size_t room = downstream_.hold_request_body(kFormBytesMax);
  if (room == 0 || (has_length && head.body.length > room)) {
    downstream_.let_go_request_body();
    return false;
  }
  // Of a chunked body what would not fit is not looked at; a whole one may fill the room.
  form_ = std::make_unique<FormSearch>(field, head.body.kind, has_length ? room + 1 : room);
  phase_ = Phase::kGathering;
  if (head.expect_continue) {
    const http::FieldMask nothing;
    downstream_.send_interim({.reason = "Continue", .status = 100},
                             {.dropped = nothing, .added = {}});
    account_.body_has_begun = true;
  }
  return true;
}

void Exchange::gather() {
  for (;;) {
    const BodyBytes body = downstream_.request_body();
    form_->feed(body.bytes);
    downstream_.consume_request_body(body.bytes.size());
    if (body.last) form_->finish();
    if (body.last || form_->is_over()) break;
    if (!body.bytes.empty()) continue;
    switch (downstream_.fetch_request_body()) {
      case Fetched::kSome:
        continue;
      case Fetched::kNone:
        return;
      case Fetched::kBroken:
        return on_request_broken();
    }
  }
  downstream_.rewind_request_body();
  downstream_.let_go_request_body();
  const std::unique_ptr<FormSearch> found = std::move(form_);
  phase_ = Phase::kChoosing;
  const http::RequestHead& head = downstream_.request_head();
  begin_affinity(found->value());
  choose(head);
}

}  // namespace understudy
