// SPDX-License-Identifier: Apache-2.0
// What an Exchange changes in the heads that it forwards. All of it is composed in the worker's
// scratch: a mask of the received lines that are dropped, and the lines that are added.
#include <algorithm>

#include "base/tls_stream.h"
#include "cookies/contract.h"
#include "proxy/exchange/contract_lines.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/redirects.h"
#include "proxy/exchange/reversed_cookies.h"
#include "proxy/exchange/worker_cluster.h"
#include "proxy/http/char_class.h"
#include "proxy/http/forwarded.h"
#include "proxy/routing/path_rewrite.h"
#include "proxy/routing/request_path.h"
#include "proxy/upstream/member_connections.h"

namespace understudy {
namespace {

class Facts final : public http::EditFacts {
 public:
  Facts(Duration duration, const TlsStream* tls) : duration_(duration), tls_(tls) {}
  int64_t received_us() const override { return wall_clock_us() - duration_us(); }
  int64_t duration_us() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(duration_).count();
  }
  std::string_view tls(TlsFact fact) const override {
    return tls_ != nullptr && tls_->is_established() ? tls_->peer().fact(fact) : std::string_view();
  }

 private:
  const Duration duration_;
  const TlsStream* const tls_;
};

bool has_early(const http::FieldEdits& edits) {
  return std::any_of(edits.begin(), edits.end(), [](const auto& edit) { return edit.early; });
}

}  // namespace

// ---- The request's.

void Exchange::compose_request_lines(const http::RequestHead& head, bool upgrades) {
  HeadScratch& scratch = worker_.io.scratch;
  scratch.lines.clear();
  scratch.dropped.clear();
  http::drop_from_request(head, {.keep_upgrade = upgrades, .keep_expect = !account_.body_has_begun},
                          scratch.dropped);
  const Client& client = downstream_.client();
  Address::HostText peer_room;
  const std::string_view peer = client.address.host(peer_room);
  const bool edits = !host_->edits.request.empty() || !location_->edits.request.empty();
  if (edits) edit_request(head, true);
  const config::Forwarding& forwarding = location_->forwarding;
  http::forward_peer(
      head,
      {.x_forwarded = forwarding.x_forwarded,
       .forwarded = forwarding.forwarded,
       .trusted = host_->trusted_hops.get(),
       .client = &client_},
      {.address = peer, .local_port = client.local_port, .tls = client.tls != nullptr},
      scratch.dropped, scratch.lines);
  if (!forwarding.request_id_header.empty()) add_request_id(head);
  if (edits) edit_request(head, false);
  const bool is_believed = host_->trusted_hops && client_.peer_is_trusted;
  Address::HostText room;
  add_contract_lines(
      *cluster_,
      {.member = *member_,
       .client = client,
       .forwarding = forwarding,
       .peer_address = peer,
       .client_address = client_.address.is_set() ? client_.address.text(room) : peer,
       .is_tls = account_.is_tls,
       .believed = is_believed ? &head.fields : nullptr,
       .request_id = account_.request_id,
       .answered = connections_->answered(),
       .failover = attempt_.last().failover(),
       .waited = worker_.io.loop.now() - account_.started},
      scratch.lines);
}

bool Exchange::compose_request(const http::RequestHead& head, bool upgrades,
                               http::RequestRewrite& rewrite) {
  HeadScratch& scratch = worker_.io.scratch;
  compose_request_lines(head, upgrades);
  if (const InsertedCookie* inserted = cluster_->inserted()) {
    inserted->take_out(head.fields, scratch.dropped, scratch.lines);
  }
  if (!scratch.lines.ok()) return false;
  rewrite.added = scratch.lines.text();
  rewrite.add_upgrade = upgrades;
  if (!account_.path_is_normal || location_->paths.change_paths()) {
    rewrite.target = forwarded_target(head);
  }
  if (head.authority.empty()) {
    rewrite.host = member_->address.is_unix() ? std::string_view("localhost")
                                              : std::string_view(member_->address_text);
  }
  return true;
}

void Exchange::meet_client(const http::RequestHead& head) {
  client_ = http::find_remote_client(*host_->trusted_hops, head.fields,
                                     IpAddress::of(downstream_.client().address));
  if (!client_.peer_is_trusted || !head.fields.has(http::FieldId::kXForwardedProto)) return;
  account_.is_tls =
      http::equals_ignoring_case(head.fields.value(http::FieldId::kXForwardedProto), "https");
}

// A trusted proxy's own, as long as it is one; nobody else's.
void Exchange::add_request_id(const http::RequestHead& head) {
  constexpr std::size_t kIdBytesMax = 128;
  const std::string& name = location_->forwarding.request_id_header;
  HeadScratch& scratch = worker_.io.scratch;
  const bool is_believed = host_->trusted_hops && client_.peer_is_trusted;
  account_.keeps_request_id = false;
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const http::Field& field = head.fields[i];
    if (!http::equals_ignoring_case(field.name, name)) continue;
    const bool is_id = !field.value.empty() && field.value.size() <= kIdBytesMax &&
                       http::all(http::kToken, field.value);
    if (is_believed && is_id && !account_.keeps_request_id) {
      account_.keeps_request_id = true;
    } else {
      scratch.dropped.set(i);
    }
  }
  if (account_.keeps_request_id) return;
  const Hex64 id = format_hex64(account_.request_id);
  scratch.lines.add_line(name, std::string_view(id.data(), id.size()));
}

void Exchange::edit_request(const http::RequestHead& head, bool early) {
  const http::EditedHead edited{head.fields, worker_.io.scratch.dropped, worker_.io.scratch.lines};
  const Facts facts(worker_.io.loop.now() - account_.started, downstream_.client().tls);
  for (const http::FieldEdits* edits : {&host_->edits.request, &location_->edits.request}) {
    if (early && !has_early(*edits)) continue;
    for (const http::FieldEdit& edit : *edits) {
      if (edit.early == early) http::apply_edit(edit, facts, edited);
    }
  }
}

// The path that was matched, as the location changes it, with the query behind it.
std::string_view Exchange::forwarded_target(const http::RequestHead& head) {
  if (head.target_form == http::TargetForm::kAsterisk) return {};
  HeadScratch& scratch = worker_.io.scratch;
  std::string_view path = routing::normalise_path(head.path, scratch.path).path;
  std::span<char> room = scratch.target;
  room = room.first(room.size() - http::kHeadBytesMax / 2);
  if (location_->paths.change_paths()) {
    path = routing::rewrite_path(location_->paths, path, room);
  } else {
    std::copy(path.begin(), path.end(), room.begin());
  }
  std::copy(head.query.begin(), head.query.end(), scratch.target.begin() + path.size());
  return {scratch.target.data(), path.size() + head.query.size()};
}

// ---- The response's.

void Exchange::compose_response_lines(const http::ResponseHead& head) {
  HeadScratch& scratch = worker_.io.scratch;
  scratch.lines.clear();
  scratch.dropped.clear();
  // An answer to HEAD may speak of chunks that do not follow.
  const bool speaks_of_chunks = head.fields.has(http::FieldId::kTransferEncoding);
  http::drop_from_response(head, {.keep_framing = downstream_.takes_chunks() || !speaks_of_chunks},
                           scratch.dropped);
  if (!location_->reverse.empty()) {
    reverse_redirects(location_->reverse,
                      {.scheme = account_.is_tls ? "https" : "http",
                       .authority = downstream_.request_head().authority,
                       .member = connections_->label()},
                      head.fields, scratch.dropped, scratch.lines);
  }
  if (!location_->cookies.empty() && head.fields.has(http::FieldId::kSetCookie)) {
    reverse_cookies(location_->cookies, head.fields, scratch.dropped, scratch.lines);
  }
  const http::EditedHead edited{head.fields, scratch.dropped, scratch.lines};
  for (const http::FieldEdits* edits : {&host_->edits.response, &location_->edits.response}) {
    if (edits->empty()) continue;
    const Facts facts(worker_.io.loop.now() - account_.started, downstream_.client().tls);
    for (const http::FieldEdit& edit : *edits) http::apply_edit(edit, facts, edited);
  }
  if (access_log_ != nullptr && !access_log_->response_fields().empty()) note_response(head.fields);
}

// As the client gets them: what was not dropped, and what was added.
void Exchange::note_response(const http::FieldList& fields) {
  const HeadScratch& scratch = worker_.io.scratch;
  noted_.clear();
  for (const std::string& wanted : access_log_->response_fields()) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (scratch.dropped.test(i) || !http::equals_ignoring_case(fields[i].name, wanted)) continue;
      noted_.append(wanted).append(": ").append(fields[i].value).append("\r\n");
      break;
    }
  }
  noted_.append(scratch.lines.text());
}

std::string_view Exchange::edited_page_lines(std::string_view lines) {
  static const http::FieldEdits kNone;
  HeadScratch& scratch = worker_.io.scratch;
  const http::FieldEdits& own = location_ != nullptr ? location_->edits.response : kNone;
  if (host_->edits.response.empty() && own.empty()) return lines;
  scratch.lines.clear();
  scratch.dropped.clear();
  scratch.lines.append(lines);
  const http::FieldList nothing;
  const http::EditedHead edited{nothing, scratch.dropped, scratch.lines};
  const Facts facts(worker_.io.loop.now() - account_.started, downstream_.client().tls);
  for (const http::FieldEdits* edits : {&host_->edits.response, &own}) {
    for (const http::FieldEdit& edit : *edits) {
      if (edit.always) http::apply_edit(edit, facts, edited);
    }
  }
  return scratch.lines.ok() ? scratch.lines.text() : lines;
}

}  // namespace understudy
