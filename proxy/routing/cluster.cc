// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/cluster.h"

#include <algorithm>

#include "base/random.h"
#include "cookies/contract.h"
#include "proxy/routing/methods.h"

namespace understudy::routing {
namespace {

std::string_view signed_name(const ClusterOptions& options) {
  return options.cluster.empty() ? kDefaultClusterName : std::string_view(options.cluster);
}

AffinityCodec::Options codec_options(const ClusterOptions& options) {
  return {.dialect = options.dialect,
          .keyring = options.keyring,
          .cluster = std::string(signed_name(options))};
}

ViewKeeper::Options keeper_options(const ClusterOptions& options) {
  ViewKeeper::Options out{.is_dynamic = options.is_dynamic,
                          .believes_weblogic_lists = options.believes_weblogic_lists,
                          .weblogic_port = options.weblogic_port};
  if (options.keyring != nullptr) {
    out.codec = std::make_shared<const ViewCodec>(*options.keyring, signed_name(options));
  }
  return out;
}

}  // namespace

Cluster::Cluster(const ClusterOptions& options)
    : options_(options),
      codec_(codec_options(options_)),
      table_(options_.seeds, {.skip_time = options_.skip_time,
                              .members_max = options_.members_max,
                              .slow_start = options_.balancing.slow_start,
                              .ejection = options_.balancing.ejection,
                              .is_checked = options_.is_checked,
                              .tags = options_.dialect == Dialect::kInsert ? &codec_ : nullptr}),
      method_(make_method(options_.balancing.method,
                          options_.seed != 0 ? options_.seed : SystemRandom().next(),
                          options_.worker)),
      heeds_busy_(method_->heeds_busy()),
      choice_(table_, *method_, options_.ranks_routes),
      views_(keeper_options(options_)) {}

void Cluster::on_failure(Attempt& attempt, Member& member, Failure failure, TimePoint now) {
  choice_.on_failure(attempt, member, failure);
  table_.on_failure(member, failure, now);
}

void Cluster::vacate(std::uint64_t serial) {
  Member* const member = table_.by_serial(serial);
  if (member == nullptr) return;
  --member->busy;
  if (heeds_busy_) choice_.on_busy(*member);
}

ViewOutcome Cluster::outcome(ViewVerdict verdict, TimePoint now) {
  ViewOutcome out{.verdict = verdict};
  if (verdict == ViewVerdict::kNew) out.change = table_.apply(*views_.view(), now);
  return out;
}

ViewOutcome Cluster::on_view(const Member& from, std::string_view header, TimePoint now) {
  return outcome(views_.on_header({from, table_.members()}, header, now), now);
}

ViewOutcome Cluster::on_weblogic_view(const ViewKeeper::WeblogicView& view, TimePoint now) {
  return outcome(views_.on_weblogic(view, now), now);
}

ViewOutcome Cluster::on_shared_view(const ViewKeeper::Shared& shared, TimePoint now) {
  return outcome(views_.on_shared(shared, now), now);
}

Member* Cluster::whom_to_hear(TimePoint now) {
  if (views_.rivals().is_empty() || now < views_.rival_ask_due()) return nullptr;
  const auto members = table_.members();
  for (std::size_t step = 0; step < members.size(); ++step) {
    Member* const member = members[ask_turn_++ % members.size()].get();
    if (!views_.rivals().may_hold_to_ours(*member)) continue;
    views_.on_asked(now);
    return member;
  }
  return nullptr;
}

Member* Cluster::whom_to_ask(const Member& waiting_for, TimePoint since, TimePoint now) {
  if (now < views_.ask_due(since)) return nullptr;
  const auto& good = table_.rings(now).good;
  for (std::size_t step = 0; step < good.size(); ++step) {
    Member* const member = good[ask_turn_++ % good.size()];
    if (member == &waiting_for) continue;
    views_.on_asked(now);
    return member;
  }
  return nullptr;
}

}  // namespace understudy::routing
