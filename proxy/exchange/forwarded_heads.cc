// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/forwarded_heads.h"

#include <algorithm>
#include <array>

#include "base/tls_stream.h"
#include "cookies/contract.h"
#include "proxy/apache/passage.h"
#include "proxy/config/virtual_host.h"
#include "proxy/exchange/contract_lines.h"
#include "proxy/exchange/redirects.h"
#include "proxy/exchange/reversed_cookies.h"
#include "proxy/exchange/try.h"
#include "proxy/exchange/worker_cluster.h"
#include "proxy/http/char_class.h"
#include "proxy/http/forwarded.h"
#include "proxy/io/io_context.h"
#include "proxy/routing/path_rewrite.h"
#include "proxy/routing/request_path.h"

namespace understudy {
namespace {

class Facts final : public http::EditFacts {
 public:
  explicit Facts(const HeadFacts& facts)
      : duration_(facts.waited),
        tls_(facts.peer.tls),
        request_(facts.passage != nullptr && facts.passage->seen ? &*facts.passage->seen
                                                                 : nullptr) {}
  const apache::Request* request() const override { return request_; }
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
  const apache::Request* const request_;
};

bool has_early(const http::FieldEdits& edits) {
  return std::any_of(edits.begin(), edits.end(), [](const auto& edit) { return edit.early; });
}

using EditLists = std::array<const http::FieldEdits*, 2>;

// Of the host, of the location, and of the sections that Apache's rules have found.
template <typename Visit>
void for_each_list(const EditLists& lists, const std::vector<const http::FieldEdits*>* more,
                   Visit visit) {
  for (const http::FieldEdits* edits : lists) visit(*edits);
  if (more == nullptr) return;
  for (const http::FieldEdits* edits : *more) visit(*edits);
}

const std::vector<const http::FieldEdits*>* request_lists(const HeadFacts& facts) {
  return facts.passage == nullptr ? nullptr : &facts.passage->request_edits;
}

const std::vector<const http::FieldEdits*>* response_lists(const HeadFacts& facts) {
  return facts.passage == nullptr ? nullptr : &facts.passage->response_edits;
}

void edit_request(const HeadFacts& facts, const http::RequestHead& head, bool early) {
  const http::EditedHead edited{head.fields, facts.scratch.dropped, facts.scratch.lines};
  const Facts values(facts);
  for_each_list({&facts.host.edits.request, &facts.location->edits.request}, request_lists(facts),
                [&](const http::FieldEdits& edits) {
                  if (early && !has_early(edits)) return;
                  for (const http::FieldEdit& edit : edits) {
                    if (edit.early == early) http::apply_edit(edit, values, edited);
                  }
                });
}

// A trusted proxy's own, as long as it is one; of any other peer it is dropped, and ours is added.
// Whether it was kept.
bool add_request_id(const HeadFacts& facts, const http::RequestHead& head) {
  constexpr std::size_t kIdBytesMax = 128;
  const std::string& name = facts.location->forwarding.request_id_header;
  const bool is_believed = facts.host.trusted_hops && facts.client.peer_is_trusted;
  bool is_kept = false;
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const http::Field& field = head.fields[i];
    if (!http::equals_ignoring_case(field.name, name)) continue;
    const bool is_id = !field.value.empty() && field.value.size() <= kIdBytesMax &&
                       http::all(http::kToken, field.value);
    if (is_believed && is_id && !is_kept) {
      is_kept = true;
    } else {
      facts.scratch.dropped.set(i);
    }
  }
  if (is_kept) return true;
  const Hex64 id = format_hex64(facts.request_id);
  facts.scratch.lines.add_line(name, std::string_view(id.data(), id.size()));
  return false;
}

void count_forward(const http::RequestHead& head, HeadScratch& scratch) {
  const auto forwards = http::max_forwards(head);
  if (!forwards) return;
  scratch.dropped.set(forwards->field);
  scratch.lines.add_line("Max-Forwards", forwards->left - 1);
}

// That a try of it broke off says more than that its primary is not in the view, or that it has
// none; where the primary cannot be reached, that is what the next member has to know.
std::string_view failover_of(const RequestFor& to) {
  const std::string_view why = to.attempt.choice().failover();
  return to.has_broken_off && (why.empty() || why == kFailoverView) ? kFailoverReset : why;
}

void compose_request_lines(const HeadFacts& facts, const RequestFor& to,
                           const http::RequestHead& head) {
  HeadScratch& scratch = facts.scratch;
  scratch.lines.clear();
  scratch.dropped.clear();
  http::drop_from_request(head, {.keep_upgrade = to.upgrades, .keep_expect = to.keeps_expect},
                          scratch.dropped);
  if (head.method == http::Method::kOptions) count_forward(head, scratch);
  Address::HostText peer_room;
  const std::string_view peer = facts.peer.address.host(peer_room);
  const bool edits = !facts.host.edits.request.empty() || !facts.location->edits.request.empty() ||
                     facts.passage != nullptr;
  if (edits) edit_request(facts, head, true);
  const config::Forwarding& forwarding = facts.location->forwarding;
  http::forward_peer(
      head,
      {.x_forwarded = forwarding.x_forwarded,
       .forwarded = forwarding.forwarded,
       .trusted = facts.host.trusted_hops.get(),
       .client = &facts.client,
       .passes_claims = forwarding.passes_claims},
      {.address = peer, .local_port = facts.peer.local_port, .tls = facts.peer.tls != nullptr},
      scratch.dropped, scratch.lines);
  if (!forwarding.request_id_header.empty()) to.keeps_request_id = add_request_id(facts, head);
  if (edits) edit_request(facts, head, false);
  const bool is_believed = facts.host.trusted_hops && facts.client.peer_is_trusted;
  Address::HostText room;
  add_contract_lines(
      to.cluster,
      {.member = *to.attempt.member(),
       .client = facts.peer,
       .forwarding = forwarding,
       .peer_address = peer,
       .client_address = facts.client.address.is_set() ? facts.client.address.text(room) : peer,
       .is_tls = facts.is_tls,
       .believed = is_believed || !facts.host.trusted_hops ? &head.fields : nullptr,
       .request_id = facts.request_id,
       .answered = to.attempt.connections().answered(),
       .failover = failover_of(to),
       .waited = facts.waited},
      scratch.lines);
}

// nocanon: what the client wrote behind the location's path, and the query. Empty: all of it, or
// the path is not written so that the location's could be cut off.
std::string_view raw_target(const HeadFacts& facts, const http::RequestHead& head) {
  const config::PathRules& rules = facts.location->paths;
  std::string_view rest = head.path;
  if (!rest.starts_with(rules.trim)) return {};
  rest.remove_prefix(rules.trim.size());
  if (!rest.empty() && !rest.starts_with('/')) return {};
  if (rest.empty() && rules.prepend.empty()) rest = "/";
  // Dot segments that leave what the location stands for are resolved here.
  if (!rest.empty() && !routing::normalise_path(rest, facts.scratch.path)) return {};
  std::span<char> room = facts.scratch.target;
  const std::size_t size = rules.prepend.size() + rest.size() + head.query.size();
  if (size > room.size()) return {};
  auto end = std::copy(rules.prepend.begin(), rules.prepend.end(), room.begin());
  end = std::copy(rest.begin(), rest.end(), end);
  std::copy(head.query.begin(), head.query.end(), end);
  return {room.data(), size};
}

// As it was sent, or matched.
std::string_view settled_path(const HeadFacts& facts, const http::RequestHead& head) {
  const bool divide = facts.host.slash_escapes == config::SlashEscapes::kDecoded;
  const std::span<char> scratch = facts.scratch.path;
  if (facts.location->paths.as_sent) return routing::sound_path(head.path, scratch, divide);
  return routing::normalise_path(
             head.path, scratch,
             {.slash_escapes_divide = divide, .merges_slashes = facts.host.merges_slashes})
      .path;
}

// The path that was sent, or matched, as the location changes it, with the query behind it.
std::string_view forwarded_target(const HeadFacts& facts, const http::RequestHead& head) {
  if (head.path == "*") return {};
  HeadScratch& scratch = facts.scratch;
  const apache::Passage* passage = facts.passage;
  std::string_view path = passage != nullptr && !passage->uri.empty()
                              ? std::string_view(passage->uri)
                              : settled_path(facts, head);
  std::span<char> room = scratch.target;
  room = room.first(room.size() - http::kHeadBytesMax / 2);
  if (passage != nullptr && !passage->path.empty()) {
    path = std::string_view(passage->path).substr(0, room.size());
    std::copy(path.begin(), path.end(), room.begin());
  } else if (facts.location->paths.change_paths()) {
    path = routing::rewrite_path(facts.location->paths, path, room);
  } else {
    std::copy(path.begin(), path.end(), room.begin());
  }
  std::string query(head.query);
  if (passage != nullptr && passage->query) {
    query = passage->query->empty() ? std::string() : "?" + *passage->query;
  }
  const std::size_t end = path.size();
  query.resize(std::min(query.size(), scratch.target.size() - end));
  std::copy(query.begin(), query.end(), scratch.target.begin() + static_cast<std::ptrdiff_t>(end));
  return {scratch.target.data(), end + query.size()};
}

http::RequestOrigin origin_of(const HeadFacts& facts) {
  return {
      .peer = &facts.peer.address,
      .local = facts.peer.local.get(),
      .client = facts.client.address.is_set() ? &facts.client.address : nullptr,
      .tls = facts.peer.tls,
      .user = facts.passage != nullptr ? std::string_view(facts.passage->user) : std::string_view(),
      .is_tls = facts.is_tls};
}

// What JkEnvVar names: what the rules have set, or TLS says.
void add_attributes(const HeadFacts& facts,
                    std::vector<std::pair<std::string, std::string>>& attributes) {
  attributes.clear();
  for (const config::Location::Attribute& each : facts.location->attributes) {
    const std::string* const set =
        facts.passage != nullptr ? facts.passage->environment.find(each.name) : nullptr;
    std::string value = set != nullptr ? *set : std::string();
    const auto fact = find_tls_fact(each.name);
    if (value.empty() && fact) value = Facts(facts).tls(*fact);
    if (value.empty() && each.otherwise) value = *each.otherwise;
    if (!value.empty() || set != nullptr || each.otherwise)
      attributes.emplace_back(each.name, value);
  }
}

// `target`, or what the client sent where it is empty, behind the path of a member's URL; `target`
// may lie in `room`. Empty: there is no room.
std::string_view behind(std::string_view path, std::string_view target,
                        const http::RequestHead& head, std::span<char> room) {
  const std::string rest =
      target.empty() ? std::string(head.path) + std::string(head.query) : std::string(target);
  const std::size_t size = path.size() + rest.size();
  if (size > room.size()) return {};
  const auto end = std::copy(path.begin(), path.end(), room.begin());
  std::copy(rest.begin(), rest.end(), end);
  return {room.data(), size};
}

// RFC 9110 4.2.3: without the port that the scheme has anyway.
std::string_view host_of(const routing::Member& member, bool is_tls) {
  if (member.address.is_unix()) return "localhost";
  std::string_view host = member.address_text;
  const std::string_view port = is_tls ? ":443" : ":80";
  if (host.ends_with(port)) host.remove_suffix(port.size());
  return host;
}

}  // namespace

std::string_view member_target(const HeadFacts& facts, const http::RequestHead& head,
                               bool goes_as_is) {
  const bool is_rewritten = facts.passage != nullptr && facts.passage->changes_target();
  const bool changes = facts.location->paths.change_paths();
  const bool is_raw = facts.location->forwards_raw && !is_rewritten;
  if (is_raw && changes) {
    const std::string_view target = raw_target(facts, head);
    if (!target.empty()) return target;
  }
  const bool needs_another = changes || is_rewritten || (!goes_as_is && !is_raw);
  return needs_another ? forwarded_target(facts, head) : std::string_view();
}

bool compose_request(const HeadFacts& facts, const RequestFor& to, const http::RequestHead& head,
                     http::RequestRewrite& rewrite) {
  HeadScratch& scratch = facts.scratch;
  compose_request_lines(facts, to, head);
  if (const InsertedCookie* inserted = to.cluster.inserted()) {
    inserted->take_out(head.fields, scratch.dropped, scratch.lines);
  }
  if (!scratch.lines.ok()) return false;
  rewrite.added = scratch.lines.text();
  rewrite.add_upgrade = to.upgrades;
  rewrite.target = member_target(facts, head, to.sends_path_as_is);
  const routing::Member& member = *to.attempt.member();
  const bool is_special = to.cluster.has_special_members();
  if (is_special) {
    scratch.origin = origin_of(facts);
    if (!facts.location->attributes.empty()) {
      add_attributes(facts, scratch.attributes);
      scratch.origin.attributes = &scratch.attributes;
    }
    rewrite.origin = &scratch.origin;
    const config::MemberWay* const way = to.cluster.way_of(member);
    if (way != nullptr && !way->path.empty()) {
      rewrite.target = behind(way->path, rewrite.target, head, scratch.target);
      if (rewrite.target.empty()) return false;
    }
  }
  if (head.authority.empty() || !facts.location->preserves_host) {
    const std::string& own = facts.location->host;
    // In Apache AJP carries the client's own.
    const bool keeps = is_special && !head.authority.empty() && to.cluster.speaks_ajp(member);
    if (!own.empty()) {
      rewrite.host = own;
    } else if (!keeps) {
      rewrite.host = host_of(member, to.cluster.speaks_tls(member));
    }
  }
  return true;
}

// ---- The response's.

void compose_response(const HeadFacts& facts, const ResponseFor& to,
                      const http::ResponseHead& head) {
  HeadScratch& scratch = facts.scratch;
  scratch.lines.clear();
  scratch.dropped.clear();
  // An answer to HEAD may speak of chunks that do not follow.
  const bool speaks_of_chunks = head.fields.has(http::FieldId::kTransferEncoding);
  http::drop_from_response(
      head, {.keep_upgrade = to.upgrades, .keep_framing = to.takes_chunks || !speaks_of_chunks},
      scratch.dropped);
  if (!facts.location->reverse.empty()) {
    reverse_redirects(
        facts.location->reverse,
        {.scheme = facts.is_tls ? "https" : "http", .authority = to.authority, .member = to.member},
        head.fields, scratch.dropped, scratch.lines);
  }
  if (!facts.location->cookies.empty() && head.fields.has(http::FieldId::kSetCookie)) {
    reverse_cookies(facts.location->cookies, head.fields, scratch.dropped, scratch.lines);
  }
  if (facts.location->forwarding.session_flags &&
      head.fields.has(http::FieldId::kUnderstudySession)) {
    scratch.lines.add_line(kSessionHeader, head.fields.value(http::FieldId::kUnderstudySession));
  }
  if (to.given.tag != 0) {
    to.cluster.inserted()->add_to(head, to.given, to.cluster.routing().codec(), facts.is_tls,
                                  scratch.lines);
  }
  // Behind all lines of our own, which the operator may want otherwise.
  const http::EditedHead edited{head.fields, scratch.dropped, scratch.lines};
  for_each_list({&facts.host.edits.response, &facts.location->edits.response},
                response_lists(facts), [&](const http::FieldEdits& edits) {
                  if (edits.empty()) return;
                  const Facts values(facts);
                  for (const http::FieldEdit& edit : edits) http::apply_edit(edit, values, edited);
                });
}

void note_fields(const std::vector<std::string>& wanted, const http::FieldList& fields,
                 const HeadScratch& scratch, std::string& noted) {
  noted.clear();
  for (const std::string& name : wanted) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (scratch.dropped.test(i) || !http::equals_ignoring_case(fields[i].name, name)) continue;
      noted.append(name).append(": ").append(fields[i].value).append("\r\n");
      break;
    }
  }
  noted.append(scratch.lines.text());
}

std::string_view edit_page_lines(const HeadFacts& facts, std::string_view lines) {
  static const http::FieldEdits kNone;
  HeadScratch& scratch = facts.scratch;
  const http::FieldEdits& own = facts.location != nullptr ? facts.location->edits.response : kNone;
  const bool has_none =
      facts.host.edits.response.empty() && own.empty() && facts.passage == nullptr;
  if (has_none) return lines;
  scratch.lines.clear();
  scratch.dropped.clear();
  scratch.lines.append(lines);
  const http::FieldList nothing;
  const http::EditedHead edited{nothing, scratch.dropped, scratch.lines};
  const Facts values(facts);
  for_each_list({&facts.host.edits.response, &own}, response_lists(facts),
                [&](const http::FieldEdits& edits) {
                  for (const http::FieldEdit& edit : edits) {
                    if (edit.always) http::apply_edit(edit, values, edited);
                  }
                });
  return scratch.lines.ok() ? scratch.lines.text() : lines;
}

}  // namespace understudy
