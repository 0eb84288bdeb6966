// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/member_report.h"

#include <algorithm>
#include <optional>
#include <string>

namespace understudy {
namespace {

MemberStatus status_of(const routing::Member& member, TimePoint now) {
  return {.name = member.name,
          .address = member.address_text,
          .route = member.route,
          .mid = member.mid,
          .is_seed = member.is_seed,
          .liveness = member.liveness,
          .operator_state = member.operator_state,
          .order = member.order,
          .is_standby = member.is_standby,
          .checked = member.checked,
          .weight = member.weight,
          .share_percent = member.share / std::max<unsigned>(member.weight, 1),
          .busy = member.busy,
          .ejected_by_workers = member.outlier.is_ejected(now) ? 1U : 0U,
          .is_resolved = member.address.is_set(),
          .skipped_by_workers = member.back_off.is_blocked(now) ? 1U : 0U,
          .last_failure = member.back_off.last_failure(),
          .counters = member.counters};
}

CookieExplanation::Named explain_member(const routing::Member* member, std::optional<uint32_t> mid,
                                        TimePoint now) {
  CookieExplanation::Named out{.mid = mid};
  if (member == nullptr) return out;
  out.name = member->name;
  out.state = std::string(routing::to_text(member->liveness)) + ", " +
              std::string(routing::to_text(member->operator_state));
  if (member->sends_sessions_away()) out.state += " (move)";
  if (member->checked == routing::Checked::kFailing) out.state += ", fails its health check";
  if (member->outlier.is_ejected(now)) out.state += ", ejected";
  if (member->back_off.is_blocked(now)) {
    out.state +=
        ", skipped after " + std::string(routing::to_text(member->back_off.last_failure()));
  }
  return out;
}

}  // namespace

ClusterStatus status_of(const routing::Cluster& cluster, TimePoint now) {
  ClusterStatus out{.label = cluster.options().name, .is_dynamic = cluster.options().is_dynamic};
  if (const auto& view = cluster.views().view(); view != nullptr) {
    out.has_view = true;
    out.view_hash = view->hash;
    out.view_version = view->version;
    out.beat = view->beat;
  }
  for (const auto& member : cluster.table().members()) {
    out.members.push_back(status_of(*member, now));
  }
  return out;
}

CookieExplanation explain_cookie(const routing::Cluster& cluster, std::string_view value,
                                 TimePoint now) {
  const DecodedAffinity cookie = cluster.codec().decode(value);
  CookieExplanation out{.cluster = cluster.options().name, .refusal = cookie.refusal};
  if (cookie) {
    out.dialect = cookie.token.dialect;
    out.is_verified = cookie.token.verified;
    out.epoch = cookie.token.epoch;
    const AffinityToken& token = cookie.token;
    const routing::MemberTable& table = cluster.table();
    const routing::Member* const first = token.primary ? table.by_mid(*token.primary)
                                         : token.dialect == Dialect::kInsert
                                             ? table.by_tag(token.member_tag)
                                             : table.by_route(token.route);
    const routing::Member* const second =
        token.secondary ? table.by_mid(*token.secondary) : nullptr;
    out.primary = explain_member(first, token.primary, now);
    out.secondary = explain_member(second, token.secondary, now);
    out.route = token.route;
  }
  const routing::Choice choice = cluster.preview(cookie, now);
  if (choice) out.member = choice.member->name;
  out.decision = routing::ChoiceText(choice).view();
  return out;
}

}  // namespace understudy
