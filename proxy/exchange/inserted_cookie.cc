// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/inserted_cookie.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "cookies/cookie_header.h"
#include "proxy/http/char_class.h"
#include "proxy/http/list.h"

namespace understudy {
namespace {

using http::FieldId;

// A cookie is given anew when an eighth of the time that it lives without being used has gone by:
// seldom enough that most responses stay cacheable, and an active client never falls out.
constexpr uint32_t kRefreshShare = 8;

uint32_t age(uint32_t then_s, uint32_t now_s) {
  return now_s > then_s ? now_s - then_s : 0;
}

uint32_t refresh_after(const config::InsertedCookie& options) {
  auto shortest = options.idle_max;
  if (const auto& max_age = options.attributes.max_age; max_age && max_age->count() > 0) {
    shortest = shortest.count() == 0 ? *max_age : std::min(shortest, *max_age);
  }
  if (shortest.count() == 0) return 0;
  return std::max(static_cast<uint32_t>(shortest.count()) / kRefreshShare, 1u);
}

bool is_kept_from_shared_caches(const http::FieldList& fields) {
  if (!fields.has(FieldId::kCacheControl)) return false;
  for (const http::Field& field : fields) {
    if (field.id != FieldId::kCacheControl) continue;
    http::ListReader directives(field.value);
    while (const auto directive = directives.next()) {
      if (http::equals_ignoring_case(*directive, "private") ||
          http::equals_ignoring_case(*directive, "no-store")) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

InsertedCookie::InsertedCookie(std::string name, const config::InsertedCookie& options)
    : name_(std::move(name)), options_(options), refresh_s_(refresh_after(options)) {}

AffinityRefusal InsertedCookie::judge(const AffinityToken& token, uint32_t now_s) const {
  const auto idle_max = static_cast<uint32_t>(options_.idle_max.count());
  const auto life_max = static_cast<uint32_t>(options_.life_max.count());
  if (idle_max == 0 && life_max == 0) return AffinityRefusal::kNone;
  const auto skew_max = static_cast<uint32_t>(kClockSkewMax.count());
  const bool is_of_tomorrow =
      age(now_s, token.seen_s) > skew_max || age(now_s, token.issued_s) > skew_max;
  const bool was_away = idle_max != 0 && age(token.seen_s, now_s) > idle_max;
  const bool is_old = life_max != 0 && age(token.issued_s, now_s) > life_max;
  return is_of_tomorrow || was_away || is_old ? AffinityRefusal::kExpired : AffinityRefusal::kNone;
}

bool InsertedCookie::is_due(uint32_t seen_s, uint32_t now_s) const {
  return refresh_s_ != 0 && age(seen_s, now_s) >= refresh_s_;
}

InsertedCookie::Given InsertedCookie::next(const Shown& shown, const routing::Member& served,
                                           uint32_t now_s) const {
  const Given fresh{.tag = served.tags[0], .issued_s = now_s, .seen_s = now_s};
  if (shown.serial != served.serial) return fresh;
  if (shown.tag == served.tags[0] && !is_due(shown.seen_s, now_s)) return {};
  return {.tag = served.tags[0], .issued_s = shown.issued_s, .seen_s = now_s};
}

void InsertedCookie::take_out(const http::FieldList& fields, http::FieldMask& dropped,
                              http::LineArena& lines) const {
  if (!fields.has(FieldId::kCookie)) return;
  for (size_t i = 0; i < fields.size(); ++i) {
    const http::Field& field = fields[i];
    if (field.id != FieldId::kCookie || !find_cookie(field.value, name_)) continue;
    dropped.set(i);
    bool is_first = true;
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::string_view cookie = next_cookie(rest);
      if (cookie.empty() || is_cookie_called(cookie, name_)) continue;
      lines.append(is_first ? "Cookie: " : "; ", cookie);
      is_first = false;
    }
    if (!is_first) lines.append("\r\n");
  }
}

void InsertedCookie::add_to(const http::ResponseHead& head, const Given& given,
                            const AffinityCodec& codec, bool client_has_tls,
                            http::LineArena& lines) const {
  const auto value = codec.encode({.dialect = Dialect::kInsert,
                                   .member_tag = given.tag,
                                   .issued_s = given.issued_s,
                                   .seen_s = given.seen_s});
  CHECK(value, "the loader has seen to it that there are keys");
  const auto line = build_set_cookie(name_, *value, options_.attributes, client_has_tls);
  CHECK(line, "the loader has checked the attributes");
  lines.add_line("Set-Cookie", *line);
  // RFC 9111 does not keep Set-Cookie out of shared caches by itself: one client's cookie would
  // be that of all clients. Of contradicting directives the stricter one counts (RFC 9111 4.2.1).
  if (!is_kept_from_shared_caches(head.fields)) lines.add_line("Cache-Control", "private");
}

}  // namespace understudy
