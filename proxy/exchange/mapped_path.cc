// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/mapped_path.h"

#include "proxy/exchange/routes.h"
#include "proxy/io/io_context.h"
#include "proxy/routing/path_rewrite.h"

namespace understudy {
namespace {

using config::SlashEscapes;
using routing::PathRefusal;

// "*" of OPTIONS and the authority of CONNECT, which have no path, stand for the whole server.
std::string_view path_to_match(const http::RequestHead& head) {
  const bool has_path = head.path != "*" && (head.target_form == http::TargetForm::kOrigin ||
                                             head.target_form == http::TargetForm::kAbsolute);
  return has_path ? head.path : std::string_view("/");
}

// Whether a member for which an escaped slash divides segments would be asked for something else.
bool depends_on_slash_escapes(const Site& site, const http::RequestHead& head,
                              const MappedPath& mapped, HeadScratch& scratch) {
  const auto other =
      routing::normalise_path(path_to_match(head), scratch.target, {.slash_escapes_divide = true});
  if (!other || other.has_dot_segments) return true;
  const routing::Mapping::Match match = site.mapping->find(head.authority, other.path);
  if (match.location != mapped.match.location) return true;
  if (!match.location) return false;
  const config::Location& location = site.hosts[match.host]->locations[*match.location];
  return routing::is_excluded(location.excluded, other.path) !=
         routing::is_excluded(location.excluded, mapped.path.path);
}

// What is not normal as it came; most paths are.
void settle(const Site& site, const http::RequestHead& head, HeadScratch& scratch,
            MappedPath& mapped) {
  mapped.is_normal = false;
  const std::string_view given = path_to_match(head);
  const config::VirtualHost& host = *site.hosts[mapped.match.host];
  routing::PathReading reading{.merges_slashes = host.merges_slashes};
  if (mapped.path.has_slash_escape) {
    reading.slash_escapes_divide = host.slash_escapes == SlashEscapes::kDecoded;
    const bool is_refused = host.slash_escapes == SlashEscapes::kRefused ||
                            (host.slash_escapes == SlashEscapes::kKept &&
                             depends_on_slash_escapes(site, head, mapped, scratch));
    if (is_refused) mapped.path.refusal = PathRefusal::kEncodedSlash;
  }
  if (mapped.path && (reading.slash_escapes_divide || !reading.merges_slashes)) {
    mapped.path = routing::normalise_path(given, scratch.path, reading);
    if (mapped.path) mapped.match = site.mapping->find(head.authority, mapped.path.path);
  }
  mapped.may_go_as_it_is = mapped.path.is_sound && !reading.slash_escapes_divide;
}

}  // namespace

MappedPath map_path(const Site& site, const http::RequestHead& head, HeadScratch& scratch) {
  const std::string_view given = path_to_match(head);
  MappedPath mapped{.path = routing::normalise_path(given, scratch.path)};
  if (!mapped.path) return mapped;
  mapped.match = site.mapping->find(head.authority, mapped.path.path);
  if (mapped.path.path.data() != given.data()) settle(site, head, scratch, mapped);
  return mapped;
}

}  // namespace understudy
